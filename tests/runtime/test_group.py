"""A group: one event for all, in each member's own order, and bytes that are joined once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from dualwire.abc import Transport
from dualwire.core.encoding import Batch, Frame
from dualwire.core.encoding.plain import PlainText
from dualwire.core.reading import Reader
from dualwire.engines.memory import MemoryEngine
from dualwire.runtime.audience import LocalPlayer
from dualwire.runtime.connection import Connection
from dualwire.runtime.group import Group
from dualwire.testing import FakeTransport, ManualClock
from dualwire.types import Identity

ENCODING = PlainText()


class Shared(FakeTransport):
    """Remembers the batches that it was given."""

    batches: list[Batch]

    @classmethod
    def write_all(cls, transports: Sequence[Transport], batch: Batch) -> Sequence[int]:
        for each in transports:
            assert isinstance(each, Shared)
            each.batches.append(batch)
            each.write(batch.frames)
        return [n for n, each in enumerate(transports) if each.buffered]


def member(group: Group | None = None) -> Connection:
    engine = MemoryEngine(ManualClock())
    player = LocalPlayer("ann", Reader("ann", engine.log, engine.rooms_of), ())
    connection = Connection(
        "c", player, "s", ENCODING, "websocket", Identity(player_id="ann"), now=0.0, wall=0.0
    )
    transport = Shared("websocket", ENCODING)
    transport.batches = []
    connection.connect(transport, lambda _: None, lambda *_: None)
    if group is not None:
        group.add(connection)
    return connection


def transport_of(connection: Connection) -> Shared:
    assert isinstance(connection.transport, Shared)
    return connection.transport


def frame(n: int) -> Frame:
    return Frame(n, str(n))


def read(connection: Connection) -> list[str]:
    return transport_of(connection).texts


class Flushed(list[Connection]):
    """Flushes, and remembers whom."""

    def __call__(self, connection: Connection) -> None:
        self.append(connection)
        connection.flush()


@pytest.fixture
def flush() -> Flushed:
    return Flushed()


def test_one_frame_goes_to_all_in_one_batch(flush: Flushed) -> None:
    group = Group()
    members = [member(group) for _ in range(3)]
    group.give(frame(1))
    group.give(frame(2))
    assert group.walk(10, 0.0, flush) == (3, 6)
    assert [read(each) for each in members] == [["1", "2"]] * 3
    assert len({id(b) for each in members for b in transport_of(each).batches}) == 1
    assert not flush
    assert (group.waiting, group.size) == (0, 0)
    assert not group._batches, "the joined bytes of a group at rest are nobody's"


def test_a_walk_goes_on_where_it_stopped_and_takes_along_what_came_meanwhile(
    flush: Flushed,
) -> None:
    group = Group()
    first, second = member(group), member(group)
    group.give(frame(1))
    assert group.walk(1, 0.0, flush) == (1, 1)
    group.give(frame(2))
    assert group.walk(1, 0.0, flush) == (1, 2)
    assert group.walk(1, 0.0, flush) == (0, 0)
    assert (read(first), read(second)) == (["1"], ["1", "2"])
    assert group.waiting == 1, "the first one is still owed the second frame"
    assert group.size == len("2")
    assert group.walk(9, 0.0, flush) == (2, 1)
    assert (read(first), read(second), group.waiting) == (["1", "2"], ["1", "2"], 0)


def test_what_is_said_to_one_stands_behind_what_its_group_owes_it(flush: Flushed) -> None:
    group = Group()
    one, other = member(group), member(group)
    group.give(frame(1))
    one.push(frame(2))
    group.give(frame(3))
    group.walk(9, 0.0, flush)
    assert (read(one), read(other)) == (["1", "2", "3"], ["1", "3"])
    assert flush == [one]


def test_two_groups_keep_the_order_of_what_they_were_given(flush: Flushed) -> None:
    hall, everybody = Group(), Group()
    here, away = member(hall), member(everybody)
    everybody.add(here)
    hall.give(frame(1))
    assert everybody.give(frame(2)) == [here]
    hall.give(frame(3))
    everybody.give(frame(4))
    everybody.walk(9, 0.0, flush)
    hall.walk(9, 0.0, flush)
    assert (read(here), read(away)) == (["1", "2", "3", "4"], ["2", "4"])


def test_what_moved_to_an_outbox_waits_for_no_other_groups_turn(flush: Flushed) -> None:
    hall, everybody = Group(), Group()
    here = member(hall)
    everybody.add(here)
    hall.give(frame(1))
    everybody.give(frame(2))
    hall.walk(9, 0.0, flush)
    assert read(here) == ["1", "2"]


def test_who_is_held_is_given_what_came_before_and_after(flush: Flushed) -> None:
    group = Group()
    one, other = member(group), member(group)
    group.give(frame(1))
    group.give(frame(2), [one])
    group.give(frame(3))
    group.walk(9, 0.0, flush)
    assert (read(one), read(other)) == (["1", "3"], ["1", "2", "3"])


def test_who_leaves_takes_along_what_it_is_owed_and_who_comes_is_owed_nothing(
    flush: Flushed,
) -> None:
    group = Group()
    leaver = member(group)
    group.give(frame(1))
    late = member(group)
    group.remove(leaver)
    group.remove(leaver)
    group.give(frame(2))
    leaver.push(frame(3))
    assert [each.data for each in leaver.outbox] == ["1", "3"]
    group.walk(9, 0.0, flush)
    assert read(late) == ["2"]
    assert leaver.owing is None, "or whoever left would keep all the others"


async def test_who_waits_for_a_frame_to_be_written_is_told(flush: Flushed) -> None:
    group = Group()
    connection = member(group)
    group.give(frame(1))
    written = asyncio.get_running_loop().create_future()
    connection.wait_written(1, written)
    assert not written.done()
    group.walk(9, 0.0, flush)
    assert written.result() is True


def test_what_is_owed_counts_as_waiting(flush: Flushed) -> None:
    group = Group()
    connection = member(group)
    group.give(frame(10))
    assert connection.waiting == len("10")
    group.walk(9, 0.0, flush)
    assert connection.waiting == 0


def test_what_is_owed_can_be_forgotten(flush: Flushed) -> None:
    group = Group()
    connection = member(group)
    group.give(frame(7))
    assert connection.drop_events() == 7
    group.walk(9, 0.0, flush)
    assert read(connection) == []


def test_one_that_does_not_take_all_is_looked_after(flush: Flushed) -> None:
    group = Group()
    slow, fast = member(group), member(group)
    transport_of(slow).stall()
    group.give(frame(1))
    group.walk(9, 0.0, flush)
    assert flush == [slow]
    assert read(fast) == ["1"]


def test_the_last_one_is_the_one_that_a_walk_comes_to_last() -> None:
    group = Group()
    assert group.last is None
    member(group)
    last = member(group)
    assert group.last is last

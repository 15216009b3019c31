"""A large room being flushed leaves the loop to others, and keeps pace with who publishes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from dualwire.clock import SystemClock
from dualwire.config import Config
from dualwire.core.encoding.plain import PlainText
from dualwire.engines.memory import MemoryEngine
from dualwire.runtime import flushing, housekeeping
from dualwire.runtime.admission import Opening
from dualwire.runtime.flushing import FLUSH_BATCH, FLUSH_MOST
from dualwire.runtime.node import Node
from dualwire.runtime.publishing import SLICE
from dualwire.testing import FakeTransport
from dualwire.types import GLOBAL, Event, Identity, player_stream, room_stream
from tests.live import until

CROWD = 1_000
EVENT = Event(payload=b'{"n":1}')


class Crowd:
    """Many players on one node, without sockets."""

    def __init__(self) -> None:
        self.node = Node(MemoryEngine(SystemClock()), SystemClock(), Config())
        self.transports: list[FakeTransport] = []

    async def gather(self) -> None:
        """Everybody comes."""
        encoding = PlainText()
        for number in range(CROWD):
            opening = Opening(
                player_id=f"player-{number}",
                connection_type="websocket",
                encoding=encoding,
                identity=Identity(player_id=f"player-{number}"),
            )
            connection = await self.node.admission.reserve(opening)
            transport = FakeTransport("websocket", encoding)
            self.transports.append(transport)
            await self.node.open(connection, transport)
        await self.node.wait_settled()

    @property
    def written(self) -> int:
        """How many players got something."""
        return sum(bool(each.texts) for each in self.transports)

    async def turns(self) -> list[int]:
        """How many more got something in each turn of the loop, until all did."""
        found, before = [], self.written
        while before < CROWD:
            await asyncio.sleep(0)
            found.append(self.written - before)
            before = self.written
        return found


@pytest.fixture
async def crowd() -> AsyncIterator[Crowd]:
    crowd = Crowd()
    await crowd.gather()
    yield crowd
    await crowd.node.stop()


async def test_the_loop_turns_often_while_a_large_room_is_flushed(crowd: Crowd) -> None:
    await crowd.node.publish(GLOBAL, EVENT)
    turns = await crowd.turns()
    assert max(turns) <= 2 * FLUSH_BATCH
    assert sum(turns) == CROWD


async def test_flushing_keeps_pace_with_many_publishers(
    crowd: Crowd, monkeypatch: pytest.MonkeyPatch
) -> None:
    # However slow the machine is.
    monkeypatch.setattr(flushing, "FLUSH_TIME", 60.0)
    for _ in range(10):
        # The node would let the loop turn in between, if the machine is slow.
        await crowd.node.engine.publish(GLOBAL, EVENT)
    await asyncio.sleep(0)
    assert 2 * FLUSH_BATCH < crowd.written <= FLUSH_MOST
    assert max(await crowd.turns()) <= FLUSH_BATCH


async def test_one_large_event_does_not_hold_the_loop(crowd: Crowd) -> None:
    large = Event(payload=b'"%b"' % (b"x" * Config().limits.outbox))
    await crowd.node.engine.publish(GLOBAL, large)
    assert crowd.written <= FLUSH_MOST
    assert max(await crowd.turns()) <= FLUSH_MOST


async def test_an_idle_connections_own_message_goes_before_a_large_room(crowd: Crowd) -> None:
    hall = room_stream("hall")
    for number in range(CROWD - 1):
        await crowd.node.engine.enter(f"player-{number}", "hall")
    await asyncio.sleep(0)
    await crowd.node.publish(hall, EVENT)
    last = crowd.transports[-1]
    assert not last.texts
    await crowd.node.publish(player_stream(f"player-{CROWD - 1}"), EVENT)
    await asyncio.sleep(0)
    assert last.texts
    assert crowd.written <= 3 * FLUSH_BATCH


async def test_a_publisher_that_never_yields_makes_nothing_grow_without_bound(
    crowd: Crowd,
) -> None:
    limits = Config().limits
    most, published = 0, limits.outbox_events + 50
    for _ in range(published):
        await crowd.node.engine.publish(GLOBAL, EVENT)
        some = next(iter(crowd.node.connections.values()))
        assert some.owing is not None
        most = max(most, some.owing.waiting)
    assert most <= limits.outbox_events + CROWD / FLUSH_MOST + 1
    await until(lambda: all(len(each.frames) == published for each in crowd.transports))
    assert not some.waiting


async def test_who_publishes_without_end_lets_the_loop_turn(crowd: Crowd) -> None:
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    began = asyncio.get_running_loop().time()
    published = 0
    while asyncio.get_running_loop().time() - began < 10 * SLICE:
        await crowd.node.publish(GLOBAL, EVENT)
        published += 1
    counting.cancel()
    assert turns >= 2
    assert published > turns


async def test_looking_after_a_crowd_leaves_the_loop_to_others(
    crowd: Crowd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "SLICE", -1.0)
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    await housekeeping.Housekeeping(crowd.node).turn()
    counting.cancel()
    assert turns >= CROWD // housekeeping.BATCH

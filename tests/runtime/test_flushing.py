"""When groups get their turns: all of them, soon, and none with more than should wait."""

from __future__ import annotations

from collections.abc import Callable

from dualwire.config import Config, Limits
from dualwire.core.encoding import Frame
from dualwire.runtime.audience import FEW
from dualwire.runtime.connection import Connection
from dualwire.runtime.flushing import FLUSH_BATCH, FLUSH_MOST, Flushing
from dualwire.runtime.group import Group
from dualwire.types import GLOBAL, Event

from .test_group import member, read
from .test_hub_machine import World, at_once

COALESCE = 0.005


def flush(connection: Connection) -> None:
    connection.flush()


class Loop:
    """Turns and timers, run by hand."""

    def __init__(self) -> None:
        self.now = 10.0
        self.turns: list[Callable[[], None]] = []
        self.timers: list[Callable[[], None]] = []
        self.flushing = Flushing(
            flush,
            lambda frames: None,
            self.turns.append,
            lambda _, callback: self.timers.append(callback),
            lambda: self.now,
            COALESCE,
        )

    def give(self, group: Group, n: int) -> None:
        group.give(Frame(n, str(n)))
        self.flushing.give(group, self.now)
        self.flushing.given()

    def turn(self) -> None:
        due, self.turns[:] = self.turns[:], []
        for callback in due:
            callback()

    def rest(self) -> None:
        """Until nothing more happens by itself."""
        for _ in range(1000):
            if self.turns:
                self.turn()
            elif self.timers:
                self.now += COALESCE
                self.timers.pop(0)()
            else:
                return
        raise AssertionError("never comes to rest")


def test_what_comes_in_the_middle_of_a_walk_is_written_to_those_that_had_their_turn() -> None:
    loop, group = Loop(), Group()
    members = [member(group) for _ in range(3 * FLUSH_BATCH)]
    loop.give(group, 1)
    loop.turn()
    assert not read(members[-1])
    loop.give(group, 2)
    loop.rest()
    assert all(read(each) == ["1", "2"] for each in members)
    assert not group.due
    assert not group.waiting


def test_what_comes_soon_after_a_walk_is_joined_and_waits_for_the_timer() -> None:
    loop, group = Loop(), Group()
    one = member(group)
    loop.give(group, 1)
    loop.turn()
    loop.now += COALESCE / 2
    loop.give(group, 2)
    loop.give(group, 3)
    assert not loop.turns
    assert len(loop.timers) == 1
    loop.rest()
    assert read(one) == ["1", "2", "3"]


def test_who_is_excluded_is_not_counted() -> None:
    world = World(Config())
    for number in range(FEW + 2):
        player = world.hub.player(f"player-{number}")
        at_once(world.engine.claim(player.id, None, f"session-{number}"))
        world.open(player.id, "websocket", player.reader.at_tail(), world.hub.n)
    event = Event(payload=b"1", exclude=frozenset({"player-0"}))
    at_once(world.engine.publish(GLOBAL, event))
    (entry,) = world.engine.log(GLOBAL).after(0)
    assert entry.accepted == FEW + 1


def test_groups_take_turns() -> None:
    loop, large, small = Loop(), Group(), Group()
    crowd, one = [member(large) for _ in range(20 * FLUSH_BATCH)], member(small)
    loop.give(large, 1)
    loop.give(small, 2)
    loop.turn()
    loop.turn()
    assert read(one) == ["2"]
    assert not read(crowd[-1])


def test_a_group_gets_half_of_a_turn_whoever_else_has_something_waiting() -> None:
    loop, group = Loop(), Group()
    crowd, many = [member(group) for _ in range(10)], [member() for _ in range(20 * FLUSH_BATCH)]
    for each in many:
        each.push(Frame(1, "1"))
        loop.flushing.mark(each)
    loop.give(group, 2)
    loop.turn()
    assert all(read(each) == ["2"] for each in crowd)
    assert sum(bool(read(each)) for each in many) >= FLUSH_BATCH


def test_what_many_are_owed_is_bounded_however_large_and_whoever_never_yields() -> None:
    limits = Limits()
    world = World(Config(limits=limits))
    for number in range(16 * FLUSH_MOST):
        player = world.hub.player(f"player-{number}")
        at_once(world.engine.claim(player.id, None, f"session-{number}"))
        world.open(player.id, "websocket", player.reader.at_tail(), world.hub.n)
    world.settle()
    event = Event(payload=b'"%b"' % (b"x" * (limits.outbox // 4)))
    most = 0
    for _ in range(30):
        at_once(world.engine.publish(GLOBAL, event))
        most = max(most, *(peer.connection.waiting for peer in world.peers))
    assert most <= 2 * limits.outbox
    world.settle()
    assert {len(peer.transport.frames) for peer in world.peers} == {30}

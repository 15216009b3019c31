"""``dualwire.v1`` on the hub against a model: every offset is accounted for, once, in its place.

One player wants a single type of event, the other all of them; some events exclude somebody.
Whatever happens in whatever order, a connection's frames leave no offset out and repeat none, the
events in them are those that its player is due, and what is skipped is told as ranges.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from dualwire.config import Config, HistoryPolicy, Limits
from dualwire.core.encoding.filtered import Filters
from dualwire.core.encoding.v1 import V1Text
from dualwire.core.lifecycle import State
from dualwire.runtime.audience import FEW
from dualwire.types import GLOBAL, ConnectionType, Event, player_stream, room_stream

from .test_hub_machine import (
    OPTIONS,
    OUTBOX,
    PLAYERS,
    Peer,
    World,
    as_it_was,
    at_once,
    counts,
    in_groups,
    kinds,
    picks,
    players,
    rooms,
)

__all__ = ["as_it_was"]

WANTS = {"eva": frozenset({"chat"}), "bob": frozenset[str]()}
FRAME = 150
"""Bytes of a frame in these tests, at the most."""

types = st.sampled_from(("chat", "tick"))


@dataclass
class Said:
    """An event as the model knows it."""

    stream: str
    offset: int
    number: int
    type: str
    exclude: frozenset[str]

    def is_for(self, player: str) -> bool:
        wanted = not WANTS[player] or self.type in WANTS[player]
        return wanted and player not in self.exclude


class Account:
    """What a strict reader of one connection's frames knows."""

    def __init__(self, peer: Peer) -> None:
        assert peer.connection.start is not None
        self.peer = peer
        self.read = 0
        self.next = {
            stream: at.offset + 1 for stream, at in peer.connection.start.positions.items()
        }
        self.told: dict[tuple[str, int], int | None] = {}
        """What was said of each offset: the event's number, or that it is skipped."""

    def catch_up(self) -> None:
        texts = self.peer.transport.texts
        for text in texts[self.read :]:
            self.take(json.loads(text))
        self.read = len(texts)

    def take(self, frame: dict[str, Any]) -> None:
        stream = frame["stream"]
        if frame["type"] == "skip":
            first, last = frame["from"], frame["to"]
            assert first == self.next[stream] <= last, (self.next, frame)
            self.told.update({(stream, offset): None for offset in range(first, last + 1)})
            self.next[stream] = last + 1
            return
        assert frame["offset"] == self.next[stream], (self.next, frame)
        self.next[stream] += 1
        if frame["type"] == "event":
            self.told[stream, frame["offset"]] = frame["event"]["n"]
        elif frame["type"] == "subscribed":
            self.next[frame["room"]] = frame["from"] + 1
        else:
            assert frame["type"] == "unsubscribed"
            assert self.next.pop(frame["room"]) == frame["until"] + 1, frame


class SkipsMachine(RuleBasedStateMachine):
    """Players with several connections each, on one hub."""

    few = FEW
    joins = False

    def __init__(self) -> None:
        super().__init__()
        in_groups(self.few)
        limits = Limits(outbox=OUTBOX, outbox_events=8)
        # History holds everything here: what is trimmed is another machine's matter.
        history = HistoryPolicy(player_events=10_000, player_bytes=10**7)
        self.world = World(Config(history=history, limits=limits), self.joins)
        filters, v1 = Filters(), V1Text()
        self.encodings = {player: filters.of(v1, types) for player, types in WANTS.items()}
        self.said: list[Said] = []
        self.accounts: list[Account] = []

    def publish(self, stream: str, kind: str, exclude: frozenset[str]) -> None:
        number = len(self.said)
        event = Event(payload=b'{"n":%d,"type":"%b"}' % (number, kind.encode()), exclude=exclude)
        position = at_once(self.world.engine.publish(stream, event)).position
        self.said.append(Said(stream, position.offset, number, kind, exclude))

    @rule(
        where=st.one_of(players.map(player_stream), rooms.map(room_stream), st.just(GLOBAL)),
        kind=types,
        exclude=st.frozensets(players, max_size=1),
        count=counts,
    )
    def say(self, where: str, kind: str, exclude: frozenset[str], count: int) -> None:
        for _ in range(count):
            self.publish(where, kind, exclude)

    @rule(player=players, room=rooms)
    def enter(self, player: str, room: str) -> None:
        at_once(self.world.engine.enter(player, room))

    @rule(player=players, room=rooms)
    def leave(self, player: str, room: str) -> None:
        at_once(self.world.engine.leave(player, room))

    def alive(self) -> list[Account]:
        return [each for each in self.accounts if each.peer.ended is None]

    @precondition(lambda self: len(self.alive()) < 5)
    @rule(player=players, kind=kinds, resume=st.booleans())
    def open(self, player: str, kind: ConnectionType, resume: bool) -> None:
        local = self.world.hub.player(player)
        place = local.reader.at_tail()
        if resume:
            # Like a client that saw the start of somebody's connection, and nothing since.
            earlier = [each.peer for each in self.accounts if each.peer.player == player]
            if earlier and earlier[0].connection.start is not None:
                place = local.reader.at_cursor(earlier[0].connection.start.positions)
        self.world.encoding = self.encodings[player]  # type: ignore[assignment]
        self.accounts.append(Account(self.world.open(player, kind, place, self.world.hub.n)))

    @rule(number=picks, what=st.sampled_from(("stall", "drain", "a little", "break", "ping")))
    def happen(self, number: int, what: str) -> None:
        alive = self.alive()
        if not alive:
            return
        peer = alive[number % len(alive)].peer
        if what == "stall":
            peer.transport.stall()
        elif what == "break":
            peer.transport.break_()
        elif what == "ping":
            self.world.hub.tell_skips(peer.connection)
        else:
            peer.transport.drain(None if what == "drain" else 2)

    @rule(number=picks, where=st.sampled_from((GLOBAL, *map(room_stream, ("hall", "yard")))))
    def fall_behind(self, number: int, where: str) -> None:
        """A connection skips something, and then gets more than it takes."""
        alive = self.alive()
        if not alive:
            return
        peer = alive[number % len(alive)].peer
        self.world.settle()
        peer.transport.stall()
        self.publish(where, "chat", frozenset({peer.player}))
        for _ in range(6):
            self.publish(player_stream(peer.player), "chat", frozenset())
            self.world.settle()

    @rule(number=picks)
    def skip_what_is_too_much(self, number: int) -> None:
        """What makes it too much for all is not for the one that takes nothing."""
        alive = self.alive()
        if not alive:
            return
        peer = alive[number % len(alive)].peer
        peer.transport.drain()
        self.world.settle()
        peer.transport.stall()
        size = 0
        while peer.connection.waiting + size <= OUTBOX:
            self.publish(GLOBAL, "chat", frozenset())
            self.world.settle()
            size = size or peer.connection.waiting
        self.publish(GLOBAL, "chat", frozenset())
        self.publish(GLOBAL, "chat", frozenset({peer.player}))

    @rule()
    def turn(self) -> None:
        self.world.turn()

    @rule()
    def come_to_rest(self) -> None:
        self.world.settle()

    @invariant()
    def frames_are_contiguous_and_right(self) -> None:
        by_place = {(each.stream, each.offset): each for each in self.said}
        for account in self.accounts:
            account.catch_up()
            player = account.peer.player
            for place, number in account.told.items():
                said = by_place.get(place)
                if said is not None:
                    assert number == (said.number if said.is_for(player) else None), (place, said)

    @invariant()
    def memory_is_bounded(self) -> None:
        for account in self.alive():
            assert account.peer.connection.waiting <= 2 * OUTBOX + 3 * FRAME

    def teardown(self) -> None:
        for account in self.alive():
            account.peer.transport.drain()
        self.world.settle()
        for account in self.alive():
            connection = account.peer.connection
            assert connection.state is State.LIVE
            # The next ping: everything is accounted for.
            self.world.hub.tell_skips(connection)
        self.world.settle()
        self.frames_are_contiguous_and_right()
        for account in self.alive():
            tails = self.world.hub.tails(account.peer.connection)
            assert account.next == {stream: at.offset + 1 for stream, at in tails.items()}


class SkipsInGroups(SkipsMachine):
    """Every audience is a group, of however few, and writes are joined."""

    few = 0
    joins = True


TestSkips = SkipsMachine.TestCase
TestSkips.settings = OPTIONS
TestSkipsInGroups = SkipsInGroups.TestCase
TestSkipsInGroups.settings = OPTIONS


def test_every_player_of_the_model_has_a_choice() -> None:
    assert set(WANTS) == set(PLAYERS)

"""The hub against a model: whatever happens in whatever order, each connection gets its due.

The real hub, memory engine and readers, driven one step at a time: loop turns are steps as well.
The model knows one rule: a player is due what is said in its own stream, globally, and in the rooms
that it is in at that moment, except what excludes it.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from dualwire.codes import DRAINING, OVERTAKEN, Code
from dualwire.config import Config, HistoryPolicy, Limits
from dualwire.core.encoding.plain import PlainText
from dualwire.core.lifecycle import State, Step
from dualwire.core.reading import Place
from dualwire.engines.memory import MemoryEngine
from dualwire.runtime import flushing
from dualwire.runtime.audience import FEW, Audience
from dualwire.runtime.connection import Connection
from dualwire.runtime.hub import Hub
from dualwire.runtime.stats import Stats
from dualwire.testing import FakeTransport, ManualClock
from dualwire.types import (
    GLOBAL,
    ConnectionType,
    Cursor,
    Event,
    Identity,
    player_stream,
    room_stream,
)

T = TypeVar("T")

SIZES = flushing.FLUSH_BATCH, flushing.FLUSH_MOST

PLAYERS = ("eva", "bob")
ROOMS = ("hall", "yard")
OUTBOX = 300
"""Bytes that wait for a live connection in these tests: half a dozen events."""
FRAME = 50
"""Bytes of an event in these tests."""
TURN = 0.001
"""Seconds of a turn of the loop: several pass while writes are joined."""

players = st.sampled_from(PLAYERS)
rooms = st.sampled_from(ROOMS)
kinds: st.SearchStrategy[ConnectionType] = st.sampled_from(("websocket", "sse"))
picks = st.integers(0, 20)
counts = st.integers(1, 9)


def at_once(work: Coroutine[Any, Any, T]) -> T:
    """Run what never waits, as everything in the memory engine."""
    try:
        work.send(None)
    except StopIteration as done:
        return done.value  # type: ignore[no-any-return]
    raise AssertionError("the memory engine waits for nothing")


def in_groups(few: int) -> None:
    """Let audiences of more than a few be groups, whose walks take several turns."""
    Audience.few = few
    flushing.FLUSH_BATCH, flushing.FLUSH_MOST = SIZES if few == FEW else (1, 2)


@pytest.fixture(scope="module", autouse=True)
def as_it_was() -> Iterator[None]:
    """Other tests find what :func:`in_groups` changed as it was."""
    yield
    in_groups(FEW)


@dataclass
class Said:
    """An event as the model knows it."""

    n: int
    text: str
    stream: str
    offset: int
    to: frozenset[str]


@dataclass(eq=False)
class Peer:
    """A connection as the model knows it."""

    connection: Connection
    transport: FakeTransport
    since: int
    """The node's number after which it is due everything."""
    opened_at: int
    lossy: bool
    """Whether history did not hold everything when it opened."""
    ended: Code | None = None
    stalled: bool = False

    @property
    def player(self) -> str:
        return self.connection.player.id


@dataclass
class World:
    """The hub with all that it needs, driven by hand."""

    config: Config
    joins: bool = False
    """Whether writes to who is busy are joined, and so wait for a timer."""
    now: float = 10.0
    turns: list[Callable[[], None]] = field(default_factory=list)
    timers: list[tuple[float, Callable[[], None]]] = field(default_factory=list)
    peers: list[Peer] = field(default_factory=list)
    log: list[tuple[Connection, str]] = field(default_factory=list)
    """What was written, by whichever connection, in that order."""

    def __post_init__(self) -> None:
        self.engine = MemoryEngine(ManualClock(), self.config.history)
        self.hub = Hub(
            self.engine,
            self.config,
            Stats(),
            self.turns.append,
            self.end,
            self.call_later if self.joins else None,
            lambda: self.now,
        )
        self.encoding = PlainText()
        at_once(self.engine.start(self.hub.deliver))
        for player in PLAYERS:
            at_once(self.engine.claim(player, None, f"session-{player}"))
            self.hub.player(player)

    def open(
        self, player_id: str, kind: ConnectionType, place: Place, since: int, closes: bool = False
    ) -> Peer:
        player = self.hub.player(player_id)
        connection = Connection(
            f"c{len(self.peers)}",
            player,
            self.engine.session_of(player_id) or "",
            self.encoding,
            kind,
            Identity(player_id=player_id),
            now=0.0,
            wall=0.0,
        )
        transport = FakeTransport(kind, self.encoding)
        peer = Peer(connection, transport, since, self.hub.n, bool(place.losses))
        self.peers.append(peer)
        player.connections[connection.id] = connection
        connection.connect(transport, self.hub.progress, lambda _, code: self.gone(peer, code))
        self.hub.open(connection, place)
        return peer

    def end(self, connection: Connection, code: Code, flush: bool) -> None:
        """What the node does to end a connection."""
        if connection.ended:
            return
        self.hub.remove(connection)
        connection.step(Step.CLOSE)
        assert connection.transport is not None
        if flush:
            connection.flush()
        else:
            connection.drop_events()
        connection.transport.close(code)

    def gone(self, peer: Peer, code: Code) -> None:
        """What the node does when a transport is gone."""
        peer.ended = code
        if not peer.connection.ended:
            self.hub.remove(peer.connection)
        peer.connection.step(Step.END)

    def call_later(self, delay: float, callback: Callable[[], None]) -> None:
        self.timers.append((self.now + delay, callback))

    @property
    def rests(self) -> bool:
        """Whether nothing more happens by itself."""
        return not self.turns and not self.timers

    def turn(self) -> None:
        """One turn of the loop, of a millisecond, or as long as it has to wait for a timer."""
        self.now += TURN
        if not self.turns and self.timers:
            self.now = max(self.now, min(at for at, _ in self.timers))
        due, self.turns[:] = self.turns[:], []
        due += [callback for at, callback in self.timers if at <= self.now]
        self.timers[:] = [timer for timer in self.timers if timer[0] > self.now]
        for callback in due:
            callback()

    def settle(self) -> None:
        for _ in range(1000):
            if self.rests:
                return
            self.turn()
        raise AssertionError("the hub never comes to rest")


class HubMachine(RuleBasedStateMachine):
    """What may happen, whatever twins do."""

    twins: Literal["all", "standby"] = "all"
    history = HistoryPolicy()
    few = FEW
    """Up to how many connections an audience has outboxes of their own, and no group."""
    joins = False

    def __init__(self) -> None:
        super().__init__()
        in_groups(self.few)
        limits = Limits(outbox=OUTBOX, outbox_events=8)
        config = Config(history=self.history, limits=limits, plain_twins=self.twins)
        self.world = World(config, self.joins)
        self.said: list[Said] = []
        self.inside: dict[str, set[str]] = {player: set() for player in PLAYERS}
        self.moments: dict[str, list[tuple[int, Cursor]]] = {player: [] for player in PLAYERS}

    @initialize(
        begin=st.lists(st.tuples(players, kinds), max_size=4), inside=st.sets(players), room=rooms
    )
    def begin(self, begin: list[tuple[str, ConnectionType]], inside: set[str], room: str) -> None:
        """Most worlds begin with somebody in it."""
        for player in sorted(inside):
            self.enter(player, room)
        for player, kind in begin:
            self.open_at_tail(player, kind)
        self.world.settle()

    # What the application does

    def publish(self, stream: str, to: set[str], exclude: set[str]) -> None:
        text = f'{{"n":{len(self.said):044}}}'
        event = Event(payload=text.encode(), exclude=frozenset(exclude))
        published = at_once(self.world.engine.publish(stream, event))
        offset = published.position.offset
        self.said.append(Said(self.world.hub.n, text, stream, offset, frozenset(to - exclude)))

    @rule(player=players, count=counts)
    def say_to_player(self, player: str, count: int) -> None:
        for _ in range(count):
            self.publish(player_stream(player), {player}, set())

    @rule(room=rooms, exclude=st.sets(players, max_size=1), count=counts)
    def say_to_room(self, room: str, exclude: set[str], count: int) -> None:
        stream = room_stream(room)
        to = {player for player in PLAYERS if stream in self.inside[player]}
        for _ in range(count):
            self.publish(stream, to, exclude)

    @rule(exclude=st.sets(players, max_size=1), count=counts)
    def say_to_all(self, exclude: set[str], count: int) -> None:
        for _ in range(count):
            self.publish(GLOBAL, set(PLAYERS), exclude)

    @rule(player=players, room=rooms)
    def enter(self, player: str, room: str) -> None:
        at_once(self.world.engine.enter(player, room))
        self.inside[player].add(room_stream(room))

    @rule(player=players, room=rooms)
    def leave(self, player: str, room: str) -> None:
        at_once(self.world.engine.leave(player, room))
        self.inside[player].discard(room_stream(room))

    @rule(player=players, old=rooms, new=rooms)
    def move(self, player: str, old: str, new: str) -> None:
        self.leave(player, old)
        self.enter(player, new)

    @rule(player=players)
    def log_in_elsewhere(self, player: str) -> None:
        """Another session takes over: what waits is written, then all connections end."""
        # Who still reads from the log is not flushed: what it was not given yet stays there.
        mine = [peer for peer in self.alive() if peer.player == player]
        live = [peer for peer in mine if peer.connection.state is State.LIVE and not peer.stalled]
        current = self.world.engine.session_of(player)
        at_once(self.world.engine.claim(player, f"{current}+", "unused-1"))
        assert all(peer.connection.ended for peer in mine)
        assert not self.world.hub.players[player].connections
        for peer in live:
            self.check_flushed(peer)

    def check_flushed(self, peer: Peer) -> None:
        """A live connection whose peer reads was written everything before its end."""

    # What peers and the network do

    def alive(self) -> list[Peer]:
        return [peer for peer in self.world.peers if peer.ended is None]

    def pick(self, number: int) -> Peer | None:
        alive = self.alive()
        return alive[number % len(alive)] if alive else None

    def may_open(self) -> bool:
        return len(self.alive()) < 5

    @precondition(may_open)
    @rule(player=players, kind=kinds)
    def open_at_tail(self, player: str, kind: ConnectionType) -> None:
        place = self.world.hub.player(player).reader.at_tail()
        self.world.open(player, kind, place, self.world.hub.n)

    @rule(number=picks)
    def stall(self, number: int) -> None:
        peer = self.pick(number)
        if peer is not None:
            peer.transport.stall()
            peer.stalled = True

    @rule(number=picks, frames=st.integers(1, 5))
    def drain_a_little(self, number: int, frames: int) -> None:
        peer = self.pick(number)
        if peer is not None and peer.stalled:
            peer.transport.drain(frames)

    @rule(number=picks)
    def drain(self, number: int) -> None:
        peer = self.pick(number)
        if peer is not None:
            peer.transport.drain()
            peer.stalled = False

    @rule(number=picks)
    def break_(self, number: int) -> None:
        peer = self.pick(number)
        if peer is not None:
            peer.transport.break_()

    @rule()
    def turn(self) -> None:
        self.world.turn()

    @rule()
    def come_to_rest(self) -> None:
        self.world.settle()

    # What must be true

    def due(self, peer: Peer) -> list[str]:
        return [each.text for each in self.said if each.n > peer.since and peer.player in each.to]

    @invariant()
    def memory_is_bounded(self) -> None:
        for peer in self.world.peers:
            if peer.ended is None:
                assert peer.connection.waiting <= 2 * OUTBOX + 2 * FRAME

    @invariant()
    def nothing_of_others_or_from_before(self) -> None:
        for peer in self.world.peers:
            allowed = {each.text for each in self.said if peer.player in each.to}
            assert allowed.issuperset(peer.transport.texts)


class AllCarry(HubMachine):
    """Every connection gets its player's events."""

    @rule(player=players)
    def remember(self, player: str) -> None:
        """A client notes what it has seen."""
        place = self.world.hub.player(player).reader.at_tail()
        self.moments[player].append((self.world.hub.n, place.positions))

    @precondition(HubMachine.may_open)
    @rule(player=players, kind=kinds, number=picks, by_number=st.booleans())
    def open_at_moment(
        self, player: str, kind: ConnectionType, number: int, by_number: bool
    ) -> None:
        moments = self.moments[player]
        if not moments:
            return
        n, cursor = moments[number % len(moments)]
        reader = self.world.hub.player(player).reader
        self.world.open(
            player, kind, reader.at_number(n) if by_number else reader.at_cursor(cursor), n
        )

    @rule(number=picks)
    def close(self, number: int) -> None:
        """The server ends a connection: what waits is written before."""
        peer = self.pick(number)
        if peer is not None:
            self.world.end(peer.connection, DRAINING, True)

    def check_flushed(self, peer: Peer) -> None:
        if not peer.lossy:
            assert peer.transport.texts == self.due(peer)

    @invariant()
    def each_has_the_beginning_of_its_due(self) -> None:
        for peer in self.world.peers:
            got, due = peer.transport.texts, self.due(peer)
            if peer.lossy:
                assert got == [text for text in due if text in set(got)], "order, nothing twice"
            else:
                assert got == due[: len(got)]
            if peer.ended is OVERTAKEN:
                assert self.history.room_events < 1000, "nothing was trimmed"

    @invariant()
    def at_rest_each_has_all(self) -> None:
        if not self.world.rests:
            return
        for peer in self.alive():
            if peer.stalled or peer.connection.ended:
                continue
            got, due = peer.transport.texts, self.due(peer)
            if peer.lossy:
                # What is kept of it, and all that came since.
                due = [e.text for e in self.said if e.n > peer.opened_at and peer.player in e.to]
                assert got[len(got) - len(due) :] == due
            else:
                assert got == due

    def teardown(self) -> None:
        for peer in self.alive():
            peer.transport.drain()
            peer.stalled = False
        self.world.settle()
        self.each_has_the_beginning_of_its_due()
        self.at_rest_each_has_all()


class InGroups(AllCarry):
    """Every audience is a group, of however few, and writes are joined."""

    few = 0
    joins = True


class InGroupsTrimmed(InGroups):
    """And history is so short that connections are overtaken; no write waits for another."""

    joins = False
    history = HistoryPolicy(room_events=15, player_events=10)


class AllCarryTrimmed(AllCarry):
    """History so short that connections are overtaken."""

    history = HistoryPolicy(room_events=15, player_events=10)


class StandBy(HubMachine):
    """One connection of a player carries, and the others stand by."""

    twins: Literal["all", "standby"] = "standby"

    def __init__(self) -> None:
        super().__init__()
        self.from_start: dict[str, int] = {}

    @invariant()
    def one_carries(self) -> None:
        for player in PLAYERS:
            local = self.world.hub.players[player]
            carrying = [each for each in local.connections.values() if each.carries]
            assert len(carrying) == min(1, len(local.connections))

    @rule(number=picks)
    def degrade(self, number: int) -> None:
        """Housekeeping finds that nothing moves."""
        peer = self.pick(number)
        if peer is not None and peer.stalled and peer.connection.waiting:
            peer.connection.verdict = "degraded"
            self.world.hub.twins.arrange(peer.connection.player)

    @rule(number=picks)
    def recover(self, number: int) -> None:
        """Housekeeping finds that it moves again."""
        peer = self.pick(number)
        if peer is not None and not peer.stalled and peer.connection.verdict != "healthy":
            peer.connection.verdict = "healthy"
            self.world.hub.twins.arrange(peer.connection.player)

    def check_flushed(self, peer: Peer) -> None:
        self.check_complete(peer.player, self.spans(peer.player))

    def spans(self, player: str) -> list[Peer]:
        """The connections of the player's current life: since it last had none."""
        return [peer for peer in self.world.peers if peer.player == player]

    @invariant()
    def nothing_is_written_twice(self) -> None:
        for player in PLAYERS:
            texts = [text for peer in self.spans(player) for text in peer.transport.texts]
            assert len(texts) == len(set(texts))

    @invariant()
    def at_rest_nothing_is_missing(self) -> None:
        if not self.world.rests:
            return
        for player in PLAYERS:
            local = self.world.hub.players[player]
            carrier = local.carrier
            if carrier is None:
                continue
            peers = self.spans(player)
            peer = next(peer for peer in peers if peer.connection is carrier)
            if peer.stalled:
                continue
            self.check_complete(player, peers)

    def check_complete(self, player: str, peers: list[Peer]) -> None:
        """Since the player last had no connection at all, every event was written by someone."""
        written = {text for peer in peers for text in peer.transport.texts}
        since = self.from_start.get(player, 0)
        due = [each.text for each in self.said if each.n > since and player in each.to]
        missing = [text for text in due if text not in written]
        # A standby may still be writing nothing: all that waits belongs to the carrier.
        assert not missing, missing

    @precondition(HubMachine.may_open)
    @rule(player=players, kind=kinds)
    def open_at_tail(self, player: str, kind: ConnectionType) -> None:
        if not self.world.hub.players[player].connections:
            self.from_start[player] = self.world.hub.n
        super().open_at_tail(player, kind)

    def teardown(self) -> None:
        for peer in self.alive():
            peer.transport.drain()
            peer.stalled = False
        self.world.settle()
        self.nothing_is_written_twice()
        self.at_rest_nothing_is_missing()


class StandByInGroups(StandBy):
    """And every audience is a group."""

    few = 1
    joins = True


OPTIONS = settings(
    max_examples=100,
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)

TestAllCarry = AllCarry.TestCase
TestAllCarry.settings = OPTIONS
TestAllCarryTrimmed = AllCarryTrimmed.TestCase
TestAllCarryTrimmed.settings = OPTIONS
TestInGroups = InGroups.TestCase
TestInGroups.settings = OPTIONS
TestInGroupsTrimmed = InGroupsTrimmed.TestCase
TestInGroupsTrimmed.settings = OPTIONS
TestStandByInGroups = StandByInGroups.TestCase
TestStandByInGroups.settings = OPTIONS
TestStandBy = StandBy.TestCase
TestStandBy.settings = OPTIONS


def test_states_are_those_of_the_lifecycle() -> None:
    """The machine drives connections through every state but the reserved one."""
    assert {State.READING, State.LIVE, State.STANDBY, State.CLOSING, State.CLOSED} < set(State)

"""A state machine that does to a receiver whatever a network and a server can do to it.

Connections open with the receiver's cursor (an old one, if the opening takes its time), lag, lose
what is on the way and die; logs are trimmed and begin anew; the player walks between rooms.
``Judge`` compares what the application got with what was ever published.
"""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from dualwire.core.cursor import format_cursor, parse_cursor
from dualwire.core.merge import Delivered, Entered, Gap, Item, Left, Merge, Replied
from dualwire.types import Cursor, Position, Subscribed, Unsubscribed

from .merge_model import OWN, ROOMS, STREAMS, Fact, Line, ModelServer

MOST_CONNECTIONS = 3

Key = tuple[str, str, int]
"""Stream, epoch, offset."""


class Judge:
    """Holds the application's items against the facts."""

    def __init__(self, server: ModelServer) -> None:
        self.server = server
        self.start: Cursor | None = None
        self.due: dict[Key, Fact] = {}
        self.got: set[Key] = set()
        self.missing: set[Key] = set()
        self.rooms: set[str] = set()
        self.last: dict[str, tuple[str, int]] = {}
        self.newest = 0
        self.epochs: dict[str, str] = {}
        """By stream, as the receiver has it; empty where the items do not tell."""
        self.fresh: set[str] = set()
        """Streams that are in a new epoch of which nothing has come yet."""
        self.skipped: set[Key] = set()
        """Before the place where a connection began a new epoch. Part of that loss, unless a later
        entering makes it due again."""
        self.seen = 0
        self.leaving: dict[Key, Key] = {}
        """For what was said in a room: the entry that says that the player left it."""
        self.entering: dict[Key, Key] = {}
        """The same for the entry that says that the player came in."""

    def begin(self, streams: Cursor) -> None:
        """The first hello decides from where on the player is due anything."""
        self.start = streams
        inside: dict[str, Key | None] = {each: None for each in streams if each in ROOMS}
        said: dict[str, list[Key]] = {room: [] for room in ROOMS}
        for fact in self.server.facts:
            self._follow(fact, inside, said)
        self.seen = len(self.server.facts)
        self._inside, self._said = inside, said

    def _follow(
        self, fact: Fact, inside: dict[str, Key | None], said: dict[str, list[Key]]
    ) -> None:
        assert self.start is not None
        at = self.start.get(fact.stream)
        if at is not None and Position(fact.epoch, fact.offset) <= at:
            return
        key = (fact.stream, fact.epoch, fact.offset)
        if fact.stream in ROOMS:
            if fact.stream not in inside:
                return
            said[fact.stream].append(key)
            entry = inside[fact.stream]
            if entry is not None:
                self.entering[key] = entry
        body = fact.body
        if isinstance(body, Subscribed):
            inside[body.stream] = key
        elif isinstance(body, Unsubscribed):
            inside.pop(body.stream, None)
            for each in said[body.stream]:
                self.leaving[each] = key
            said[body.stream] = []
        if not fact.excluded:
            self.due[key] = fact

    def catch_up(self) -> None:
        if self.start is not None:
            for fact in self.server.facts[self.seen :]:
                self._follow(fact, self._inside, self._said)
            self.seen = len(self.server.facts)

    def take(self, items: list[Item], after: Cursor) -> None:
        self.catch_up()
        for index, item in enumerate(items):
            if isinstance(item, Gap):
                if item.first is None:
                    self._new_epoch(item.stream, items[index + 1 :], after)
                else:
                    self._gap(item)
            elif isinstance(item, Delivered):
                assert item.stream not in ROOMS or item.stream in self.rooms, "not in that room"
                self._got(item.stream, item.event["epoch"], item.offset)
            elif isinstance(item, Replied):
                assert item.offset is not None
                self._got(OWN, self.epochs[OWN], item.offset)
            else:
                self._moved(item, after)
        for stream, at in after.items():
            if self.epochs.get(stream):
                assert self.epochs[stream] == at.epoch
            self.epochs[stream] = at.epoch
            self._settle_epoch(stream, at.epoch, at.offset + 1)

    def _moved(self, item: Entered | Left, after: Cursor) -> None:
        if item.offset is not None:
            self._got(OWN, self.epochs[OWN], item.offset)
        if isinstance(item, Left):
            self.rooms.discard(item.room)
            return
        self.rooms.add(item.room)
        at = after.get(item.room)
        self.epochs[item.room] = "" if at is None else at.epoch
        if item.offset is not None:
            body = self.due[OWN, self.epochs[OWN], item.offset].body
            assert isinstance(body, Subscribed)
            self.epochs[item.room] = body.position.epoch

    def _new_epoch(self, stream: str, later: list[Item], after: Cursor) -> None:
        """The rest of all older epochs is missing."""
        again = any(isinstance(each, Gap) and each.stream == stream for each in later)
        gone = any(isinstance(each, Left) and each.room == stream for each in later)
        old = self.epochs[stream]
        if again or gone or stream not in after:
            # Which epoch comes between is not told.
            self.epochs[stream] = ""
            self._miss(key for key in self.due if key[0] == stream and key[1] <= old)
            return
        new = self.epochs[stream] = after[stream].epoch
        self._miss(key for key in self.due if key[0] == stream and key[1] < new)
        self.fresh.add(stream)

    def _settle_epoch(self, stream: str, epoch: str, offset: int) -> None:
        """A new epoch began at an offset; what lies before belongs to the loss."""
        if stream in self.fresh:
            self.fresh.discard(stream)
            head = {k for k in self.due if k[0] == stream and k[1] == epoch and k[2] < offset}
            self.skipped |= head - self.missing
            self._miss(head)

    def _miss(self, keys: Iterable[Key]) -> None:
        self.missing |= {key for key in keys if key not in self.got}

    def _got(self, stream: str, epoch: str, offset: int) -> None:
        self._settle_epoch(stream, epoch, offset)
        key = (stream, epoch, offset)
        if not epoch:
            return
        assert key in self.due, f"{key} is not due"
        assert key not in self.got, f"{key} came twice"
        assert key not in self.missing or key in self.skipped, (
            f"{key} came after it was told missing"
        )
        assert (epoch, offset) > self.last.get(stream, ("", 0)), f"{key} is out of order"
        # One node writes all streams in one order, and the receiver keeps it.
        assert self.due[key].n > self.newest, f"{key} is out of order across streams"
        self.newest = self.due[key].n
        self.last[stream] = (epoch, offset)
        self.got.add(key)

    def _gap(self, gap: Gap) -> None:
        assert not self.server.complete, f"{gap}, though nothing was ever trimmed"
        assert gap.first is not None
        assert gap.last is not None
        assert gap.first <= gap.last
        epoch = self.epochs[gap.stream]
        self._settle_epoch(gap.stream, epoch, gap.first)
        span = [(gap.stream, epoch, offset) for offset in range(gap.first, gap.last + 1)]
        repeated = [key for key in span if key in self.got or key in self.missing - self.skipped]
        assert not repeated, f"{gap} again: {repeated}"
        told = [key for key in span if key in self.due]
        for key in told:
            assert self._is_gone(key) or self._is_hidden(key), f"{gap}, though {key} is kept"
        self._miss(told)

    def _is_gone(self, key: Key) -> bool:
        log = self.server.logs[key[0]]
        return key[1] != log.epoch or key[2] < log.first

    def _is_hidden(self, key: Key) -> bool:
        """A gap in the player's own stream hides what was said in a room up to a leaving in it,
        and what was trimmed of a room that was entered in it.
        """
        if self.leaving.get(key) in self.missing:
            return True
        return self._is_gone(key) and self.entering.get(key) in self.missing

    def finish(self, after: Cursor) -> None:
        """Everything was read: what was due has come, or was told missing."""
        self.catch_up()
        for key in self.due:
            if key in self.got or key in self.missing:
                continue
            assert self._is_hidden(key), f"{key} is lost, and nobody said so"
        tails = {stream: log.position for stream, log in self.server.logs.items()}
        memberships = self.server.rooms.rooms_of("ann")
        assert set(after) == {OWN, "global", *memberships}
        assert after == {stream: tails[stream] for stream in after}
        assert self.rooms == set(memberships)


class MergeMachine(RuleBasedStateMachine):
    """The machine; defects are seeded by other types of server and receiver."""

    server_type: type[ModelServer] = ModelServer
    merge_type: type[Merge] = Merge

    def __init__(self) -> None:
        super().__init__()
        self.server = self.server_type()
        self.merge = self.merge_type(hold_frames=12)
        self.judge = Judge(self.server)
        self.lines: list[Line] = []
        self.dialing: list[tuple[str, Cursor]] = []
        self.now = 0.0
        self.opened = 0

    @initialize(connections=st.integers(0, 2))
    def begin(self, connections: int) -> None:
        for index in range(connections):
            self.dial(at_once=True)
            self._receive(self.lines[index])

    # The application

    @rule(stream=st.sampled_from(STREAMS), count=st.integers(1, 3), exclude=st.booleans())
    def publish(self, stream: str, count: int, exclude: bool) -> None:
        for _ in range(count):
            self.server.publish(stream, exclude=exclude and count == 1)

    @rule(room=st.sampled_from(ROOMS))
    def move(self, room: str) -> None:
        self.server.move(room)

    @rule(room=st.sampled_from(ROOMS), count=st.integers(0, 2))
    def out_and_in_again(self, room: str, count: int) -> None:
        self.server.move(room)
        for _ in range(count):
            self.server.publish(room)
        self.server.move(room)

    @rule()
    def reply(self) -> None:
        self.server.reply()

    @rule(stream=st.sampled_from(STREAMS), kept=st.integers(0, 3))
    def trim(self, stream: str, kept: int) -> None:
        self.server.trim(stream, kept)

    @rule(stream=st.sampled_from(STREAMS), rare=st.integers(0, 2))
    def renew(self, stream: str, rare: int) -> None:
        if not rare:
            self.server.renew(stream)

    # The network

    @precondition(lambda self: len(self.lines) + len(self.dialing) < MOST_CONNECTIONS)
    @rule(at_once=st.booleans())
    def dial(self, at_once: bool) -> None:
        if not self.merge.cursor() and self.dialing + self.lines:
            return  # nobody is due anything before the first hello
        self.opened += 1
        name = f"c{self.opened}"
        self.merge.connected(name, self.now)
        self.dialing.append((name, self.merge.cursor()))
        if at_once:
            self.accept()

    @precondition(lambda self: self.dialing)
    @rule()
    def accept(self) -> None:
        name, cursor = self.dialing.pop(0)
        self.lines.append(self.server.open(name, cursor))

    @precondition(lambda self: self.lines)
    @rule(index=st.integers(0, 2), count=st.integers(1, 12))
    def write(self, index: int, count: int) -> None:
        line = self.lines[index % len(self.lines)]
        for _ in range(count):
            self.server.write(line)

    @precondition(lambda self: self.lines)
    @rule(index=st.integers(0, 2), count=st.integers(1, 12))
    def arrive(self, index: int, count: int) -> None:
        line = self.lines[index % len(self.lines)]
        for _ in range(min(count, len(line.wire))):
            self._receive(line)

    @precondition(lambda self: self.lines)
    @rule(index=st.integers(0, 2))
    def die(self, index: int) -> None:
        line = self.lines.pop(index % len(self.lines))
        self._take(self.merge.disconnected(line.id, self.now))

    @rule(seconds=st.sampled_from((0.2, 0.6, 1.1)))
    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        self._take(self.merge.tick(self.now))

    def _receive(self, line: Line) -> None:
        frame = line.wire.popleft()
        first = not self.merge.cursor()
        items = self.merge.receive(line.id, frame, self.now, 100)
        if first:
            self.judge.begin(self.merge.cursor())
        self._take(items)

    def _take(self, items: list[Item]) -> None:
        self.judge.take(items, self.merge.cursor())

    @invariant()
    def a_cursor_can_be_sent(self) -> None:
        cursor = self.merge.cursor()
        assert parse_cursor(format_cursor(cursor)) == cursor

    @invariant()
    def a_wait_has_an_end(self) -> None:
        deadline = self.merge.deadline
        assert deadline is None or deadline <= self.now + 1.0

    def teardown(self) -> None:
        """At last everything is read."""
        while self.dialing:
            self.accept()
        if not self.lines:
            self.dial(at_once=True)
        for line in self.lines:
            while self.server.write(line):
                pass
        while any(line.wire for line in self.lines):
            for line in self.lines:
                if line.wire:
                    self._receive(line)
        for _ in range(100):
            if self.merge.deadline is None:
                break
            self.pass_time(1.1)
        assert self.merge.deadline is None
        self.judge.finish(self.merge.cursor())

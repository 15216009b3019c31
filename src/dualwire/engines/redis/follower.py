"""One stream as a node follows it: the newest entries, and what was told before it fits.

Pure: it is handed what a channel told and what a log held, and says what is missing.

============================  ==================================================
what comes                    what follows
============================  ==================================================
the next offset               it is due, and all that waited behind it
a known offset                nothing
an offset further on          it waits; what is between is fetched
a larger epoch                the log began a new life: everything is fetched anew
a smaller epoch               nothing: that life is over
============================  ==================================================

Pub/sub may lose messages whenever a connection breaks, so what is fetched overlaps by one entry:
if the log's entry at our tail is another one than ours, the log lost its end and went on
differently (a fail-over), and its life must end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from ...core.stream import StreamLog
from ...types import Body, Entry, Membership, Position, Subscribed, Unsubscribed
from .codec import Told, decode, parse_stored

__all__ = ["BLANK", "Follower", "Meeting", "Part", "Question"]

BLANK = "0" * 20
"""The epoch of a log that was not fetched yet: smaller than any other."""


class Meeting(Enum):
    """How what was fetched goes together with what is held."""

    FILLED = auto()
    """It continues what is held."""
    ANEW = auto()
    """It is another life, or history no longer reaches back: what is held is to be replaced."""
    FORKED = auto()
    """The log contradicts what is held: it lost its end. Its life must end."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be fetched of a log, and what was held when that was asked."""

    after: int
    held: Position
    tail: tuple[int, bytes] | None


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a log as it was fetched."""

    position: Position
    start: int
    """The offset of the first item."""
    items: Sequence[bytes]
    rooms: Mapping[str, Membership]
    session: str | None


class Follower:
    """The node's copy of one stream.

    Args:
        stream: its name.
        max_age: seconds an entry is kept here.
        max_events: entries kept here.
        max_bytes: bytes kept here.
    """

    __slots__ = (
        "_bounds",
        "_pending",
        "_pending_epoch",
        "_tail",
        "loaded",
        "log",
        "rooms",
        "session",
        "stream",
    )

    def __init__(
        self, stream: str, *, max_age: float | None, max_events: int, max_bytes: int
    ) -> None:
        self.stream = stream
        self._bounds = max_age, max_events, max_bytes
        self.log = self._blank(BLANK)
        self.loaded = False
        """Whether the log is at hand."""
        self.rooms: dict[str, Membership] = {}
        """Memberships as of the end of the log, for a player's stream."""
        self.session: str | None = None
        """The player's session when the log was fetched."""
        self._pending: dict[int, tuple[int, bytes]] = {}
        self._pending_epoch = BLANK
        self._tail: tuple[int, bytes] | None = None

    def told(self, told: Told) -> bool:
        """Take in what a channel told, or a publisher was answered.

        Returns:
            Whether something is due now or missing: false for what is known already.
        """
        if told.epoch < max(self.log.epoch, self._pending_epoch):
            return False
        if told.epoch == self.log.epoch and told.offset <= self.log.offset:
            return False
        if told.epoch > self._pending_epoch:
            self._pending_epoch = told.epoch
            self._pending.clear()
        if told.offset:
            self._pending[told.offset] = told.at, told.body
        return True

    @property
    def begins_anew(self) -> bool:
        """Whether a larger epoch was told of, so that everything is to be fetched anew."""
        return self._pending_epoch > self.log.epoch

    @property
    def misses(self) -> bool:
        """Whether something was told of that does not fit yet."""
        return self.begins_anew or (bool(self._pending) and self.upcoming() is None)

    def upcoming(self) -> tuple[int, bytes] | None:
        """The next entry, if it was told: its time in milliseconds, and its body."""
        if not self.loaded or self._pending_epoch != self.log.epoch:
            return None
        return self._pending.get(self.log.offset + 1)

    def take(self, body: Body, at: float) -> Entry:
        """Append the next entry; :meth:`upcoming` gave it.

        Args:
            body: the same, decoded.
            at: its time, in seconds of this node's clock.
        """
        self._tail = self._pending.pop(self.log.offset + 1)
        self._move(body)
        return self.log.append(body, at)

    def question(self) -> Question:
        """What to fetch: what follows, and one entry that is known, to see that it is the same."""
        after = max(self.log.offset - 1, 0) if self.loaded else 0
        return Question(after, self.log.position, self._tail)

    def meet(self, question: Question, part: Part) -> Meeting:
        """Compare what was fetched with what is held, and take in what continues it."""
        held, found = question.held, part.position
        if not self.loaded or found.epoch > self.log.epoch:
            return Meeting.ANEW
        if found < held:
            return Meeting.FORKED
        known = held.offset - part.start
        known_there = question.tail is not None and 0 <= known < len(part.items)
        if known_there and parse_stored(part.items[known]) != question.tail:
            return Meeting.FORKED
        if part.start > self.log.offset + 1:
            return Meeting.ANEW
        for offset, item in enumerate(part.items, part.start):
            self.told(Told(found.epoch, offset, *parse_stored(item)))
        return Meeting.FILLED

    def replace(self, part: Part, local: Callable[[int], float]) -> None:
        """Hold what was fetched instead of what is held.

        Args:
            part: all that the log keeps.
            local: milliseconds of the engine's clock in seconds of this node's clock.
        """
        self.log = self._blank(part.position.epoch)
        self.log.offset = part.position.offset - len(part.items)
        for item in part.items:
            at, body = parse_stored(item)
            self.log.append(decode(body), local(at))
        self._tail = parse_stored(part.items[-1]) if part.items else None
        self.rooms = dict(part.rooms)
        self.session = part.session
        self.loaded = True
        if self._pending_epoch <= self.log.epoch:
            held = self._pending if self._pending_epoch == self.log.epoch else {}
            self._pending = {o: item for o, item in held.items() if o > self.log.offset}
            self._pending_epoch = self.log.epoch

    def _move(self, body: Body) -> None:
        if type(body) is Subscribed:
            self.rooms[body.stream] = Membership(body.stream, body.position)
        elif type(body) is Unsubscribed:
            self.rooms.pop(body.stream, None)

    def _blank(self, epoch: str) -> StreamLog:
        age, events, size = self._bounds
        return StreamLog(epoch, max_age=age, max_events=events, max_bytes=size)

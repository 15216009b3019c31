"""A model of the server for tests of the receiver: the project's own logs, memberships and reader,
with connections that lag, lose what is on the way, and die.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from dualwire.core.cursor import format_cursor
from dualwire.core.reading import Place, Reader
from dualwire.core.rooms import RoomTable
from dualwire.core.stream import StreamLog, new_epoch
from dualwire.types import (
    GLOBAL,
    Body,
    Cursor,
    Entry,
    Event,
    JSONObject,
    Loss,
    Position,
    Reply,
    Subscribed,
    Unsubscribed,
)

PLAYER = "ann"
OWN = "player:ann"
ROOMS = ("room:hall", "room:yard", "room:attic")
STREAMS = (OWN, GLOBAL, *ROOMS)


@dataclass(frozen=True)
class Fact:
    """One entry that was ever published."""

    stream: str
    epoch: str
    offset: int
    n: int
    body: Body

    @property
    def excluded(self) -> bool:
        return isinstance(self.body, Event) and PLAYER in self.body.exclude


@dataclass(eq=False)
class Line:
    """One connection: where the server reads for it, and what is on the way."""

    id: str
    place: Place
    wire: deque[JSONObject] = field(default_factory=deque)


class ModelServer:
    """One node with one player."""

    def __init__(self) -> None:
        self.n = 0
        self.turns = 0
        self.facts: list[Fact] = []
        self.rooms = RoomTable()
        self.logs: dict[str, StreamLog] = {}
        for stream in STREAMS:
            self.logs[stream] = self._new_log("")
        self.reader = Reader(PLAYER, self.logs.__getitem__, self.rooms.rooms_of)
        self.complete = True
        """Whether every log still has all that it ever had."""

    def _new_log(self, after: str) -> StreamLog:
        self.turns += 1
        epoch = new_epoch(float(self.turns), self.turns, after)
        return StreamLog(epoch, max_age=None, max_events=1000, max_bytes=1 << 20)

    # What the application does

    def publish(self, stream: str, *, exclude: bool = False) -> None:
        excluded = frozenset({PLAYER}) if exclude else frozenset()
        self._append(stream, Event(payload=b"{}", exclude=excluded))

    def reply(self) -> None:
        self._append(OWN, Reply(command_id=f"instance.{self.n}", outcome="done", body={}))

    def move(self, room: str) -> None:
        """Go in where the player is out, and out where it is in."""
        tail = self.logs[room].position
        entry = self.rooms.leave(PLAYER, room, tail) or self.rooms.enter(PLAYER, room, tail)
        assert entry is not None
        self._append(OWN, entry)

    def _append(self, stream: str, body: Body) -> Entry:
        self.n += 1
        log = self.logs[stream]
        entry = log.append(body, float(self.n))
        entry.n = self.n
        self.facts.append(Fact(stream, log.epoch, entry.offset, self.n, body))
        return entry

    def trim(self, stream: str, kept: int) -> None:
        """Drop all but the newest entries of a log."""
        log = self.logs[stream]
        entries = log.after(0)
        if len(entries) > kept:
            self.complete = False
            log.max_age = 0.0
            log.expire(entries[len(entries) - kept - 1].at)
            log.max_age = None

    def renew(self, stream: str) -> None:
        """The log is lost and begins anew."""
        self.complete = False
        self.logs[stream] = self._new_log(self.logs[stream].epoch)

    # Connections

    def open(self, connection_id: str, cursor: Cursor) -> Line:
        place = self.reader.at_cursor(cursor)
        line = Line(connection_id, place)
        line.wire.append(
            {"type": "hello", "player": PLAYER, "streams": format_cursor(place.positions)}
        )
        return line

    def write(self, line: Line) -> bool:
        """Write the next frame that a connection is due; false at the tail of everything."""
        frame = self.frame(line)
        if frame is not None:
            line.wire.append(frame)
        return frame is not None

    def frame(self, line: Line) -> JSONObject | None:
        due = self.reader.next(line.place)
        if due is None:
            return None
        if isinstance(due, Loss):
            return self._lost(line, due)
        stream, entry = due
        at: JSONObject = {"stream": stream, "offset": entry.offset}
        body = entry.body
        if isinstance(body, Subscribed):
            told = {"room": body.stream, "epoch": body.position.epoch, "from": body.position.offset}
            return {"type": "subscribed", **at, **told}
        if isinstance(body, Unsubscribed):
            told = {"room": body.stream, "epoch": body.start.epoch, "from": body.start.offset}
            return {"type": "unsubscribed", **at, **told, "until": body.until.offset}
        if isinstance(body, Reply):
            return {**body.fields(), **at}
        assert isinstance(body, Event)
        if PLAYER in body.exclude:
            return {"type": "skip", "stream": stream, "from": entry.offset, "to": entry.offset}
        # The epoch stands in no frame: the test tells it apart from the receiver's own.
        epoch = line.place.positions[stream].epoch
        return {"type": "event", **at, "event": {"epoch": epoch, "n": entry.n}}

    def _lost(self, line: Line, loss: Loss) -> JSONObject:
        frame: JSONObject = {"stream": loss.stream, "reason": loss.reason}
        if loss.reason == "epoch":
            at: Position = line.place.positions[loss.stream]
            frame |= {"type": "reset", "epoch": at.epoch, "offset": at.offset}
        else:
            frame |= {"type": "lost", "from": loss.first, "to": loss.last}
        if loss.stream == OWN:
            frame["streams"] = format_cursor(line.place.positions)
        return frame

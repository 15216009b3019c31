"""Reading connections: those that catch up from the logs, at the pace at which they take it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import structlog

from ..codes import OVERTAKEN, Code
from ..core.encoding import Frame
from ..core.lifecycle import State
from ..types import Entry, Event, Loss
from .connection import Connection
from .stats import Stats

if TYPE_CHECKING:
    from .hub import Hub

__all__ = ["Readers"]

log = structlog.get_logger("dualwire")

BATCH = 256
"""Connections read for in one turn of the loop."""


class Readers:
    """Reads for the connections of one hub that are not live.

    Args:
        hub: takes a connection back when it has caught up.
        most: bytes that may wait for a connection before it has to take some.
        call_soon: runs a function in the next turn of the loop.
        end: ends a connection with a code; the flag says whether what waits is still written.
        stats: counts what history no longer has.
    """

    def __init__(
        self,
        hub: Hub,
        most: int,
        call_soon: Callable[[Callable[[], None]], object],
        end: Callable[[Connection, Code, bool], None],
        stats: Stats,
    ) -> None:
        self._stats = stats
        self._hub = hub
        self._most = most
        self._call_soon = call_soon
        self._end = end
        self._ready: dict[Connection, None] = {}
        self._due = False

    def want(self, connection: Connection) -> None:
        """Read for a connection in the next turn, if it is reading and has room for more."""
        # Half of the bound: a peer that takes a little does not cost a turn for every frame.
        if connection.state is State.READING and connection.waiting <= self._most // 2:
            self._ready[connection] = None
            self._schedule()

    def forget(self, connection: Connection) -> None:
        """Read no longer for a connection."""
        self._ready.pop(connection, None)

    def read(self, connection: Connection) -> None:
        """Give a reading connection what it is due, as far as it takes it."""
        self._ready.pop(connection, None)
        if self._hub.busy:
            # The logs are ahead of the hub in the middle of a fan-out.
            self._ready[connection] = None
            self._schedule()
            return
        place, reader = connection.place, connection.player.reader
        assert place is not None
        while connection.waiting < self._most:
            due = reader.next(place)
            if due is None:
                self._hub.go_live(connection)
                break
            if isinstance(due, Loss):
                self.note_loss(connection, due)
                frame = connection.encoding.lost(due, place.positions)
                if frame is None:
                    # A plain connection has no way to be told; it may come back and start anew.
                    self._end(connection, OVERTAKEN, True)
                    return
            else:
                frame = self._frame(connection, *due)
            if frame is not None:
                connection.push(frame)
        self._hub.mark(connection)

    def _frame(self, connection: Connection, stream: str, entry: Entry) -> Frame | None:
        """An entry as its connection gets it, ``None`` if there is nothing to write."""
        encoding, body = connection.encoding, entry.body
        if type(body) is not Event:
            return encoding.other(stream, entry)
        if self._hub.permission.is_for(connection.player.id, body):
            return encoding.event(stream, entry)
        return encoding.skip(stream, entry.offset, entry.offset)

    def _schedule(self) -> None:
        if self._ready and not self._due:
            self._due = True
            self._call_soon(self._turn)

    def _turn(self) -> None:
        self._due = False
        for connection in list(self._ready)[:BATCH]:
            if connection.state is State.READING:
                self.read(connection)
            else:
                self.forget(connection)
        self._schedule()

    def note_loss(self, connection: Connection, loss: Loss) -> None:
        """Count and log that history no longer covers a connection."""
        player = connection.player
        self._stats.losses[loss.reason] += 1
        self._stats.arms[player.arm].losses += 1
        log.warning(
            "history_lost",
            player=player.id,
            connection=connection.id,
            stream=loss.stream,
            first=loss.first,
            last=loss.last,
            reason=loss.reason,
        )

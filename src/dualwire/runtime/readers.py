"""Reading connections: those that catch up from the logs, at the pace at which they take it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import structlog

from ..codes import OVERTAKEN, Code
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

STEPS = 1024
"""Entries read for one connection in one turn: what is skipped fills no outbox."""


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
        skipped: dict[str, tuple[int, int]] = {}
        steps = 0
        while connection.waiting < self._most and steps < STEPS:
            steps += 1
            due = reader.next(place)
            if due is None:
                self._tell(connection, skipped)
                self._hub.go_live(connection)
                break
            if isinstance(due, Loss):
                self._tell(connection, skipped)
                if not self._lose(connection, due):
                    return
            else:
                self._give(connection, *due, skipped)
        self._tell(connection, skipped)
        self._hub.mark(connection)
        self.want(connection)

    def _give(
        self,
        connection: Connection,
        stream: str,
        entry: Entry,
        skipped: dict[str, tuple[int, int]],
    ) -> None:
        """Give a connection an entry, or note that it skips it."""
        encoding, body = connection.encoding, entry.body
        if type(body) is not Event:
            self._tell(connection, skipped)
            frame = encoding.other(stream, entry)
        elif encoding.wants(body) and self._hub.permission.is_for(connection.player.id, body):
            if stream in skipped:
                self._tell(connection, {stream: skipped.pop(stream)})
            frame = encoding.event(stream, entry)
        else:
            first, _ = skipped.get(stream, (entry.offset, 0))
            skipped[stream] = first, entry.offset
            return
        if frame is not None:
            connection.push(frame)

    def _tell(self, connection: Connection, skipped: dict[str, tuple[int, int]]) -> None:
        """Let a connection account for what it skipped."""
        for stream, (first, last) in skipped.items():
            frame = connection.encoding.skip(stream, first, last)
            if frame is not None:
                connection.push(frame)
        skipped.clear()

    def _lose(self, connection: Connection, loss: Loss) -> bool:
        """Tell a connection what history no longer holds.

        Returns:
            False if there was no way to tell it, so that it had to end.
        """
        assert connection.place is not None
        self.note_loss(connection, loss)
        frame = connection.encoding.lost(loss, connection.place.positions)
        if frame is None:
            # A plain connection has no way to be told; it may come back and start anew.
            self._end(connection, OVERTAKEN, True)
            return False
        connection.push(frame)
        for other in connection.player.connections.values():
            # What it only skipped is not missing, so nobody has to wait for it.
            self._hub.tell_skips(other)
        return True

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

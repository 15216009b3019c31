"""How long events take: some of them timed, so that the hot path pays per event and not per
connection."""

from __future__ import annotations

from collections.abc import Callable

from ..core.lifecycle import State
from ..types import Entry, Event, Position
from .connection import Connection
from .stats import Stats

__all__ = ["Sampling"]

ASKED = 64
"""Events that are followed at a time until a client acknowledges them."""
GIVEN_UP = 5.0
"""Seconds after which an event that is still not written is counted as it is."""
FORGOTTEN = 120.0
"""Seconds after which nobody waits for an acknowledgement any more: the resume window."""
PERSONAL = "player:"


class Sampling:
    """Times one event at a time until it is written, and a few until they are acknowledged.

    *Written* is timed on the connection that the fan-out served last: of the event's connections
    the one that waits longest for its turn. The next event is timed once that is done, so a busy
    node times about one event per flush, and a quiet one all.

    Args:
        stats: where the durations go.
        now: seconds of the event loop.
    """

    __slots__ = ("_asked", "_began", "_connection", "_n", "_now", "_stats")

    def __init__(self, stats: Stats, now: Callable[[], float]) -> None:
        self._stats = stats
        self._now = now
        self._connection: Connection | None = None
        self._n = 0
        self._began = 0.0
        self._asked: dict[str, tuple[Position, float, str]] = {}

    def given(
        self, connection: Connection, stream: str, position: Position, entry: Entry, now: float
    ) -> None:
        """An event was given to connections.

        Args:
            connection: the last of them.
            stream: the event's.
            position: the event's.
            entry: the event's.
            now: loop seconds.
        """
        if self._connection is None:
            self._connection, self._n, self._began = connection, entry.n, now
        elif now - self._began > GIVEN_UP:
            self._stats.delivery.add(now - self._began)
            self._connection, self._n, self._began = connection, entry.n, now
        if len(self._asked) < ASKED and stream.startswith(PERSONAL):
            self._ask(connection, stream, position, entry, now)

    def written(self) -> None:
        """Connections were written; perhaps the one that is timed was among them."""
        connection = self._connection
        if connection is None:
            return
        if connection.written_n >= self._n:
            self._stats.delivery.add(self._now() - self._began)
            self._connection = None
        elif connection.state is not State.LIVE:
            # It reads at its own pace, or has ended: that is no delivery time.
            self._connection = None

    def acknowledged(self, stream: str, position: Position) -> None:
        """A client's application has everything up to a position."""
        asked = self._asked.get(stream)
        if asked is not None and position >= asked[0]:
            del self._asked[stream]
            self._stats.acknowledgement[asked[2]].add(self._now() - asked[1])

    def tidy(self) -> None:
        """Forget events that nobody will acknowledge any more."""
        oldest = self._now() - FORGOTTEN
        for stream in [each for each, asked in self._asked.items() if asked[1] < oldest]:
            del self._asked[stream]

    def _ask(
        self, connection: Connection, stream: str, position: Position, entry: Entry, now: float
    ) -> None:
        if stream in self._asked:
            return
        player = connection.player
        if any(each.encoding.contiguous for each in player.connections.values()):
            at_once = type(entry.body) is Event and entry.body.confirm
            self._asked[stream] = position, now, "at_once" if at_once else "in_time"

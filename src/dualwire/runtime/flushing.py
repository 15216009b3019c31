"""When outboxes are handed to the network: soon, fairly, and joined where a connection is busy."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from .connection import Connection

__all__ = ["FLUSH_BATCH", "FLUSH_MOST", "FLUSH_TIME", "Flushing"]

FLUSH_BATCH = 32
"""Connections flushed per loop turn, and as many more for each event of that turn. Small, so that
whoever publishes, opens or asks gets turns between: what is published while the rest waits is
joined with it."""
FLUSH_MOST = 256
"""Connections flushed in one turn, whatever was published: 10,000 would hold the loop for 57-73
ms."""
FLUSH_TIME = 0.002
"""Seconds after which a turn ends however many were flushed: a slow machine, or TLS."""


class Flushing:
    """The connections of a node that have something waiting, and when they are flushed.

    Args:
        flush: hands one connection's outbox to its transport.
        flushed: told once per turn, when its connections were flushed.
        call_soon: runs a function in the next turn of the loop.
        call_later: runs a function after some seconds; ``None`` to join no writes.
        now: seconds of the same loop.
        coalesce: seconds for which writes to a busy connection are joined.
    """

    def __init__(
        self,
        flush: Callable[[Connection], None],
        flushed: Callable[[], None],
        call_soon: Callable[[Callable[[], None]], object],
        call_later: Callable[[float, Callable[[], None]], object] | None,
        now: Callable[[], float],
        coalesce: float,
    ) -> None:
        self._flush = flush
        self._flushed = flushed
        self._call_soon = call_soon
        self._call_later = call_later
        self._now = now
        self._due = False
        self._batch = FLUSH_BATCH
        self.coalesce = coalesce
        self.joins = call_later is not None
        self.dirty: deque[Connection] = deque()
        """Those that are flushed in the next turns, in this order."""
        self.joining: list[Connection] = []
        """Those that were flushed a moment ago: what comes for them meanwhile goes out together."""

    def mark(self, connection: Connection) -> None:
        """What waits in a connection's outbox is flushed in the next turn."""
        if connection.outbox and not connection.dirty:
            connection.dirty = True
            self.dirty.append(connection)
            self.schedule()

    def given(self, *, joining_since: int) -> None:
        """An event was put into outboxes.

        Args:
            joining_since: how many were joining before.
        """
        # Flushing keeps pace with publishing: else many publishers would fill outboxes to the brim.
        self._batch += FLUSH_BATCH
        if self.joining and not joining_since:
            assert self._call_later is not None
            self._call_later(self.coalesce, self._joined)
        self.schedule()

    def schedule(self) -> None:
        """See to it that those who are dirty get their turn."""
        if self.dirty and not self._due:
            self._due = True
            self._call_soon(self._turn)

    def _joined(self) -> None:
        """The writes of busy connections were joined for long enough."""
        self.dirty.extend(self.joining)
        self.joining.clear()
        self.schedule()

    def _turn(self) -> None:
        self._due = False
        now, dirty = self._now(), self.dirty
        batch, self._batch = min(self._batch, FLUSH_MOST, len(dirty)), FLUSH_BATCH
        late = now + FLUSH_TIME
        for number in range(batch):
            if number % FLUSH_BATCH == 0 and number and self._now() > late:
                break
            connection = dirty.popleft()
            if connection.dirty:
                connection.flushed_at = now
                self._flush(connection)
        self._flushed()
        self.schedule()

"""When what waits is handed to the network: soon, fairly, and joined where a connection is busy."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from .connection import Connection
from .group import Group

__all__ = ["FLUSH_BATCH", "FLUSH_MOST", "FLUSH_TIME", "Flushing"]

FLUSH_BATCH = 64
"""Connections flushed per loop turn, and as many more for each event of that turn. Small, so that
whoever publishes, opens or asks gets turns between: what is published while the rest waits is
joined with it."""
FLUSH_MOST = 256
"""Connections flushed in one turn, whatever was published: 10,000 would hold the loop for 57-73
ms."""
FLUSH_TIME = 0.002
"""Seconds after which a turn ends however many were flushed: a slow machine, or TLS."""


class Flushing:
    """The connections and groups of a node that have something waiting, and when it is written.

    Args:
        flush: hands what waits for one connection to its transport.
        flushed: told once per turn, when its connections were flushed; gets the number of frames
            that were written without ``flush``.
        call_soon: runs a function in the next turn of the loop.
        call_later: runs a function after some seconds; ``None`` to join no writes.
        now: seconds of the same loop.
        coalesce: seconds for which writes to a busy connection are joined.
    """

    def __init__(
        self,
        flush: Callable[[Connection], None],
        flushed: Callable[[int], None],
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
        self._timed = False
        self.coalesce = coalesce
        self.joins = call_later is not None
        self.dirty: deque[Connection] = deque()
        """Those that are flushed in the next turns, in this order."""
        self.joining: list[Connection] = []
        """Those that were flushed a moment ago: what comes for them meanwhile goes out together."""
        self._walking: deque[Group] = deque()
        """Groups whose members are written to in the next turns, round robin."""
        self._joining: list[Group] = []
        """Groups whose members were written to a moment ago."""

    def mark(self, connection: Connection) -> None:
        """What waits in a connection's outbox is flushed in the next turn."""
        if connection.outbox and not connection.dirty:
            connection.dirty = True
            self.dirty.append(connection)
            self.schedule()

    def give(self, group: Group, now: float) -> None:
        """A group was given a frame.

        Args:
            group: whose members will be written to.
            now: loop seconds.
        """
        if group.due:
            return
        group.due = True
        if self.joins and now - group.walked_at < self.coalesce:
            self._joining.append(group)
        else:
            self._walking.append(group)

    def given(self) -> None:
        """An event was put into outboxes and groups."""
        # Flushing keeps pace with publishing: else many publishers would fill outboxes to the brim.
        self._batch += FLUSH_BATCH
        self.schedule()

    def hurry(self, group: Group, least: int) -> None:
        """A group keeps more than it should: write to some of its members at once.

        Args:
            group: which.
            least: how many members it takes to be rid of as much as comes.
        """
        now, most = self._now(), max(FLUSH_MOST, least)
        looked, frames = group.walk(most, now, self._flush)
        if looked < most:
            # That was the end of a walk; those who had their turn in it before are owed as much.
            frames += group.walk(most - looked, now, self._flush)[1]
        self._flushed(frames)

    def schedule(self) -> None:
        """See to it that those who have something waiting get their turn."""
        if not self._due and (self.dirty or self._walking):
            self._due = True
            self._call_soon(self._turn)
        if not self._timed and (self.joining or self._joining):
            assert self._call_later is not None
            self._timed = True
            self._call_later(self.coalesce, self._joined)

    def _joined(self) -> None:
        """The writes of busy connections were joined for long enough."""
        self._timed = False
        self.dirty.extend(self.joining)
        self.joining.clear()
        self._walking.extend(self._joining)
        self._joining.clear()
        self.schedule()

    def _turn(self) -> None:
        self._due = False
        now = self._now()
        late = now + FLUSH_TIME
        batch, self._batch = min(self._batch, FLUSH_MOST), FLUSH_BATCH
        # What is said to one goes before what is said to many, which get half at the least.
        left = batch - self._flush_dirty(batch // 2 if self._walking else batch, now, late)
        frames = 0
        while left > 0 and self._walking:
            looked, written = self._walk(self._walking[0], min(left, FLUSH_BATCH), now)
            frames += written
            left -= looked
            if self._now() > late:
                break
        self._flushed(frames)
        self.schedule()

    def _flush_dirty(self, most: int, now: float, late: float) -> int:
        """Flush so many connections at most; how many it were."""
        dirty = self.dirty
        most = min(most, len(dirty))
        for number in range(most):
            if number % FLUSH_BATCH == 0 and number and self._now() > late:
                return number
            connection = dirty.popleft()
            if connection.dirty:
                connection.flushed_at = now
                self._flush(connection)
        return most

    def _walk(self, group: Group, most: int, now: float) -> tuple[int, int]:
        looked, frames = group.walk(most, now, self._flush)
        if looked < most:
            # All members had their turn.
            if group in self._walking:
                self._walking.remove(group)
            group.due = False
            if group.waiting:
                self.give(group, now)
        elif len(self._walking) > 1:
            self._walking.rotate(-1)
        return looked, frames

"""Time that moves when it is told to."""

from __future__ import annotations

import asyncio
import heapq
from itertools import count

from ..abc import Clock

__all__ = ["ManualClock"]


class ManualClock(Clock):
    """A clock for tests: sleeping costs no time, and nothing happens by itself.

    Args:
        now: monotonic seconds at the start.
        wall: wall-clock seconds at the start.
    """

    def __init__(self, now: float = 1000.0, wall: float = 1_700_000_000.0) -> None:
        self._now = now
        self._wall = wall
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = count()

    def now(self) -> float:
        return self._now

    def wall(self) -> float:
        return self._wall

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            return
        future = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + seconds, next(self._order), future))
        await future

    def shift(self, seconds: float) -> None:
        """Move time without letting anybody run: what is due wakes up later."""
        self._now += seconds
        self._wall += seconds

    def set_back(self, seconds: float) -> None:
        """Set the wall clock back, as an administrator or NTP does; monotonic time goes on."""
        self._wall -= seconds

    async def advance(self, seconds: float) -> None:
        """Move time, waking sleepers one after the other, each at its own moment."""
        end = self._now + seconds
        while self._sleepers and self._sleepers[0][0] <= end:
            at, _, future = heapq.heappop(self._sleepers)
            self.shift(max(0.0, at - self._now))
            if not future.done():
                future.set_result(None)
            await settle()
        self.shift(max(0.0, end - self._now))
        await settle()


async def settle(turns: int = 20) -> None:
    """Let everything that is ready run."""
    for _ in range(turns):
        await asyncio.sleep(0)

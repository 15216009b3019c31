"""The system's time."""

from __future__ import annotations

import asyncio
import time

from .abc import Clock

__all__ = ["SystemClock"]


class SystemClock(Clock):
    """Monotonic time for durations, wall-clock time for people."""

    def now(self) -> float:
        return time.monotonic()

    def wall(self) -> float:
        return time.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds))

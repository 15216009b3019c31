"""What held up our server: the event loop, and the garbage collector."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator, Mapping

__all__ = ["Pauses"]

STEP = 0.005
"""Seconds between two looks at the loop: it is held up for as long as one comes late."""


class Pauses:
    """The longest pauses since they were asked for."""

    def __init__(self) -> None:
        self._loop = 0.0
        self._collector = 0.0
        self._began = 0.0

    @contextlib.asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Watch the running loop, and the collector of this process."""
        watching = asyncio.create_task(self._watch())
        gc.callbacks.append(self._collected)
        try:
            yield
        finally:
            gc.callbacks.remove(self._collected)
            watching.cancel()

    def take(self) -> dict[str, float]:
        """Milliseconds of the longest ones; from now on they are looked for anew."""
        found = {"worst_loop_ms": self._loop * 1e3, "worst_collector_ms": self._collector * 1e3}
        self._loop = self._collector = 0.0
        return found

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + STEP
            await asyncio.sleep(STEP)
            self._loop = max(self._loop, loop.time() - due)

    def _collected(self, phase: str, _info: Mapping[str, int]) -> None:
        now = asyncio.get_running_loop().time()
        if phase == "start":
            self._began = now
        else:
            self._collector = max(self._collector, now - self._began)

"""What stops the whole process: the garbage collector, told by Python itself."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Callable, Mapping

from .stats import Stats

__all__ = ["Pauses"]


class Pauses:
    """Times every garbage collection of this process while it is watched.

    Args:
        stats: where the durations go.
    """

    def __init__(self, stats: Stats) -> None:
        self._stats = stats
        self._unwatch: Callable[[], object] = lambda: None

    def watch(self) -> None:
        """Begin, in the running loop."""
        callback = _Callback(self._stats, asyncio.get_running_loop().time)
        gc.callbacks.append(callback)
        # A node that nobody stopped leaves nothing behind either.
        self._unwatch = weakref.finalize(self, gc.callbacks.remove, callback)

    def leave(self) -> None:
        """End. Idempotent."""
        self._unwatch()


class _Callback:
    def __init__(self, stats: Stats, now: Callable[[], float]) -> None:
        self._stats = stats
        self._now = now
        self._began: float | None = None

    def __call__(self, phase: str, info: Mapping[str, int]) -> None:
        if phase == "start":
            self._began = self._now()
            return
        durations = self._stats.collection.get(str(info["generation"]))
        if durations is not None and self._began is not None:
            durations.add(self._now() - self._began)

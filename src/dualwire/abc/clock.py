"""The port of time."""

from __future__ import annotations

from abc import ABC, abstractmethod

__all__ = ["Clock"]


class Clock(ABC):
    """Time. The only place where the library learns what time it is."""

    @abstractmethod
    def now(self) -> float:
        """Monotonic seconds; never goes back. For durations and deadlines."""

    @abstractmethod
    def wall(self) -> float:
        """Seconds since 1970, UTC. For people, and for the expiry of tokens."""

    @abstractmethod
    async def sleep(self, seconds: float) -> None:
        """Return after ``seconds``; at once if that is not above 0."""

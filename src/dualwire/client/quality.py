"""How well connections do: who is first, and by how much."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Protocol

__all__ = ["Quality", "Race", "Runner", "smoothed"]

REMEMBERED = 1024
"""Entries that wait for the other connection to bring them too."""

WEIGHT = 0.125
"""Of a new measurement, as TCP has it (RFC 6298)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """How well a connection does."""

    round_trip: float | None
    """Seconds from a question to its answer, smoothed; ``None`` where none was measured."""
    lag: float | None
    """Seconds by which it brings an entry after its twin, smoothed; 0 for the faster one, ``None``
    before both brought the same."""
    won: int
    """Entries that it brought first."""
    duplicates: int
    """Entries that it brought when they were there already: eliminated."""
    reconnects: int
    """How often it was opened again after it had ended."""
    moves: int
    """How often it was opened elsewhere because the server asked for it; nothing had ended."""
    failures: int
    """Tries in a row that came to nothing."""
    corrupted: int
    """Events whose text did not fit their digest; each ended the connection that brought it."""
    last_seen: float | None
    """Clock seconds of the latest sign of life; ``None`` before the first."""


class Runner(Protocol):
    """One of those who compete."""

    lag: float | None


class Race:
    """Measures how far connections lag behind each other."""

    def __init__(self) -> None:
        self._first: OrderedDict[tuple[str, int], tuple[Runner, float]] = OrderedDict()

    def arrived(self, runner: Runner, stream: str, offset: int, now: float) -> None:
        """A connection brought an entry.

        Args:
            runner: the connection.
            stream: of the entry.
            offset: of the entry.
            now: clock seconds.
        """
        key = stream, offset
        first = self._first.get(key)
        if first is None:
            self._first[key] = runner, now
            if len(self._first) > REMEMBERED:
                self._first.popitem(last=False)
        elif first[0] is not runner:
            del self._first[key]
            runner.lag = smoothed(runner.lag, now - first[1])
            first[0].lag = smoothed(first[0].lag, 0.0)


def smoothed(before: float | None, measured: float) -> float:
    """A mean that follows slowly."""
    return measured if before is None else before + WEIGHT * (measured - before)

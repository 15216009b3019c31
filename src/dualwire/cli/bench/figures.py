"""What a load showed. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil

from ...types import JSONObject

__all__ = ["Figures", "quantile"]


def quantile(values: Sequence[float], share: float) -> float | None:
    """The value that such a share of all does not exceed; ``None`` of nothing."""
    ordered = sorted(values)
    return ordered[max(0, ceil(share * len(ordered)) - 1)] if ordered else None


@dataclass(slots=True)
class Figures:
    """One load. Losses and repetitions are judged by the publisher's own numbers."""

    players: int = 0
    asked: float = 0.0
    """Events per second that were to be published."""
    opened_in: float = 0.0
    """Seconds until all connections were open."""
    lasted: float = 0.0
    """Seconds of publishing."""
    busy: float = 0.0
    """Share of the time in which this program, and not the server, was at work."""
    published: set[int] = field(default_factory=set)
    """The numbers of the events that the server took."""
    refused: Counter[str] = field(default_factory=Counter)
    """Those that it did not, by why."""
    came: Counter[int] = field(default_factory=Counter)
    """How often each number was handed to its player's application."""
    latencies: list[float] = field(default_factory=list)
    """Seconds from the request that published to the application that was handed the event."""
    duplicates: int = 0
    """Frames of the slower connection, which the client took out."""

    @property
    def lost(self) -> int:
        """Events that the server took, and that never came."""
        return len(self.published - self.came.keys())

    @property
    def repeated(self) -> int:
        """Events that came to an application more than once."""
        return sum(count - 1 for count in self.came.values())

    @property
    def rate(self) -> float:
        """Events per second that were published."""
        return len(self.published) / self.lasted if self.lasted else 0.0

    def fields(self) -> JSONObject:
        """The same for machines."""
        times = {"p50": 0.5, "p99": 0.99, "max": 1.0}
        found = {name: quantile(self.latencies, share) for name, share in times.items()}
        return {
            "players": self.players,
            "connections": 2 * self.players,
            "opened_in_seconds": round(self.opened_in, 3),
            "published": len(self.published),
            "per_second": round(self.rate, 1),
            "asked_per_second": self.asked,
            "refused": dict(self.refused),
            "delivered": sum(self.came.values()),
            "lost": self.lost,
            "repeated": self.repeated,
            "duplicates_eliminated": self.duplicates,
            "latency_ms": {
                name: None if each is None else round(each * 1000, 2)
                for name, each in found.items()
            },
            "client_busy": round(self.busy, 2),
        }

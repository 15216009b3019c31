"""What was counted and measured, at the place where it happened."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

__all__ = ["Durations", "Stats"]

BUCKETS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Upper bounds in seconds: Prometheus' usual ones, from 1 ms."""


@dataclass(slots=True)
class Durations:
    """A histogram of durations in seconds, with the extremes."""

    count: int = 0
    total: float = 0.0
    longest: float = 0.0
    shortest: float = 0.0
    buckets: list[int] = field(default_factory=lambda: [0] * len(BUCKETS))

    def add(self, seconds: float) -> None:
        """Count one."""
        self.shortest = seconds if not self.count else min(self.shortest, seconds)
        self.longest = max(self.longest, seconds)
        self.count += 1
        self.total += seconds
        for index, bound in enumerate(BUCKETS):
            if seconds <= bound:
                self.buckets[index] += 1
                return

    @property
    def average(self) -> float:
        """Mean in seconds; 0 when nothing was counted."""
        return self.total / self.count if self.count else 0.0


@dataclass(slots=True)
class Stats:
    """Counters of one node since it started."""

    opened: Counter[str] = field(default_factory=Counter)
    """By connection type."""
    closed: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By connection type and code name."""
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By connection type and code name."""
    rate_limited: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By what was limited (``command``, ``bytes``, ``opening``, ``failure``) and what became of it
    (``warned``, ``refused``, ``closed``)."""
    published: Counter[str] = field(default_factory=Counter)
    """By kind of stream: ``player``, ``room``, ``global``."""
    deliveries: int = 0
    """Frames handed to transports."""
    takeovers: int = 0
    arrivals: int = 0
    departures: int = 0
    health_changes: Counter[str] = field(default_factory=Counter)
    """By the verdict that a connection changed to."""
    health_checks: int = 0
    commands: int = 0
    hidden_failovers: int = 0
    """Connections that broke while another one of the player carried on."""
    errors: Counter[str] = field(default_factory=Counter)
    """By where they happened: ``hook``, ``transport``, ``housekeeping``, ``command``."""
    establishment: dict[str, Durations] = field(
        default_factory=lambda: {"websocket": Durations(), "sse": Durations()}
    )
    """From the request to a connection that carries, by type."""
    delivery: Durations = field(default_factory=Durations)
    """From ``deliver`` to the last connection written."""
    disconnection: Durations = field(default_factory=Durations)
    """From our goodbye to the end of the transport."""
    session_switch: Durations = field(default_factory=Durations)
    """From a claim that takes over to the end of the old connections' work here."""
    health_check: Durations = field(default_factory=Durations)

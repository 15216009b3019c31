"""What was counted and measured, at the place where it happened."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field

__all__ = ["ARMS", "BUCKETS", "Durations", "Experience", "Stats"]

BUCKETS = (
    *(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05),
    *(0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0),
)
"""Upper bounds in seconds: from a write within one turn of the loop to a pong that is overdue."""

ARMS = ("on", "off")
"""The two sides of a rollout: players with ``dual_connections`` on, and those with it off."""


@dataclass(slots=True)
class Durations:
    """A histogram of durations in seconds, with the extremes."""

    count: int = 0
    total: float = 0.0
    longest: float = 0.0
    shortest: float = 0.0
    buckets: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS) + 1))
    """How many fell below each bound and above the one before; the last one above all."""

    def add(self, seconds: float) -> None:
        """Count one."""
        self.shortest = seconds if not self.count else min(self.shortest, seconds)
        self.longest = max(self.longest, seconds)
        self.count += 1
        self.total += seconds
        self.buckets[bisect_left(BUCKETS, seconds)] += 1

    @property
    def average(self) -> float:
        """Mean in seconds; 0 when nothing was counted."""
        return self.total / self.count if self.count else 0.0

    def quantile(self, share: float) -> float | None:
        """The bound below which so many lie, as fine as the buckets are.

        Args:
            share: 0 to 1; 0.5 is the median.

        Returns:
            Seconds, the longest one where no bound is that high; ``None`` before the first.
        """
        if not self.count:
            return None
        reached = 0
        for bound, count in zip(BUCKETS, self.buckets, strict=False):
            reached += count
            if reached >= share * self.count:
                return min(bound, self.longest)
        return self.longest


@dataclass(slots=True)
class Experience:
    """What the players of one arm of a rollout went through on this node."""

    opened: int = 0
    closed: Counter[str] = field(default_factory=Counter)
    """By code name."""
    stalls: int = 0
    """Connections that became degraded."""
    losses: int = 0
    """Ranges of events that history no longer had for who came back."""
    takeovers: int = 0
    hidden_failovers: int = 0
    """Connections that broke while another one of the player carried on."""
    outages: int = 0
    """Connections that broke and left the player without any."""
    replaced: int = 0
    """Connections that a newer one of the same type replaced: the old rule."""


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
    arrivals: int = 0
    departures: int = 0
    health_changes: Counter[str] = field(default_factory=Counter)
    """By the verdict that a connection changed to."""
    health_checks: int = 0
    commands: int = 0
    losses: Counter[str] = field(default_factory=Counter)
    """By the reason for which history does not cover a connection."""
    resumes: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By how an opening connection's position was met, and the reason where it was not in full."""
    recoveries: Counter[str] = field(default_factory=Counter)
    """What clients tell of a connection that came back: the player ``noticed`` it or not
    (``hidden``)."""
    arms: dict[str, Experience] = field(default_factory=lambda: {arm: Experience() for arm in ARMS})
    """What the players of each arm of a rollout went through."""
    control_rejected: int = 0
    """Entries between nodes that were forged or repeated, and not acted upon."""
    errors: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By where they happened (``hook``, ``command``, ``housekeeping``, ...) and class."""
    establishment: dict[str, Durations] = field(
        default_factory=lambda: {"websocket": Durations(), "sse": Durations()}
    )
    """From the request to a connection that carries, by type."""
    publish: Durations = field(default_factory=Durations)
    """From the call until the engine has the event."""
    delivery: Durations = field(default_factory=Durations)
    """From an event's fan-out until a connection was written; see
    :class:`~dualwire.runtime.sampling.Sampling`."""
    report: Durations = field(default_factory=Durations)
    """From ``deliver`` to the last connection written."""
    acknowledgement: dict[str, Durations] = field(
        default_factory=lambda: {"at_once": Durations(), "in_time": Durations()}
    )
    """From an event's fan-out until a client's application has it: where an acknowledgement was
    asked for at once, and where it came when it was due."""
    round_trip: dict[str, Durations] = field(
        default_factory=lambda: {"websocket": Durations(), "sse": Durations()}
    )
    """From a ping of ours to its pong, by type."""
    disconnection: Durations = field(default_factory=Durations)
    """From our goodbye to the end of the transport."""
    session_switch: Durations = field(default_factory=Durations)
    """From a claim that takes over to the end of the old connections' work here."""
    health_check: Durations = field(default_factory=Durations)
    loop_lag: Durations = field(default_factory=Durations)
    """By how much the event loop was late for housekeeping."""
    collection: dict[str, Durations] = field(
        default_factory=lambda: {str(each): Durations() for each in range(3)}
    )
    """How long the garbage collector stopped everything, by generation."""

    def failed(self, where: str, error: BaseException | str) -> None:
        """Count an error.

        Args:
            where: the part of dualwire in which it surfaced.
            error: what; its class counts, or its name where it is none of Python's.
        """
        self.errors[where, error if isinstance(error, str) else type(error).__name__] += 1

    @property
    def takeovers(self) -> int:
        """Sessions that replaced another one."""
        return sum(each.takeovers for each in self.arms.values())

    @property
    def hidden_failovers(self) -> int:
        """Connections that broke while another one of the player carried on."""
        return sum(each.hidden_failovers for each in self.arms.values())

    @property
    def outages(self) -> int:
        """Connections that broke and left the player without any."""
        return sum(each.outages for each in self.arms.values())

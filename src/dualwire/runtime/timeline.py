"""The last minutes, second by second, for charts and rates."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from .stats import Stats

__all__ = ["Moment", "Timeline"]

MOMENTS = 300
"""Turns of housekeeping that are kept: five minutes."""


@dataclass(frozen=True, slots=True)
class Moment:
    """The counters of a node at one moment."""

    at: float
    """Wall-clock seconds."""
    websocket: int
    """WebSocket connections that are open."""
    sse: int
    """SSE connections that are open."""
    published: int
    """Events published so far; the following fields count from the node's start as well."""
    deliveries: int
    closed: int
    hidden_failovers: int
    outages: int
    losses: int
    errors: int
    loop_lag: float
    """Seconds that the loop was late in all."""


class Timeline:
    """The newest moments of one node."""

    def __init__(self) -> None:
        self._moments: deque[Moment] = deque(maxlen=MOMENTS)

    def take(self, wall: float, stats: Stats) -> None:
        """Keep this moment."""
        ended: dict[str, int] = {"websocket": 0, "sse": 0}
        for (kind, _), count in stats.closed.items():
            ended[kind] += count
        self._moments.append(
            Moment(
                at=wall,
                websocket=stats.opened["websocket"] - ended["websocket"],
                sse=stats.opened["sse"] - ended["sse"],
                published=stats.published.total(),
                deliveries=stats.deliveries,
                closed=sum(ended.values()),
                hidden_failovers=stats.hidden_failovers,
                outages=stats.outages,
                losses=stats.losses.total(),
                errors=stats.errors.total(),
                loop_lag=stats.loop_lag.total,
            )
        )

    @property
    def moments(self) -> Sequence[Moment]:
        """Oldest first."""
        return tuple(self._moments)

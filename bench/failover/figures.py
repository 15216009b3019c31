"""What one run showed, judged by the publisher's own numbers and times in the events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

__all__ = ["Arrival", "Figures", "observe"]


class Arrival(NamedTuple):
    """An event as the application got it. Times are of the machine's monotonic clock."""

    n: int
    at: float
    """When it was published."""
    got: float
    """When it reached the application."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One run."""

    published: int
    received: int
    """Different events."""
    lost: int
    repeated: int
    out_of_order: int
    gap_ms: float
    """The longest time between two events at the application."""
    latency_ms: float
    """The longest time from publishing to the application."""


def observe(published: int, arrivals: Sequence[Arrival]) -> Figures:
    """Judge what arrived.

    Args:
        published: how many events there were, numbered from 1.
        arrivals: in the order in which the application got them.
    """
    different = {each.n for each in arrivals}
    gaps = [after.got - before.got for before, after in pairwise(arrivals)]
    return Figures(
        published=published,
        received=len(different),
        lost=published - len(different),
        repeated=len(arrivals) - len(different),
        out_of_order=sum(after.n < before.n for before, after in pairwise(arrivals)),
        gap_ms=round(max(gaps, default=0.0) * 1000, 1),
        latency_ms=round(max((each.got - each.at for each in arrivals), default=0.0) * 1000, 1),
    )

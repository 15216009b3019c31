"""Attempts of strangers, counted by where they come from: proofs, logins, registrations.

In one process each count is a bucket of the core (:mod:`dualwire.core.limits`); the memory storage
of the ``limits`` package is not used, because it keeps every address that ever came, for ever, and
wakes a thread for each look. Where the engine is shared by several nodes, the counts are as well:
in Redis, by ``limits``.
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from ..abc import Clock
from ..core.limits import Buckets, Rate

__all__ = ["Attempts", "Limit"]

log = structlog.get_logger("dualwire")


@dataclass(frozen=True, slots=True)
class Limit:
    """How often something may be tried."""

    what: str
    """Names it among the others."""
    amount: int
    """So often, all at once if need be."""
    period: float
    """In so many seconds."""


class Attempts:
    """Counts attempts.

    Args:
        clock: time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buckets: dict[Limit, Buckets[str]] = {}

    async def take(self, limit: Limit, key: str) -> float:
        """Count an attempt.

        Args:
            limit: of what.
            key: whose; an address as a rule.

        Returns:
            Seconds after which there is room for another one; 0 when there was room for this one.
        """
        return max(0.0, self._of(limit).take(key, self._clock.now()))

    def wait(self, limit: Limit, key: str) -> float:
        """What :meth:`take` would return, as far as this node knows; nothing is counted."""
        return max(0.0, self._of(limit).wait(key, self._clock.now()))

    def _of(self, limit: Limit) -> Buckets[str]:
        found = self._buckets.get(limit)
        if found is None:
            rate = Rate(limit.amount / limit.period, limit.amount)
            found = self._buckets[limit] = Buckets(rate)
        return found

"""Attempts of strangers, counted by where they come from: proofs, logins, registrations.

The engine counts, so nodes that share one count together. In this process the memory engine does,
in buckets of the core: the memory storage of the ``limits`` package keeps every address that ever
came, for ever, and wakes a thread for each look.
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from ..abc import Clock, Engine
from ..exceptions import EngineError

__all__ = ["Attempts", "Limit"]

log = structlog.get_logger("dualwire")

KEPT = 10_000
"""Peers who are remembered as having to wait."""


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
        engine: counts them.
        clock: time.
    """

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self._waiting: dict[tuple[str, str], float] = {}

    async def take(self, limit: Limit, key: str) -> float:
        """Count an attempt.

        Args:
            limit: of what.
            key: whose; an address as a rule.

        Returns:
            Seconds after which there is room for another one; 0 when there was room for this one.
        """
        waiting = self.wait(limit, key)
        if waiting > 0.0:
            return waiting
        name = f"{limit.what}:{key}"
        try:
            wait = await self._engine.attempt(name, limit.amount, limit.period)
        except EngineError as error:
            # Nobody opens anything while it is away; what was tried meanwhile is forgiven.
            log.warning("attempt_not_counted", what=limit.what, cause=error.cause)
            return 0.0
        if wait > 0.0:
            if len(self._waiting) >= KEPT:
                self._waiting.clear()
            self._waiting[limit.what, key] = self._clock.now() + wait
        return wait

    def wait(self, limit: Limit, key: str) -> float:
        """Seconds that a peer has to wait, as far as this node knows; nothing is counted."""
        until = self._waiting.get((limit.what, key))
        if until is None:
            return 0.0
        wait = until - self._clock.now()
        if wait <= 0.0:
            del self._waiting[limit.what, key]
        return max(0.0, wait)

"""When to try again."""

from __future__ import annotations

from random import Random

__all__ = ["FIRST", "LONGEST", "delay"]

FIRST = 0.5
"""Seconds: the bound of the first wait, doubled by each further failure (Centrifugo: 0.5 s)."""

LONGEST = 20.0
"""Seconds that a wait is bound by (Centrifugo: 20 s)."""


def delay(rng: Random, failures: int, *, twin_lives: bool, retry_after: float | None) -> float:
    """Seconds to wait before the next try: full jitter, so that clients do not return in step.

    Args:
        rng: chance.
        failures: tries in a row that came to nothing before this one.
        twin_lives: the other connection is open, so the server is there: the first try is at once.
        retry_after: what the server asked for, in seconds; never less.
    """
    if twin_lives and failures == 0:
        chosen = 0.0
    else:
        # The exponent is bounded so that a long outage cannot overflow it.
        chosen = rng.uniform(0.0, min(LONGEST, FIRST * 2 ** min(failures, 10)))
    return chosen if retry_after is None else max(chosen, retry_after)

"""When to try again."""

from __future__ import annotations

from random import Random

__all__ = ["FIRST", "LONGEST", "delay", "delay_of_move"]

FIRST = 0.5
"""Seconds: the bound of the first wait, doubled by each further failure (Centrifugo: 0.5 s)."""

LONGEST = 20.0
"""Seconds that a wait is bound by (Centrifugo: 20 s)."""

FIRST_MOVE = 0.1
"""Seconds: the bound of the first wait of a connection that is asked to move."""

LONGEST_MOVE = 2.0
"""Seconds that such a wait is bound by: the node stops soon."""


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


def delay_of_move(rng: Random, failures: int, retry_after: float | None) -> float:
    """Seconds to wait before the next try to open a connection elsewhere, while the old one lives.

    Args:
        rng: chance.
        failures: tries that came to nothing before this one.
        retry_after: what the server asked for, in seconds; never less.
    """
    chosen = rng.uniform(0.0, min(LONGEST_MOVE, FIRST_MOVE * 2 ** min(failures, 10)))
    return chosen if retry_after is None else max(chosen, retry_after)

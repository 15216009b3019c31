"""What happens to a crowd, counted as it is done, so that the figures can be compared with it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from dualwire.testing.proxy import Fault

from .visitor import KINDS, Visitor

__all__ = ["Done", "trouble"]

SHARE = 1 / 50
"""Of the players who meet something in each second."""


@dataclass
class Done:
    """Counts of what was done."""

    broken: int = 0
    """Connections that were broken while the player had the other one."""
    both: int = 0
    """Times that both of a player's were broken at once."""
    slowed: int = 0
    """Connections that were delayed for a while; they live on."""
    takeovers: int = 0


async def trouble(visitors: Sequence[Visitor], seed: int, seconds: float, done: Done) -> None:
    """Disturb players for so many seconds, each in its own time."""
    rng, loop = Random(seed), asyncio.get_running_loop()  # noqa: S311 - reproducible, not secret
    until = loop.time() + seconds
    pause = 1.0 / (len(visitors) * SHARE)
    async with asyncio.TaskGroup() as group:
        while loop.time() < until:
            await asyncio.sleep(rng.uniform(0.0, 2.0 * pause))
            group.create_task(_disturb(rng.choice(visitors), rng, done))


async def _disturb(visitor: Visitor, rng: Random, done: Done) -> None:
    if not visitor.both_open:
        return  # It has enough to bear.
    kind, pick = rng.choice(KINDS), rng.random()
    if pick < 0.5:
        done.broken += visitor.hit(kind, Fault("reset"))
    elif pick < 0.65:
        # Nobody notices at first; what is lost on the way shows when it breaks.
        visitor.hit(kind, Fault("swallow"))
        await asyncio.sleep(rng.uniform(0.5, 3.0))
        done.broken += visitor.hit(kind, Fault("reset"))
    elif pick < 0.8:
        done.slowed += visitor.hit(kind, Fault("delay", rng.uniform(0.05, 0.5)))
        await asyncio.sleep(rng.uniform(1.0, 4.0))
        visitor.hit(kind, Fault("heal"))
    elif pick < 0.9:
        done.both += 1
        for each in KINDS:
            visitor.hit(each, Fault("reset"))
    else:
        await visitor.take_over()
        done.takeovers += 1

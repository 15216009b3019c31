"""One process that attacks: a server, its attacker and its bystander in one loop."""

from __future__ import annotations

import gc
import multiprocessing
import resource
import time
from multiprocessing.queues import Queue
from typing import TypeAlias

import uvloop

from .surfaces import SHARES, round_of
from .tally import SHOWN, Tally
from .world import attacked

__all__ = ["News", "attack"]

News: TypeAlias = "Queue[tuple[int, int, Tally | None]]"
"""Which process, how many inputs so far, and at its end everything."""


def attack(seconds: float, seed: str, only: list[str], number: int, news: News) -> None:
    """Attack for a while, in a process of its own.

    Args:
        seconds: how long.
        seed: the same one makes the same inputs, round by round.
        only: the surfaces.
        number: of this process.
        news: gets how far it is, and at the end everything.
    """
    uvloop.run(_fuzz(seconds, seed, only, number, news))


async def _fuzz(seconds: float, seed: str, only: list[str], number: int, news: News) -> None:
    """Attack in this process, and tell how it went."""
    tally, began, told, memory = Tally(), time.monotonic(), 0.0, 0
    async with attacked(seed) as world:
        rounds = dict.fromkeys(only, 0)
        tally.spent.update(dict.fromkeys(only, 0))
        while (elapsed := time.monotonic() - began) < seconds and len(world.findings) < SHOWN:
            # Whoever had the least of its share is next.
            name = min(only, key=lambda each: tally.spent[each] / SHARES.get(each, 1.0))
            turn = time.monotonic()
            rounds[name] += await round_of(world, name, rounds[name])
            # Rounded up: else the fastest would be next for ever.
            tally.spent[name] += int((time.monotonic() - turn) * 1000) + 1
            await world.say()
            if elapsed - told >= 1.0:
                told = elapsed
                news.put((number, world.inputs.total(), None))
                parent = multiprocessing.parent_process()
                if parent is None or not parent.is_alive():
                    return  # Nobody wants to know any more.
            if not memory and elapsed > seconds / 4:
                memory = _resident()
        await world.calm_down()
        gc.collect()
    tally.inputs, tally.statuses = world.inputs, world.statuses
    tally.heard, tally.said, tally.findings = len(world.received), world.sent, world.findings
    tally.grown = (_resident() - memory) / 1024 if memory else 0.0
    news.put((number, world.inputs.total(), tally))


def _resident() -> int:
    """The most memory that this process had, in KB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

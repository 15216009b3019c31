"""``make fuzz``: every surface in turn, until the time is over; exit 1 for a finding."""

from __future__ import annotations

import argparse
import asyncio
import gc
import resource
import secrets
import sys
import time

from rich.console import Console
from rich.table import Table

from .surfaces import SURFACES
from .world import World, attacked

SHOWN = 20
"""Findings that are printed in full."""


async def fuzz(seconds: float, seed: int, only: list[str], console: Console) -> int:
    """Attack; the number of findings."""
    async with attacked(seed) as world:
        spent = dict.fromkeys(only, 0.0)
        began, told, memory = time.monotonic(), 0.0, 0
        while (elapsed := time.monotonic() - began) < seconds and len(world.findings) < SHOWN:
            # Whoever had the least time is next, so that all have the same.
            name = min(spent, key=spent.__getitem__)
            turn = time.monotonic()
            await SURFACES[name](world)
            spent[name] += time.monotonic() - turn
            await world.say()
            if elapsed - told >= 15.0:
                told = elapsed
                console.print(
                    f"{elapsed:5.0f} s  {world.inputs.total():>10,} inputs  "
                    f"{len(world.findings)} findings",
                    highlight=False,
                )
                if not memory and elapsed > seconds / 4:
                    memory = _resident()
        await world.calm_down()
        gc.collect()
        _print(world, spent, console)
        if memory:
            grown = (_resident() - memory) / 1024
            console.print(f"memory: {grown:+.1f} MB in the last three quarters", highlight=False)
        return len(world.findings)


def _resident() -> int:
    """The most memory that this process had, in KB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _print(world: World, spent: dict[str, float], console: Console) -> None:
    table = Table("surface", "inputs", "seconds")
    for name, seconds in spent.items():
        table.add_row(name, f"{world.inputs[name]:,}", f"{seconds:.0f}")
    table.add_row("all", f"{world.inputs.total():,}", f"{sum(spent.values()):.0f}")
    console.print(table)
    answers = ", ".join(f"{status}: {count:,}" for status, count in sorted(world.statuses.items()))
    console.print(f"answers: {answers}", highlight=False)
    console.print(f"bystander: {len(world.received):,} of {world.sent:,} events, each once")
    for finding in dict.fromkeys(world.findings[:SHOWN]):
        console.rule("finding")
        console.print(finding, markup=False, highlight=False, soft_wrap=True)
    console.print(f"findings: {len(world.findings)}", highlight=False)


def main() -> None:
    """Attack for a while."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--seed", type=int, default=None, help="for the same inputs again")
    parser.add_argument("--surface", action="append", choices=sorted(SURFACES), default=[])
    given = parser.parse_args()
    seed = given.seed if given.seed is not None else secrets.randbits(32)
    console = Console()
    console.print(f"seed {seed}", highlight=False)
    only = given.surface or list(SURFACES)
    sys.exit(1 if asyncio.run(fuzz(given.seconds, seed, only, console)) else 0)


if __name__ == "__main__":
    main()

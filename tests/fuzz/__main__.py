"""``make fuzz``: every surface in turn, until the time is over; exit 1 for a finding.

One process for each processor, each with a server, an attacker and a bystander of its own, since a
server and its attacker share one.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import queue
import secrets
import sys
import time

from rich.console import Console

from .attacker import News, attack
from .surfaces import SURFACES
from .tally import Tally

TOLD_EVERY = 15.0
"""Seconds between two words about how far it is."""

GRACE = 180.0
"""Seconds that a process may take to calm down after its time."""


def run(seconds: float, seed: int, only: list[str], processes: int, console: Console) -> Tally:
    """Attack in several processes; what they counted together."""
    context = multiprocessing.get_context("spawn")
    news: News = context.Queue()
    children = [
        context.Process(target=attack, args=(seconds, f"{seed}.{n}", only, n, news), daemon=True)
        for n in range(processes)
    ]
    for child in children:
        child.start()
    total, so_far, told, began = Tally(), dict.fromkeys(range(processes), 0), 0.0, time.monotonic()
    left = set(range(processes))
    while left:
        elapsed = time.monotonic() - began
        try:
            number, inputs, tally = news.get(timeout=1.0)
        except queue.Empty:
            dead = [n for n in left if not children[n].is_alive()]
            if dead or elapsed > seconds + GRACE:
                total.findings += [f"process {n} ended without a result" for n in dead or left]
                break
            continue
        so_far[number] = inputs
        if tally is not None:
            total.add(tally)
            left.discard(number)
        elif elapsed - told >= TOLD_EVERY:
            told = elapsed
            done = f"{elapsed:5.0f} s of {seconds:.0f}  {sum(so_far.values()):>10,} inputs"
            console.print(done, highlight=False)
    for child in children:
        child.join(5.0)
        child.kill()
    return total


def main() -> None:
    """Attack for a while."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--seed", type=int, default=None, help="for the same inputs again")
    parser.add_argument("--surface", action="append", choices=sorted(SURFACES), default=[])
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    seed = given.seed if given.seed is not None else secrets.randbits(32)
    console = Console()
    console.print(f"seed {seed}, {given.processes} processes", highlight=False)
    only = given.surface or list(SURFACES)
    total = run(given.seconds, seed, only, given.processes, console)
    total.print(console)
    sys.exit(1 if total.findings else 0)


if __name__ == "__main__":
    main()

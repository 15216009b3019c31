"""The core's fan-out: measure, print a table, keep the figures."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Sequence
from dataclasses import asdict

from rich.console import Console
from rich.progress import track
from rich.table import Table

from dualwire.logs import configure_logging

from .openings import Opening, measure_openings
from .reports import keep, silence_log
from .sink import Figure, conditions, measure

__all__ = ["main"]

SIZES = (1, 100, 1_000, 10_000)
DELIVERIES = 500_000
OPENINGS = 2_000
ROUNDS = 5
"""The figures are those of the median round."""


def main() -> None:
    """Measure the core."""
    silence_log()
    console = Console()
    figures = [_median(size) for size in track(SIZES, "Fan-out", console=console, transient=True)]
    table = Table("connections", "deliveries", "µs CPU/delivery", "µs CPU/publish", "deliveries/s")
    for each in figures:
        table.add_row(
            f"{each.connections:,}",
            f"{each.deliveries:,}",
            f"{each.cpu_us_per_delivery:.3f}",
            f"{each.cpu_us_per_publish:,.1f}",
            f"{each.deliveries_per_second:,}",
        )
    console.print(table)
    # As a server whose log has only errors.
    configure_logging("error", for_good=True)
    openings = measure_openings(OPENINGS)
    console.print(_openings(openings))
    report = {
        "loop": "asyncio",
        "rounds": ROUNDS,
        "figures": conditions(figures),
        "openings": [asdict(each) for each in openings],
    }
    keep("core", report, console)


def _openings(openings: Sequence[Opening]) -> Table:
    table = Table("an opening, µs CPU", *(each.kind for each in openings))
    table.add_row("new player, new token", *(f"{each.new_us:,.0f}" for each in openings))
    table.add_row("the same once more", *(f"{each.back_us:,.0f}" for each in openings))
    for name in openings[0].steps_us:
        table.add_row(f"of a new one: {name}", *(f"{e.steps_us[name]:,.0f}" for e in openings))
    return table


def _median(size: int) -> Figure:
    # One publish to nobody but one costs the most by far, so it is done less often.
    deliveries = min(DELIVERIES // ROUNDS, size * 5_000)
    rounds = []
    for _ in range(ROUNDS):
        gc.collect()
        rounds.append(asyncio.run(measure(size, deliveries)))
    return sorted(rounds, key=lambda figure: figure.cpu_us_per_delivery)[ROUNDS // 2]

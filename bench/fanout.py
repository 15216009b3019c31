"""``python -m bench``: measure, print a table, keep the figures in ``bench/results/``."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import platform
import time
from pathlib import Path

import structlog
from rich.console import Console
from rich.progress import track
from rich.table import Table

from dualwire import __version__

from .core import Figure, conditions, measure

RESULTS = Path(__file__).parent / "results"
SIZES = (1, 100, 1_000, 10_000)
DELIVERIES = 500_000
ROUNDS = 5
"""The figures are those of the median round."""


def main() -> None:
    """Measure the core."""
    structlog.configure(processors=[_drop])
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
    RESULTS.mkdir(exist_ok=True)
    target = RESULTS / "core.json"
    target.write_text(json.dumps(_report(figures), indent=2) + "\n")
    console.print(f"Kept in {target}", highlight=False)


def _median(size: int) -> Figure:
    # One publish to nobody but one costs the most by far, so it is done less often.
    deliveries = min(DELIVERIES // ROUNDS, size * 5_000)
    rounds = []
    for _ in range(ROUNDS):
        gc.collect()
        rounds.append(asyncio.run(measure(size, deliveries)))
    return sorted(rounds, key=lambda figure: figure.cpu_us_per_delivery)[ROUNDS // 2]


def _report(figures: list[Figure]) -> dict[str, object]:
    return {
        "name": "core",
        "dualwire": __version__,
        "python": platform.python_version(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "loop": "asyncio",
        "at": round(time.time()),
        "rounds": ROUNDS,
        "figures": conditions(figures),
    }


def _drop(*_: object) -> dict[str, object]:
    raise structlog.DropEvent


if __name__ == "__main__":
    main()

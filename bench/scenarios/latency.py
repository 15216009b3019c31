"""``python -m bench latency``: how long a message takes from its publisher to a connection."""

from __future__ import annotations

from rich.table import Table

from ..load import Figures, Lane, Load
from .fanout import list_of_cases
from .runs import Options, alternate, finish, progress, ratio, serving

__all__ = ["latency"]

RATES = (10, 50)
"""Messages per second."""
LANES: tuple[Lane, ...] = ("ws", "sse")


def p50(run: Figures) -> float:
    """Half of the deliveries are no later, in milliseconds."""
    return run.p50_us / 1000


def p99(run: Figures) -> float:
    """Of a hundred deliveries one is later, in milliseconds."""
    return run.p99_us / 1000


async def latency(options: Options) -> int:
    """Measure, print, keep; the exit code."""
    missed: list[str] = []
    sizes = options.connections or ((50,) if options.quick else (100, 1_000))
    async with serving(options, missed) as servers:
        plan = [
            (
                served,
                f"{lane} {size:,}, {rate}/s",
                Load(
                    connections=size,
                    lane=lane,
                    rate=rate,
                    seconds=options.seconds,
                    settle=options.settle,
                ),
            )
            for size in sizes
            for rate in (RATES[:1] if options.quick or size < 1_000 else RATES)
            for lane in LANES
            for served in servers
            if lane == "ws" or served.sse
        ]
        plan = [each for each in plan if each[0].name != "python-socketio"]
        with progress(options.console, len(plan) * options.rounds) as advance:
            found = await alternate(plan, options.rounds, advance)
    table = Table("case", "server", title="Latency", title_justify="left")
    for name in ("p50 ms", "p99 ms", "ours ÷ its p50", "p99"):
        table.add_column(name, justify="right")
    cases, rows = list_of_cases(found), []
    for each in sorted(found.values(), key=lambda each: cases.index(each.case)):
        ours = found.get(("dualwire", each.case)) if each.server != "dualwire" else None
        compared = [ratio(ours, each, figure) for figure in (p50, p99)]
        table.add_row(
            each.case,
            each.server,
            f"{each.of(p50):.2f}",
            f"{each.of(p99):.2f}",
            *("" if value is None else f"{value:.2f}" for value in compared),
        )
        rows.append(each.as_json() | {"ours_to_its_p50_p99": compared})
    options.console.print(table)
    return finish("latency", {"outcomes": rows}, missed, options)

"""``python -m bench personal``: one message to one player, all players in turn."""

from __future__ import annotations

from dataclasses import replace

from rich.table import Table

from ..load import Load
from ..peers import Served
from .fanout import cpu, list_of_cases
from .runs import Options, alternate, finish, progress, ratio, serving

__all__ = ["personal"]

ROUNDS = 100
PUBLISHERS = 4
INSIDE, POSTED = "sent by the server", "POSTed"


async def personal(options: Options) -> int:
    """Measure, print, keep; the exit code."""
    missed: list[str] = []
    sizes = options.connections or ((100,) if options.quick else (1_000,))
    async with serving(options, missed) as servers:
        plan = [
            each for size in sizes for served in servers for each in _plan(served, size, options)
        ]
        with progress(options.console, len(plan) * options.rounds) as advance:
            found = await alternate(plan, options.rounds, advance)
    table = Table("case", "server", title="Personal messages", title_justify="left")
    for name in ("CPU µs/delivery", "deliveries/s", "p50 ms", "p99 ms", "ours ÷ its"):
        table.add_column(name, justify="right")
    cases = list_of_cases(found)
    rows = []
    for each in sorted(found.values(), key=lambda each: cases.index(each.case)):
        ours = found.get(("dualwire", each.case))
        compared = ratio(ours, each, cpu) if each.server != "dualwire" else None
        table.add_row(
            each.case,
            each.server,
            f"{each.of(cpu):.2f}",
            f"{each.of(lambda run: run.rate):,.0f}",
            f"{each.of(lambda run: run.p50_us) / 1000:.1f}",
            f"{each.of(lambda run: run.p99_us) / 1000:.1f}",
            "" if compared is None else f"{compared:.2f}",
        )
        rows.append(each.as_json() | {"ours_to_its": compared})
    options.console.print(table)
    return finish("personal", {"outcomes": rows}, missed, options)


def _plan(served: Served, size: int, options: Options) -> list[tuple[Served, str, Load]]:
    load = Load(connections=size, settle=options.settle, seconds=options.seconds)
    plan = []
    rounds = 5 if options.quick else ROUNDS
    if served.drives:
        inside = replace(
            load, drive=f"/drive?players={size}&rounds={rounds}", expected=size * rounds
        )
        plan.append((served, f"{size:,}, {INSIDE}", inside))
        if served.name == "dualwire":
            both = replace(inside, lane="both", drive=f"/drive?players={size // 2}&rounds={rounds}")
            plan.append((served, f"{size:,}, both, {INSIDE}", both))
    if served.personal is not None:
        posted = replace(load, rate=0.0, publishers=PUBLISHERS, publish=served.personal)
        where = replace(served, websocket=served.personal_websocket or served.websocket)
        plan.append((where, f"{size:,}, {POSTED}", posted))
    return plan

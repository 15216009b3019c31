"""``python -m bench personal``: one message to one player, all players in turn."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, replace

from rich.console import Console
from rich.table import Table

from ..load import Figures, Load
from ..peers import Served
from ..peers.ours.app import EXISTING
from .fanout import cpu, list_of_cases
from .runs import Options, alternate, finish, progress, ratio, serving

__all__ = ["personal"]

ROUNDS = 100
PUBLISHERS = 4
INSIDE, POSTED = "sent by the server", "POSTed"
CROWD, SAID = 10_000, 5.0
"""Players of the room that is flushed meanwhile, and messages per second to all of them."""
LISTENERS, LETTERS = 100, 200.0
"""Players beside it, and messages per second to one of them each."""


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
        crowd = 200 if options.quick else CROWD
        beside = {size: await _beside(servers[0], size, options) for size in (0, crowd)}
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
    _tell_beside(beside, options.console)
    others = [{"crowd": size, **asdict(run)} for size, run in beside.items()]
    return finish("personal", {"outcomes": rows, "beside_a_crowd": others}, missed, options)


async def _beside(served: Served, crowd: int, options: Options) -> Figures:
    """Personal messages to a few, while a room of many others is flushed again and again."""
    who = f"token={EXISTING}-%d"
    apart = replace(
        served,
        websocket=served.websocket.replace("token=p%d", who),
        personal=f"/pub?player={EXISTING}-%d",
    )
    letters = Load(
        connections=LISTENERS,
        rate=LETTERS,
        seconds=2 * options.seconds,
        settle=options.settle,
        publish=apart.personal,
    )
    if not crowd:
        return await letters.run(apart)
    loud = Load(
        connections=crowd, rate=SAID, seconds=8 * options.seconds, settle=options.settle, window=256
    )
    talking = asyncio.create_task(loud.run(served))
    # Most of the crowd is there by then, and it is told something until long after.
    await asyncio.sleep(4 * options.seconds)
    found = await letters.run(apart)
    await talking
    return found


def _tell_beside(beside: Mapping[int, Figures], console: Console) -> None:
    table = Table("beside", title="Personal messages beside a crowd", title_justify="left")
    for name in ("p50 ms", "p99 ms", "longest ms"):
        table.add_column(name, justify="right")
    for size, run in beside.items():
        times = (run.p50_us, run.p99_us, run.max_us)
        what = f"a room of {size:,}, {SAID:.0f} messages/s" if size else "nobody"
        table.add_row(what, *(f"{each / 1000:.1f}" for each in times))
    console.print(table)


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

"""``python -m bench resume``: what coming back costs, by how much was missed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, replace
from statistics import median

import httpx
from rich.table import Table

from ..load import Figures, Lane, Load
from ..peers import Served
from .runs import Options, finish, progress, serving

__all__ = ["resume"]

CONNECTIONS = 200
MISSED = (0, 10, 100, 1_000)
LANES: tuple[Lane, ...] = ("ws", "sse")
EVENT = {"type": "chat", "m": "T=0000000000000000001;" + "x" * 155}
"""As long as in the other scenarios: 200 bytes."""
AWAY = 0.3
"""Seconds between a leave-taking and what is missed."""


async def resume(options: Options) -> int:
    """Measure, print, keep; the exit code."""
    missed: list[str] = []
    count = (options.connections or (20 if options.quick else CONNECTIONS,))[0]
    amounts = MISSED[:2] if options.quick else MISSED
    found: dict[tuple[Lane, int], list[Figures]] = {}
    # No peer knows how to come back in the same way.
    async with serving(replace(options, peers=()), missed) as (served,):
        with progress(options.console, len(LANES) * len(amounts) * options.rounds) as advance:
            for _ in range(options.rounds):
                for lane in LANES:
                    for amount in amounts:
                        run = await _return(served, lane, count, amount)
                        found.setdefault((lane, amount), []).append(run)
                        advance(f"{lane}, {amount:,} missed")
    for (lane, amount), runs in found.items():
        behind = max(amount * count - each.delivered for each in runs)
        if behind > 0 or any(each.failed for each in runs):
            missed.append(f"everything missed, {lane}, {amount:,} events: {behind:,} are not there")
    options.console.print(_table(found))
    options.console.print(
        f"{count:,} players come back into their sessions, and so many events of 200 bytes were "
        "said in their room meanwhile. Opening without anything missed is the first row.",
        style="dim",
        highlight=False,
        soft_wrap=True,
    )
    rows = [
        {"lane": lane, "missed": amount, "runs": [asdict(each) for each in runs]}
        for (lane, amount), runs in found.items()
    ]
    return finish("resume", {"outcomes": rows}, missed, options)


async def _return(served: Served, lane: Lane, count: int, amount: int) -> Figures:
    load = Load(connections=count, lane=lane, seconds=0.0, settle=AWAY)
    await load.run(served)
    await asyncio.sleep(AWAY)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{served.port}") as http:
        for _ in range(amount):
            (await http.post("/pub", json=EVENT)).raise_for_status()
    return await replace(load, expected=amount * count).run(served)


def _table(found: dict[tuple[Lane, int], list[Figures]]) -> Table:
    table = Table("lane", "missed", title="Resume", title_justify="left")
    for name in ("caught up after ms", "CPU µs/connection", "CPU µs/event", "events/s"):
        table.add_column(name, justify="right")
    for (lane, amount), runs in found.items():
        base = _cpu(found[lane, 0])
        cpu, took = _cpu(runs), median(each.caught_up_seconds for each in runs)
        opened = median(each.opened for each in runs)
        table.add_row(
            lane,
            f"{amount:,}",
            f"{took * 1000:,.0f}" if amount else "",
            f"{cpu:,.0f}",
            f"{max(0.0, cpu - base) / amount:.2f}" if amount else "",
            f"{amount * opened / took:,.0f}" if amount and took else "",
        )
    return table


def _cpu(runs: Sequence[Figures]) -> float:
    return median(each.caught_up_cpu / max(1, each.opened) for each in runs) * 1e6

"""``python -m bench fanout``: one message to many connections."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from functools import partial
from typing import Any

from rich.console import Console
from rich.table import Column, Table

from ..children import ChildError
from ..load import Figures, Lane, Load, build
from ..peers import Served, ours
from ..reports import keep, targets
from .runs import Options, Outcome, alternate, finish, progress, ratio, serving

__all__ = ["fanout"]

PACED = 100_000
"""Deliveries per second, where they are paced."""
ASIDE = 16
"""Publishers of the other flat-out run: with many at a time every server joins messages."""
PUBLISHING = ("100 k/s", "flat out", f"flat out by {ASIDE}")
GROWTH = (100, 10_000)
LANES: tuple[Lane, ...] = ("ws", "sse", "both")

Found = Mapping[tuple[str, str], Outcome]


def cpu(run: Figures) -> float:
    """CPU µs per delivery."""
    return run.cpu_us


def per_core(run: Figures) -> float:
    """Deliveries per second of the server's CPU: what one core does, whoever else runs on it."""
    return run.delivered / run.cpu if run.cpu else 0.0


async def fanout(options: Options) -> int:
    """Measure, print, keep, judge; the exit code."""
    missed: list[str] = []
    sizes = options.connections or ((100,) if options.quick else (1_000,))
    grows = not options.quick and options.connections is None
    async with serving(options, missed) as servers, _encrypted(options) as encrypted:
        plan = [each for size in sizes for each in _plan([*servers, *encrypted], size, options)]
        growth = _growth(servers, options) if grows else []
        count = (len(plan) + len(growth)) * options.rounds
        with progress(options.console, count) as advance:
            found = await alternate(
                plan, options.rounds, advance, partial(_keep_unfinished, options)
            )
            found |= await alternate(growth, options.rounds, advance)
    options.console.print(_table(found))
    for line in (
        f"{PACED // 1000} k/s: paced. Flat out: 1 publisher, or {ASIDE}, each publishing as soon "
        "as its last POST is answered. CPU µs: per delivery, the server's, user and system, "
        "publishing included.",
        "Loop, collector: the longest pauses of all rounds, of our own server. "
        "Per core: deliveries per second of the server's CPU. ours ÷ its: median of paired runs, "
        "of CPU where paced, of deliveries per core flat out. Absolute figures are noise while "
        "other programs run here.",
    ):
        options.console.print(line, style="dim", highlight=False, soft_wrap=True)
    if not options.quick:
        for size in sizes:
            missed += _judged(found, size)
        missed += _grown(found) if grows else []
    report = {"message_bytes": 200, "protocol": "dualwire.v1", "targets": targets("fanout")}
    outcomes = [each.as_json() | {"ours_to_its": _to_ours(found, each)} for each in found.values()]
    return finish("fanout", report | {"outcomes": outcomes}, missed, options)


@contextlib.asynccontextmanager
async def _encrypted(options: Options) -> AsyncIterator[list[Served]]:
    """Ourselves with TLS, for the record: nothing is judged by it."""
    try:
        await build(tls=True)
    except ChildError as error:
        options.console.print(f"Without TLS: {error}", style="yellow", soft_wrap=True)
        yield []
        return
    async with ours.started(tls=True) as served:
        yield [served]


def _keep_unfinished(options: Options, found: Found) -> None:
    """What there is after a round: a bench that is cut off leaves that."""
    if not options.quick:
        outcomes = [each.as_json() for each in found.values()]
        keep("fanout-unfinished", {"outcomes": outcomes}, Console(quiet=True))


def _plan(servers: Sequence[Served], size: int, options: Options) -> list[tuple[Served, str, Load]]:
    plan = []
    for lane in LANES:
        for publishing in PUBLISHING[: 3 if lane == "ws" else 1 if options.quick else 2]:
            for served in servers:
                if served.tls and (lane == "both" or "flat" in publishing):
                    continue
                if (lane == "ws" or served.sse) and (lane != "both" or served.name == "dualwire"):
                    load = Load(
                        connections=size,
                        lane=lane,
                        rate=PACED / size if publishing == "100 k/s" else 0.0,
                        publishers=ASIDE if "by" in publishing else 1,
                        seconds=options.seconds,
                        settle=options.settle,
                    )
                    plan.append((served, f"{lane} {size:,} {publishing}", load))
    return plan


def _growth(servers: Sequence[Served], options: Options) -> list[tuple[Served, str, Load]]:
    return [
        (
            served,
            f"ws {size:,} 100 k/s",
            Load(connections=size, rate=PACED / size, seconds=options.seconds),
        )
        for size in GROWTH
        for served in servers
        if served.name in ("dualwire", "bun")
    ]


def _to_ours(found: Found, each: Outcome) -> float | None:
    if each.server == "dualwire":
        return None
    ours = found.get(("dualwire", each.case))
    return ratio(ours, each, cpu if "100 k/s" in each.case else per_core)


def _table(found: Found) -> Table:
    table = Table(Column("case", no_wrap=True), "server", title="Fan-out", title_justify="left")
    names = (
        "CPU µs/delivery",
        "kernel's",
        "deliveries/s",
        "per core",
        "p50 ms",
        "p99 ms",
        "loop ms",
        "collector ms",
        "lost",
        "ours ÷ its",
    )
    for name in names:
        table.add_column(name, justify="right")
    before = ""
    for each in sorted(found.values(), key=lambda each: list_of_cases(found).index(each.case)):
        if before and each.case != before:
            table.add_section()
        compared = _to_ours(found, each)
        lost = each.of(_lost)
        table.add_row(
            each.case if each.case != before else "",
            each.server,
            f"{each.of(cpu):.2f}",
            f"{each.of(lambda run: run.kernel_us):.2f}",
            f"{each.of(lambda run: run.rate):,.0f}",
            f"{each.of(per_core):,.0f}",
            f"{each.of(lambda run: run.p50_us) / 1000:.1f}",
            f"{each.of(lambda run: run.p99_us) / 1000:.1f}",
            _worst([run.worst_loop_ms for run in each.runs]),
            _worst([run.worst_collector_ms for run in each.runs]),
            f"{lost:,.0f}",
            "" if compared is None else f"{compared:.2f}",
        )
        before = each.case
    return table


def _worst(pauses: Sequence[float | None]) -> str:
    known = [each for each in pauses if each is not None]
    return f"{max(known):.1f}" if known else ""


def list_of_cases(found: Found) -> list[str]:
    """Cases in the order in which they were planned."""
    return list(dict.fromkeys(case for _, case in found))


def _lost(run: Figures) -> float:
    return float(run.published * run.opened - run.delivered)


def _judged(found: Found, size: int) -> list[str]:
    wanted: dict[str, Any] = targets("fanout")
    paced, flat = f"{size:,} 100 k/s", f"{size:,} flat out"
    missed = []

    def judge(what: str, value: float | None, limit: float, *, at_least: bool = False) -> None:
        if value is not None and (value < limit if at_least else value > limit):
            word = "at least" if at_least else "at most"
            missed.append(f"{what}: {value:.2f}, {word} {limit:.2f} is wanted")

    for peer in ("nchan", "bun"):
        ours, theirs = found.get(("dualwire", f"ws {paced}")), found.get((peer, f"ws {paced}"))
        most = wanted[f"cpu_to_{peer}"]
        judge(f"CPU per delivery by {peer}'s, ws {paced}", ratio(ours, theirs, cpu), most)
        ours, theirs = found.get(("dualwire", f"ws {flat}")), found.get((peer, f"ws {flat}"))
        what = f"deliveries per core by {peer}'s, ws {flat}"
        judge(what, ratio(ours, theirs, per_core), wanted["flat_out"], at_least=True)
    sse, ws = found.get(("dualwire", f"sse {paced}")), found.get(("dualwire", f"ws {paced}"))
    judge(f"CPU of SSE by WebSocket's, {paced}", ratio(sse, ws, cpu), wanted["sse_cpu"])
    sse, ws = found.get(("dualwire", f"sse {flat}")), found.get(("dualwire", f"ws {flat}"))
    what = f"deliveries per core of SSE by WebSocket's, {flat}"
    judge(what, ratio(sse, ws, per_core), wanted["sse_flat_out"], at_least=True)
    for (server, case), each in found.items():
        if server == "dualwire" and any(_lost(run) for run in each.runs):
            missed.append(f"every delivery, {case}: {max(map(_lost, each.runs)):,.0f} are missing")
    return missed


def _grown(found: Found) -> list[str]:
    """The cost per delivery may grow with the connections no more than Bun's does."""
    small, large = (f"ws {size:,} 100 k/s" for size in GROWTH)
    growth = {
        server: ratio(found.get((server, large)), found.get((server, small)), cpu)
        for server in ("dualwire", "bun")
    }
    ours, theirs = growth["dualwire"], growth["bun"]
    if ours is None or theirs is None or ours <= theirs:
        return []
    return [
        f"growth of CPU per delivery from {GROWTH[0]} to {GROWTH[1]:,} connections: "
        f"{ours:.2f} times, Bun's is {theirs:.2f} times"
    ]

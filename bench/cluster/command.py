"""``python -m bench cluster``."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from dualwire.client import Client

from ..children import ChildError
from ..failover.figures import Figures
from ..reports import keep, silence_log, targets, verdict
from ..scenarios.runs import allow_files, progress
from .cost import CASES, costs, judged
from .course import Course, Happening, Stage, holding, staged
from .processes import cluster

__all__ = ["Case", "measure_cluster", "missed_by"]

PAIRS = 5
ROUNDS = 3
PLAYERS = 3
RATE = 200.0
COURSE = Course()
SHORT = Course(before=0.3, after=0.5)
MIDDLE = 2.0
"""Seconds that the middle of an undisturbed run takes."""
GRACE = "3"
"""Seconds that a node may drain. A client needs 0.1 s to open elsewhere; plain ones need all."""

Advance = Callable[[str], None]


@dataclass
class Case:
    """All pairs of one kind; a pair has the figures of each player, in the same order."""

    name: str
    undisturbed: list[list[Figures]] = field(default_factory=list)
    disturbed: list[list[Figures]] = field(default_factory=list)

    def total(self, name: str) -> int:
        """A count over all runs."""
        runs = (*self.disturbed, *self.undisturbed)
        return sum(getattr(each, name) for run in runs for each in run)

    @staticmethod
    def gap(run: Sequence[Figures]) -> float:
        """The longest gap that any player of a run met, in ms."""
        return max(each.gap_ms for each in run)


async def measure_cluster(console: Console, *, quick: bool) -> int:
    """Measure, print, keep, judge.

    Args:
        console: where to.
        quick: one short pair of each case, gaps not judged, no peer.

    Returns:
        The exit code.
    """
    silence_log()
    allow_files()
    wanted, missed = targets("cluster"), []
    pairs, course = (1, SHORT) if quick else (PAIRS, COURSE)
    count = 4 * pairs + (0 if quick else 2 * ROUNDS * len(CASES))
    found: dict[Any, Any] = {}
    versions: dict[str, str] = {}
    with progress(console, count) as advance:
        cases = await _restarts(pairs, course, advance)
        if not quick:
            try:
                found, versions = await costs(ROUNDS, advance)
            except ChildError as error:
                missed.append(f"Socket.IO as a peer: {error}")
    console.print(_table(cases))
    if found:
        console.print(_cost_table(found))
    _explain(console, quick=quick)
    missed += missed_by(cases, wanted, timing=not quick)
    missed += judged(found, wanted["deliveries_per_cpu"]) if found else []
    report = {
        "quick": quick,
        "nodes": 3,
        "players": PLAYERS,
        "rate": RATE,
        "targets": wanted,
        "versions": versions,
        "missed": missed,
        "cases": [
            {
                "name": each.name,
                "undisturbed": [[asdict(f) for f in run] for run in each.undisturbed],
                "disturbed": [[asdict(f) for f in run] for run in each.disturbed],
            }
            for each in cases
        ],
        "costs": [
            {"server": server, "case": case, "runs": [each.as_json() for each in runs]}
            for (server, case), runs in found.items()
        ],
    }
    keep("cluster-quick" if quick else "cluster", report, console)
    return verdict(missed, console)


async def _restarts(pairs: int, course: Course, advance: Advance) -> list[Case]:
    secret = secrets.token_urlsafe(32)
    killed, rolled = Case("kill -9 of a node"), Case("rolling restart of all")
    async with (
        cluster(secret, {"DUALWIRE_DRAIN_GRACE": GRACE}) as nodes,
        staged(nodes, secret) as stage,
    ):
        for number in range(pairs):
            await _pair(stage, killed, course, _kill(stage, number), advance)
            for node in nodes.nodes:
                if not node.running:
                    await node.start()
            await _pair(stage, rolled, course, _roll(stage), advance)
    return [killed, rolled]


async def _pair(
    stage: Stage, case: Case, course: Course, happening: Happening, advance: Advance
) -> None:
    # The disturbed one first: the undisturbed one is to take as long.
    figures, middle = await stage.run(course, PLAYERS, RATE, happening, MIDDLE)
    case.disturbed.append(figures)
    advance(case.name)
    middle = max(middle, MIDDLE)
    figures, _ = await stage.run(course, PLAYERS, RATE, None, middle)
    case.undisturbed.append(figures)
    advance(f"{case.name}: undisturbed")


def _kill(stage: Stage, number: int) -> Happening:
    """Kill the node that holds the first player's WebSocket, or in the next run its SSE stream."""

    async def kill(clients: Sequence[Client]) -> None:
        kind: Any = ("websocket", "sse")[number % 2]
        await holding(stage.cluster.nodes, clients[0], kind).kill()

    return kill


def _roll(stage: Stage) -> Happening:
    async def roll(_: Sequence[Client]) -> None:
        await stage.cluster.rolling_restart()

    return roll


def missed_by(cases: Sequence[Case], wanted: dict[str, Any], *, timing: bool) -> list[str]:
    """Name each target that was missed.

    Args:
        cases: what was measured.
        wanted: of ``targets.toml``.
        timing: whether there were runs enough to judge gaps.
    """
    missed = []
    for case in cases:
        for name in ("lost", "repeated"):
            if case.total(name) > wanted[name]:
                missed.append(f"{case.name}: {name} {case.total(name)}, target {wanted[name]}")
        before = [Case.gap(run) for run in case.undisturbed]
        after = [Case.gap(run) for run in case.disturbed]
        over = median(
            disturbed - max(gap * wanted["gap_ratio"], gap + wanted["gap_slack_ms"])
            for gap, disturbed in zip(before, after, strict=True)
        )
        if timing and over > 0:
            missed.append(
                f"{case.name}: longest gap {median(after):.1f} ms against {median(before):.1f} ms "
                f"undisturbed, target {wanted['gap_ratio']} x or {wanted['gap_slack_ms']} ms above "
                f"(median pair is {over:.1f} ms beyond)"
            )
    return missed


def _table(cases: Sequence[Case]) -> Table:
    made = Table(
        *("what happens", "published", "received", "lost", "repeated"),
        *("longest gap ms", "undisturbed", "latest ms"),
        box=SIMPLE_HEAD,
    )
    for column in made.columns[1:]:
        column.justify = "right"
    for case in cases:
        each = [figures for run in case.disturbed for figures in run]
        made.add_row(
            case.name,
            *(f"{sum(getattr(one, name) for one in each):,}" for name in ("published", "received")),
            *(f"{case.total(name):,}" for name in ("lost", "repeated")),
            f"{median(Case.gap(run) for run in case.disturbed):,.1f}",
            f"{median(Case.gap(run) for run in case.undisturbed):,.1f}",
            f"{median(max(one.latency_ms for one in run) for run in case.disturbed):,.1f}",
        )
    return made


def _cost_table(found: dict[Any, Any]) -> Table:
    made = Table(
        *("server", "case", "events/s", "deliveries", "per CPU s", "with Redis's", "p99 ms"),
        box=SIMPLE_HEAD,
    )
    for column in made.columns[2:]:
        column.justify = "right"
    for (server, case), runs in found.items():
        together = [
            each.figures.delivered / max(1e-9, each.figures.cpu + each.redis_cpu) for each in runs
        ]
        made.add_row(
            server,
            case,
            f"{median(each.publish_rate for each in runs):,.0f}",
            f"{median(each.figures.delivered for each in runs):,.0f}",
            f"{median(each.per_cpu for each in runs):,.0f}",
            f"{median(together):,.0f}",
            f"{median(each.figures.p99_us for each in runs) / 1000:,.1f}",
        )
    return made


def _explain(console: Console, *, quick: bool) -> None:
    lines = [
        f"Three nodes behind nginx, {PLAYERS} players with their WebSocket and their event stream "
        f"on different ones, {RATE:g} events/s to their room from a further node. Gaps are those "
        "of the player who fared worst; judged pair by pair, by the median.",
        "Counts of lost and repeated are sums over all runs, undisturbed ones included.",
    ]
    if quick:
        lines.append("Quick: one short pair per case, gaps not judged, without Socket.IO.")
    else:
        lines.append(
            "Costs: three processes on one port and a Redis of their own each; CPU of the three, "
            "publishing included. Flat out: one process publishes by itself, as fast as it can; "
            "that is judged. Socket.IO with @socket.io/redis-streams-adapter."
        )
    for line in lines:
        console.print(line, style="dim", highlight=False, soft_wrap=True)

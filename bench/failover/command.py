"""``python -m bench failover``."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from functools import partial
from typing import Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ..children import ChildError
from ..reports import keep, targets, verdict
from .cases import Course, run
from .judging import missed, table
from .ours import Ours
from .plan import DISTURBING, OURS, SOCKETIO, Outcome, pairs
from .socketio import SocketIO, install

__all__ = ["failover"]

PAIRS = 5
COURSE = Course()
SHORT = Course(fault_at=0.2, publish=0.6)
CAPPED = Course(publish=50.0, drain=10.0)
"""Socket.IO notices a silent connection after up to 45 s (25 s between pings, 20 s for the answer):
one run, long enough to see the end of it."""

Targets = dict[str, Any]


class Advance(Protocol):
    """Shows progress."""

    def __call__(self, text: str, runs: int = 1) -> None: ...


async def failover(console: Console, *, quick: bool) -> int:
    """Measure, print, keep, judge.

    Args:
        console: where to.
        quick: one short pair of each case of ours, gaps not judged, no peer.

    Returns:
        The exit code.
    """
    wanted = targets("failover")
    async with _progress(console, _count(quick)) as advance:
        ours = await _ours(SHORT if quick else COURSE, 1 if quick else PAIRS, advance)
        versions, theirs, missing = ({}, [], None) if quick else await _socketio(advance)
    console.print(table([*ours, *theirs]))
    _explain(console, quick=quick)
    found = missed(ours, wanted, timing=not quick)
    if missing is not None:
        found.append(f"Socket.IO as a peer: {missing}")
    report = {
        "quick": quick,
        "pairs": 1 if quick else PAIRS,
        "targets": wanted,
        "versions": versions,
        "missed": found,
        "cases": [each.as_json() for each in (*ours, *theirs)],
    }
    keep("failover-quick" if quick else "failover", report, console)
    return verdict(found, console)


def _explain(console: Console, *, quick: bool) -> None:
    lines = [
        "Counts are sums over the disturbed runs, times medians of the worst of each run.",
        "A fault hits one connection in the middle of a run: the named one of our two, Socket.IO's "
        "only one.",
        "Buffering lasts until the publisher is done. Gaps are judged pair by pair, by the median "
        "of the five.",
    ]
    if quick:
        lines.append("Quick: one short pair per case, gaps not judged, without Socket.IO.")
    else:
        lines.append(
            "Socket.IO's swallowed connection was run once, for 50 s: it is noticed by pings, at "
            "their defaults (one in 25 s, 20 s for the answer)."
        )
    for line in lines:
        console.print(line, style="dim", highlight=False, soft_wrap=True)


def _count(quick: bool) -> int:
    ours = len(DISTURBING) * 2 * (1 if quick else PAIRS)
    return ours if quick else ours + (len(DISTURBING) - 1) * 2 * PAIRS + 1


async def _ours(course: Course, count: int, advance: Advance) -> list[Outcome]:
    found = []
    async with Ours.started() as peer:
        for fault in DISTURBING:
            told = partial(advance, f"dualwire, {fault}")
            found += await pairs(peer, OURS, fault, course, count, told)
    return found


async def _socketio(advance: Advance) -> tuple[dict[str, Any], list[Outcome], str | None]:
    """Versions, outcomes, and why there are none."""
    found: list[Outcome] = []
    try:
        versions: dict[str, Any] = await install()
        async with SocketIO.started() as peer:
            for fault in DISTURBING:
                if fault != "swallow":
                    told = partial(advance, f"Socket.IO, {fault}")
                    found += await pairs(peer, SOCKETIO, fault, COURSE, PAIRS, told)
                    continue
                advance("Socket.IO, swallow (50 s)")
                figures = await run(peer, SOCKETIO, fault, CAPPED, "swallowed")
                found += [
                    Outcome(peer=peer.name, fault=fault, lane=lane, disturbed=[each])
                    for lane, each in zip(SOCKETIO, figures, strict=True)
                ]
            versions["connections"], versions["recovered"] = peer.connects, peer.recovered
    except ChildError as error:
        return {}, found, str(error)
    return versions, found, None


@contextlib.asynccontextmanager
async def _progress(console: Console, total: int) -> AsyncIterator[Advance]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as progress:
        task = progress.add_task("Starting", total=total)

        def advance(text: str, runs: int = 1) -> None:
            progress.update(task, advance=runs, description=text)

        yield advance

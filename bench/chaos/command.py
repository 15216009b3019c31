"""``python -m bench chaos``."""

from __future__ import annotations

import asyncio
from typing import Any

import uvloop
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from ..reports import keep, silence_log, targets, verdict
from .play import Outcome, play

__all__ = ["chaos", "missed"]

SECONDS = 180.0
PLAYERS = 50


def chaos(console: Console, *, seed: int, seconds: float, players: int) -> int:
    """Run, print, keep, judge.

    Args:
        console: where to.
        seed: of all chance.
        seconds: how long.
        players: how many.

    Returns:
        The exit code.
    """
    silence_log()
    console.print(f"Seed {seed}: the same one draws the same faults.", highlight=False)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(f"{players} players", total=seconds)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            outcome = runner.run(
                play(seed, seconds, players, lambda at: progress.update(task, completed=at))
            )
    wanted = _scaled(targets("chaos"), seconds * players / (SECONDS * PLAYERS))
    console.print(_table(outcome))
    for example in outcome.verdict.examples:
        console.print(example, highlight=False, soft_wrap=True)
    found = missed(outcome, wanted)
    keep("chaos", {"targets": wanted, "missed": found, **outcome.as_json()}, console)
    return verdict(found, console)


def missed(outcome: Outcome, wanted: dict[str, Any]) -> list[str]:
    """Name each target that was missed."""
    judged = outcome.verdict
    zeros = ("lost", "repeated", "out_of_order", "not_due", "reported")
    found = [
        f"{name.replace('_', ' ')}: {getattr(judged, name)}, target {wanted[name]}"
        for name in zeros
        if getattr(judged, name) > wanted[name]
    ]
    happened = {
        "faults": outcome.done,
        "both_down": outcome.both_down,
        "takeovers": outcome.takeovers,
        "room_changes": outcome.room_changes,
        "deliveries": judged.delivered,
    }
    return found + [
        f"{name.replace('_', ' ')}: {count:,}, at least {wanted[name]:,} are needed"
        for name, count in happened.items()
        if count < wanted[name]
    ]


def _scaled(wanted: dict[str, Any], share: float) -> dict[str, Any]:
    """What has to happen in a shorter run, or with fewer players."""
    return {name: int(count * min(1.0, share)) for name, count in wanted.items()}


def _table(outcome: Outcome) -> Table:
    judged = outcome.verdict
    made = Table("what", "count", box=SIMPLE_HEAD, pad_edge=False)
    made.columns[1].justify = "right"
    made.add_row("events published", f"{outcome.published:,}")
    made.add_row("events delivered", f"{judged.delivered:,}")
    made.add_row("duplicates eliminated", f"{outcome.duplicates:,}")
    made.add_row("connections opened again", f"{outcome.reconnects:,}", end_section=True)
    for name, count in sorted(outcome.faults.items()):
        shown = "openings refused" if name == "refuse" else f"fault: {name}"
        made.add_row(shown, f"{count:,}")
    made.add_row("both connections down", f"{outcome.both_down:,}")
    made.add_row("takeovers", f"{outcome.takeovers:,}")
    made.add_row("room changes", f"{outcome.room_changes:,}", end_section=True)
    made.add_row("reported as gone", f"{judged.reported:,}")
    made.add_row("lost", f"{judged.lost:,}")
    made.add_row("repeated", f"{judged.repeated:,}")
    made.add_row("out of order", f"{judged.out_of_order:,}")
    made.add_row("not due", f"{judged.not_due:,}")
    made.add_row("seconds until all was there", f"{outcome.settled_after:.1f}")
    return made

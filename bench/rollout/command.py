"""``python -m bench rollout``."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import uvloop
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from dualwire.core.rollout import Rollout

from ..children import ChildError
from ..crowd.publisher import Publisher, heard_wrongly
from ..crowd.town import Town, serving
from ..crowd.visitor import KINDS
from ..reports import keep, silence_log, targets, verdict
from .player import TwoTabs

__all__ = ["missed", "rollout"]

PLAYERS = 200
STAGES = (0.0, 1.0, 5.0, 25.0, 50.0, 100.0)
AT_ONCE = 10
"""Players who open a tab at the same moment."""
WITHIN = 30.0
"""Seconds after which a stage that does not come to rest is judged as it is."""


@dataclass(frozen=True, slots=True)
class Stage:
    """How it was when a stage had come to rest."""

    name: str
    due: int
    """Players who shall have it."""
    with_it: int
    """Players on the flag's side, as the server says."""
    doubled: int
    """Players with two connections of each type."""
    seconds: float
    """Until every connection was as the flag wants it."""


def rollout(console: Console, *, players: int) -> int:
    """Run, print, keep, judge.

    Args:
        console: where to.
        players: how many are connected.

    Returns:
        The exit code.
    """
    silence_log()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            stages, figures = runner.run(_run(console, players))
        except ChildError as error:
            console.print(f"error: {error}", style="red", highlight=False, soft_wrap=True)
            return 1
    made = Table(
        "stage", "shall have it", "have it", "two of each type", "seconds", box=SIMPLE_HEAD
    )
    for each in stages:
        counts = (str(count) for count in (each.due, each.with_it, each.doubled))
        made.add_row(each.name, *counts, f"{each.seconds:.1f}")
    console.print(made)
    for name, value in figures.items():
        console.print(f"{name.replace('_', ' ')}: {value:,.3g}", highlight=False)
    found = missed(stages, figures, players)
    rows = [asdict(stage) for stage in stages]
    keep("rollout", {"players": players, "stages": rows, **figures}, console)
    return verdict(found, console)


def missed(stages: Sequence[Stage], figures: dict[str, float], players: int) -> list[str]:
    """Name each target that was missed."""
    wanted = targets("rollout")
    found = [
        f"{name.replace('_', ' ')}: {figures[name]:,.3g}, at most {most:,.3g}"
        for name, most in wanted.items()
        if figures[name] > most
    ]
    for stage in stages:
        if not stage.due == stage.with_it == stage.doubled:
            found.append(
                f"{stage.name}: {stage.with_it} have the flag and {stage.doubled} two connections "
                f"of each type, but {stage.due} shall"
            )
    if not any(stage.due == players for stage in stages):
        found.append(f"there was no stage in which all {players} have it")
    return found


async def _run(console: Console, count: int) -> tuple[list[Stage], dict[str, float]]:
    async with serving(DUALWIRE_ROLLOUT_PERCENTAGE="0") as town:
        players = [TwoTabs(f"player-{n:03}", town, n) for n in range(count)]
        for start in range(0, count, AT_ONCE):
            await asyncio.gather(*(each.start() for each in players[start : start + AT_ONCE]))
        publisher = Publisher(town, [each.name for each in players], every=0.5)
        publisher.start()
        stages = []
        for percentage in STAGES:
            await town.ask("/api/admin/rollout", {"percentage": percentage})
            rule = Rollout(percentage=percentage)
            due = sum(rule.decide(each.name)[0] for each in players)
            for start in range(0, count, AT_ONCE):
                some = players[start : start + AT_ONCE]
                await asyncio.gather(*(each.try_a_second() for each in some))
            stages.append(await _rest(town, f"{percentage:g} %", due, time.monotonic()))
            console.print(f"{percentage:g} %: {stages[-1].doubled} with two", highlight=False)
        began = time.monotonic()
        await town.ask("/api/admin/rollout", {"enabled": False})
        stages.append(await _rest(town, "killed", 0, began))
        await publisher.stop()
        last = publisher.said
        began = time.monotonic()
        while any(each.lost(last) for each in players):
            if time.monotonic() - began > WITHIN:
                break
            await asyncio.sleep(0.1)
        _, wrong = heard_wrongly(players, 0)
        figures = {
            "lost": float(sum(each.lost(last) for each in players)),
            "repeated": float(wrong),
            "gaps_told": float(sum(len(tab.gaps) for each in players for tab in each.tabs)),
            "ends_without_reason": float(sum(len(each.strange_ends) for each in players)),
            "kill_switch_seconds": stages[-1].seconds,
            "numbers_published": float(last),
        }
        for each in players:
            for tab in each.tabs:
                for gap in tab.gaps:
                    age = "ended" if tab.ended else "alive"
                    console.print(f"{each.name}, a tab that is {age}: {gap}", highlight=False)
        await asyncio.gather(*(each.stop() for each in players))
    return stages, figures


async def _rest(town: Town, name: str, due: int, began: float) -> Stage:
    """Wait until exactly those who shall have the flag have two connections of each type."""
    while True:
        found = await town.scrape()
        with_it = int(found.value("dualwire_arm_players", arm="on"))
        pairs = [
            int(found.value("dualwire_players_by_connections", type=kind, count="2"))
            for kind in KINDS
        ]
        seconds = time.monotonic() - began
        if (with_it == due and all(each == due for each in pairs)) or seconds > WITHIN:
            return Stage(name, due, with_it, max(pairs, key=lambda each: abs(each - due)), seconds)
        await asyncio.sleep(0.05)

"""``python -m bench rollout``."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

import uvloop
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from ..children import ChildError
from ..crowd.publisher import Publisher, heard_wrongly
from ..crowd.town import Town, serving
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
    made = Table("stage", "players with it", "with two of each", "seconds", box=SIMPLE_HEAD)
    for each in stages:
        made.add_row(each.name, str(each.with_it), str(each.doubled), f"{each.seconds:.1f}")
    console.print(made)
    for name, value in figures.items():
        console.print(f"{name.replace('_', ' ')}: {value:,.3g}", highlight=False)
    found = missed(stages, figures, players)
    rows = [
        {"stage": e.name, "with_it": e.with_it, "doubled": e.doubled, "seconds": e.seconds}
        for e in stages
    ]
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
        if stage.doubled != stage.with_it:
            found.append(
                f"{stage.name}: {stage.doubled} players with two of each type, not all "
                f"{stage.with_it} who have the flag and nobody else"
            )
    whole = [stage for stage in stages if stage.name == "100 %"]
    if not whole or whole[0].with_it != players:
        found.append(f"100 %: not all {players} players have the flag")
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
            for start in range(0, count, AT_ONCE):
                some = players[start : start + AT_ONCE]
                await asyncio.gather(*(each.try_a_second() for each in some))
            stages.append(await _rest(town, f"{percentage:g} %", time.monotonic()))
            console.print(f"{percentage:g} %: {stages[-1].doubled} with two", highlight=False)
        began = time.monotonic()
        await town.ask("/api/admin/rollout", {"enabled": False})
        stages.append(await _rest(town, "killed", began))
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
            "gaps_told": float(sum(tab.gaps for each in players for tab in each.tabs)),
            "ends_without_reason": float(sum(len(each.strange_ends) for each in players)),
            "kill_switch_seconds": stages[-1].seconds,
            "numbers_published": float(last),
        }
        await asyncio.gather(*(each.stop() for each in players))
    return stages, figures


async def _rest(town: Town, name: str, began: float) -> Stage:
    """Wait until exactly those who have the flag have two connections of each type."""
    while True:
        found = await town.scrape()
        with_it = int(found.value("dualwire_arm_players", arm="on"))
        pairs = [
            int(found.value("dualwire_players_by_connections", type=kind, count="2"))
            for kind in ("websocket", "sse")
        ]
        seconds = time.monotonic() - began
        if all(each == with_it for each in pairs) or seconds > WITHIN:
            return Stage(name, with_it, min(pairs), seconds)
        await asyncio.sleep(0.05)

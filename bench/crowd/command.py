"""``python -m bench crowd``."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import uvloop
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from ..children import ChildError
from ..reports import RESULTS, keep, silence_log, verdict
from .judge import Check, judge
from .pictures import take_pictures
from .publisher import Publisher
from .town import Town, serving
from .trouble import Done, trouble
from .visitor import Visitor

__all__ = ["crowd", "run"]

PLAYERS = 500
SECONDS = 60.0
COME_AT_ONCE = 10
"""Players who come at the same moment; so many at a time until all are there."""
COMMANDS = 30
"""That all of them together give in a second."""
SETTLE = 60.0
"""Seconds after the last fault until all must be well."""
SETTINGS = {
    # Pings often enough that what is silent is found out within the run.
    "DUALWIRE_HEARTBEAT__INTERVAL": "10",
    "DUALWIRE_HEARTBEAT__PONG_TIMEOUT": "6",
}

Tick = Callable[[str, float], object]


@dataclass(frozen=True, slots=True)
class _Plan:
    seed: int
    seconds: float
    players: int
    folder: Path | None
    """Where pictures go; ``None`` for none."""
    tick: Tick


def crowd(console: Console, *, seed: int, seconds: float, players: int, pictures: bool) -> int:
    """Run, print, keep, judge.

    Args:
        console: where to.
        seed: of all chance.
        seconds: how long there is trouble.
        players: how many.
        pictures: whether the dashboard is photographed meanwhile.

    Returns:
        The exit code.
    """
    silence_log()
    console.print(f"Seed {seed}: the same one draws the same trouble.", highlight=False)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    folder = RESULTS / "crowd" if pictures else None
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=1.0)

        def tick(what: str, share: float) -> None:
            progress.update(task, description=what, completed=share)

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            try:
                checks, done = runner.run(
                    run(seed=seed, seconds=seconds, players=players, folder=folder, tick=tick)
                )
            except ChildError as error:
                console.print(f"error: {error}", style="red", highlight=False, soft_wrap=True)
                return 1
    console.print(_table(checks))
    if folder is not None:
        console.print(f"Pictures of the dashboard in {folder}", highlight=False, soft_wrap=True)
    missed = [f"{each.what}: {each.got:,.6g}, expected {each.expected}" for each in _bad(checks)]
    report = {
        "seed": seed,
        "players": players,
        "seconds": seconds,
        "done": asdict(done),
        "checks": [{**asdict(each), "holds": each.holds} for each in checks],
    }
    keep("crowd", report, console)
    return verdict(missed, console)


async def run(
    *,
    seed: int,
    seconds: float,
    players: int,
    folder: Path | None = None,
    tick: Tick = lambda *_: None,
) -> tuple[list[Check], Done]:
    """Let a crowd play; what the metrics said of it, and what was done to it.

    Args:
        seed: of all chance.
        seconds: how long there is trouble.
        players: how many.
        folder: where pictures of the dashboard go; ``None`` for none.
        tick: told what goes on, and which share of it is over.

    Raises:
        ChildError: the server, or the browser, cannot be started.
    """
    plan, began = _Plan(seed, seconds, players, folder, tick), time.monotonic()
    async with serving(**SETTINGS) as town:
        visitors = [Visitor(f"player-{n:03}", town, plan.seed + n) for n in range(plan.players)]
        publisher = Publisher(town, [each.name for each in visitors[:COME_AT_ONCE]])
        await _come(visitors, plan.tick)
        publisher.start()
        for visitor in visitors:
            visitor.play(every=plan.players / COMMANDS)
        done = await _suffer(town, visitors, plan)
        plan.tick("all shall be well", 1.0)
        await asyncio.gather(*(visitor.rest() for visitor in visitors))
        await _settle(visitors, publisher)
        found = await town.scrape()
        checks = judge(found, visitors, done, publisher.said, time.monotonic() - began)
        await asyncio.gather(*(visitor.stop() for visitor in visitors))
    return checks, done


async def _come(visitors: Sequence[Visitor], tick: Tick) -> None:
    for start in range(0, len(visitors), COME_AT_ONCE):
        tick(f"{start} players have come", start / len(visitors))
        await asyncio.gather(*(each.start() for each in visitors[start : start + COME_AT_ONCE]))


async def _suffer(town: Town, visitors: Sequence[Visitor], plan: _Plan) -> Done:
    loop, done = asyncio.get_running_loop(), Done()
    began = loop.time()
    suffering = asyncio.create_task(trouble(visitors, plan.seed, plan.seconds, done))
    taken = plan.folder is None
    while not (await asyncio.wait([suffering], timeout=0.5))[0]:
        share = (loop.time() - began) / plan.seconds
        plan.tick(f"{done.broken + 2 * done.both} connections were broken", share)
        if not taken and plan.folder is not None and share > 0.6:
            taken = True
            await take_pictures(town, visitors[0].name, plan.folder)
    await suffering
    return done


async def _settle(visitors: Sequence[Visitor], publisher: Publisher) -> None:
    """Wait until everybody has both connections and everything; the judge says what is missing."""
    for visitor in visitors:
        visitor.proxy.all.heal()
    await _until(lambda: all(visitor.both_open for visitor in visitors))
    # So that whoever took over last has got something as well.
    enough = publisher.said + 2
    await _until(lambda: publisher.said >= enough)
    await publisher.stop()
    last = publisher.said
    await _until(lambda: all(v.now.got and v.now.got[-1] == last for v in visitors))
    # The copies of the other connection, and the news of what came back, are on their way.
    await asyncio.sleep(3.0)


async def _until(condition: Callable[[], bool]) -> None:
    """Wait until something is so, or long enough."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > SETTLE:
            break
        await asyncio.sleep(0.1)


def _bad(checks: Sequence[Check]) -> list[Check]:
    return [each for each in checks if not each.holds]


def _table(checks: Sequence[Check]) -> Table:
    made = Table("what", "expected", "got", "", box=SIMPLE_HEAD, pad_edge=False)
    for each in checks:
        mark = "" if each.holds else "[red]not so[/red]"
        made.add_row(each.what, each.expected, f"{each.got:,.6g}", mark)
    return made

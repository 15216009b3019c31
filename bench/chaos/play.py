"""One run of chaos, from the first connection to the verdict."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from random import Random
from typing import Any

from .judge import Verdict, judge
from .player import Player
from .trouble import Trouble, cause, draw
from .world import World, serving

__all__ = ["Outcome", "play"]

ROOM_RATE = 10.0
"""Events per second and room."""
PLAYER_RATE = 1.0
"""Events per second to each player alone."""
GLOBAL_RATE = 1.0
SETTLE = 30.0
"""Seconds after the last fault until everybody must have everything."""


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What happened, and the verdict."""

    seed: int
    seconds: float
    players: int
    published: int
    duplicates: int
    """Copies that the clients eliminated."""
    reconnects: int
    faults: Counter[str]
    """By name: on how many connections it was done; refused openings count each."""
    both_down: int
    takeovers: int
    room_changes: int
    settled_after: float
    """Seconds after the last fault."""
    verdict: Verdict

    @property
    def done(self) -> int:
        """Faults done to connections that were open."""
        return self.faults.total() - self.faults["refuse"]

    def as_json(self) -> dict[str, Any]:
        """As the report has it."""
        return {**asdict(self), "faults": dict(self.faults), "faults_done": self.done}


async def play(
    seed: int, seconds: float, count: int, tick: Callable[[float], object] = lambda _: None
) -> Outcome:
    """Let players play through faults.

    Args:
        seed: of all chance.
        seconds: how long.
        count: players.
        tick: told the seconds that have passed.
    """
    rooms = [f"room-{number}" for number in range(max(2, count // 8))]
    plan = draw(seed, seconds, count, len(rooms))
    async with serving() as (world, port):
        players = [Player(f"player-{number:02}", world, port) for number in range(count)]
        await asyncio.gather(*(player.start() for player in players))
        rng = Random(seed)  # noqa: S311 - reproducible, not secret
        for player in players:
            await world.enter(player.name, rng.choice(rooms))
        async with _publishing(world, players, rooms):
            both_down = await _suffer(plan, world, players, rooms, seconds, tick)
        for player in players:
            player.proxy.all.heal()
        settled_after = await _settle(players)
        await asyncio.gather(*(player.stop() for player in players))
    verdict = Verdict()
    for player in players:
        for witness in player.witnesses:
            judge(world.ledger, witness, verdict)
    return Outcome(
        seed=seed,
        seconds=seconds,
        players=count,
        published=world.ledger.published,
        duplicates=sum(player.duplicates for player in players),
        reconnects=sum(player.reconnects for player in players),
        faults=sum((player.proxy.statistics.faults for player in players), Counter()),
        both_down=both_down,
        takeovers=sum(player.takeovers for player in players),
        room_changes=world.room_changes,
        settled_after=round(settled_after, 2),
        verdict=verdict,
    )


@contextlib.asynccontextmanager
async def _publishing(
    world: World, players: Sequence[Player], rooms: Sequence[str]
) -> AsyncIterator[None]:
    works = [_repeat(ROOM_RATE, partial(world.say, room)) for room in rooms]
    works += [_repeat(PLAYER_RATE, partial(world.whisper, each.name)) for each in players]
    works.append(_repeat(GLOBAL_RATE, world.shout))
    tasks = [asyncio.create_task(work) for work in works]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            raise outcome


async def _repeat(rate: float, act: Callable[[], Coroutine[Any, Any, None]]) -> None:
    loop = asyncio.get_running_loop()
    due = loop.time()
    while True:
        due += 1 / rate
        await asyncio.sleep(due - loop.time())
        await act()


async def _suffer(
    plan: Sequence[Trouble],
    world: World,
    players: Sequence[Player],
    rooms: Sequence[str],
    seconds: float,
    tick: Callable[[float], object],
) -> int:
    """Do what is planned; how often somebody really had no connection."""
    start = time.monotonic()

    async def one(trouble: Trouble) -> bool:
        await asyncio.sleep(start + trouble.at - time.monotonic())
        return await cause(trouble, world, players, rooms)

    async def clock() -> None:
        while (passed := time.monotonic() - start) < seconds:
            tick(passed)
            await asyncio.sleep(0.1)

    async with asyncio.TaskGroup() as group:
        group.create_task(clock())
        tasks = [group.create_task(one(trouble)) for trouble in plan]
    return sum(task.result() for task in tasks)


async def _settle(players: Sequence[Player]) -> float:
    """Wait until everybody has everything; how long that took."""
    start = time.monotonic()
    while not all(player.has_all for player in players):
        if time.monotonic() - start > SETTLE:
            break  # The verdict says what is missing.
        await asyncio.sleep(0.05)
    # Copies may still be on their way: one that is taken for new would be a repeat.
    await asyncio.sleep(0.2)
    return time.monotonic() - start

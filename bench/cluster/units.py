"""``python -m bench units``: what a player, an event and a node cost in Redis and beside it.

CPU times are of processes, so other work on the machine makes them worse, not wrong.
"""

from __future__ import annotations

import asyncio
import gc
import os
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from redis import Redis
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from dualwire.clock import SystemClock
from dualwire.engines.redis import RedisEngine
from dualwire.types import Entry, Event, player_stream

from ..reports import keep, silence_log
from .cost import cpu_of
from .processes import redis_process

__all__ = ["measure_units"]

PLAYERS = 5_000
EVENTS = 10_000
AT_ONCE = 64
IDLE = 10.0
EVENT = Event(payload=b'{"text":"%s"}' % (b"x" * 180))


async def measure_units(console: Console) -> int:
    """Measure, print, keep; the exit code."""
    silence_log()
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="dualwire-cluster-") as folder:
        process, url = redis_process(Path(folder))
        await process.start()
        try:
            await _measure(url, process.pid, found)
        finally:
            await process.kill()
    table = Table("what", "figure", box=SIMPLE_HEAD)
    table.columns[1].justify = "right"
    for name, value in found.items():
        table.add_row(name, f"{value:,.1f}")
    console.print(table)
    keep("units", {"players": PLAYERS, "events": EVENTS, "found": found}, console)
    return 0


async def _measure(url: str, redis: int, found: dict[str, float]) -> None:
    client = Redis.from_url(url)

    def memory() -> float:
        answer: dict[str, Any] = client.info("memory")  # type: ignore[assignment]
        return float(answer["used_memory"])

    async def timed(what: str, count: int, work: Callable[[int], Awaitable[object]]) -> None:
        gc.collect()
        theirs, ours = cpu_of(redis), time.process_time()
        for first in range(0, count, AT_ONCE):
            await asyncio.gather(*(work(n) for n in range(first, min(first + AT_ONCE, count))))
        found[f"{what}: µs of Redis"] = (cpu_of(redis) - theirs) * 1e6 / count
        found[f"{what}: µs of the node"] = (time.process_time() - ours) * 1e6 / count

    async with _engine(url) as engine, _engine(url):
        before, resident = memory(), _resident()

        async def come(n: int) -> None:
            player = f"player-{n}"
            claim = await engine.claim(player, None, f"session-{n}")
            assert claim.outcome == "new"
            engine.follow(player_stream(player))
            await engine.ready((player_stream(player),))
            for kind in ("w", "s"):
                await engine.attach(player, f"node-{kind}-{n:016x}")

        await timed("a player comes, with both connections", PLAYERS, come)
        found["a player: bytes of Redis"] = (memory() - before) / PLAYERS
        # Both engines of this process have it: the one that follows, and the one that looks on.
        found["a player: bytes of two nodes"] = (_resident() - resident) / PLAYERS
        await timed("a room is entered", PLAYERS, lambda n: engine.enter(f"player-{n}", "hall"))
        before = memory()

        async def room(_: int) -> None:
            await engine.publish("room:hall", EVENT)

        engine.follow("room:hall")
        await engine.ready(("room:hall",))
        await timed("an event of 200 bytes to a room", EVENTS, room)
        found["an event kept: bytes of Redis"] = (memory() - before) / EVENTS
        await timed(
            "a personal event",
            EVENTS,
            lambda n: engine.publish(player_stream(f"player-{n % PLAYERS}"), EVENT),
        )
        theirs, ours, began = cpu_of(redis), time.process_time(), time.monotonic()
        while time.monotonic() - began < IDLE:
            await asyncio.sleep(1.0)
            await engine.tick()
        rate = IDLE * PLAYERS / 1e6
        found["a quiet player for a second: µs of Redis"] = (cpu_of(redis) - theirs) / rate
        found["a quiet player for a second: µs of the node"] = (time.process_time() - ours) / rate


@asynccontextmanager
async def _engine(url: str) -> AsyncIterator[RedisEngine]:
    engine = RedisEngine(url, SystemClock())
    await engine.start(_ignore)
    try:
        yield engine
    finally:
        await engine.stop()


def _ignore(stream: str, entry: Entry) -> None:
    """Nobody is connected here."""


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return float(pages * os.sysconf("SC_PAGE_SIZE"))

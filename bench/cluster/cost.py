"""What an event through Redis costs, beside Socket.IO with its Redis Streams adapter."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from ..children import child
from ..load import Figures, Load
from ..peers import Served, npm
from ..peers.socketio import HANDSHAKE, HOME
from .processes import SERVE, redis_process

__all__ = ["CASES", "Cost", "costs", "cpu_of", "judged"]

WORKERS = 3
TICK = 100.0
"""Clock ticks per second in ``/proc`` (``sysconf(_SC_CLK_TCK)`` is 100 on every Linux)."""

EVENTS = 3_000
ROOM = 300
FLAT_OUT = f"room of {ROOM}, flat out"
"""The case that is judged: how much the servers deliver for a second of their CPU when one of them
publishes by itself, as fast as it can."""

CASES = {
    FLAT_OUT: Load(
        connections=ROOM, seconds=0.0, drive=f"/tell?events={EVENTS}", expected=EVENTS * ROOM
    ),
    f"room of {ROOM}, 100 events/s by HTTP": Load(connections=ROOM, rate=100.0, seconds=3.0),
    # Hardly any fan-out: what is measured is an HTTP request and the way through Redis.
    "room of 3, by HTTP, as fast as answered": Load(
        connections=3, rate=0.0, publishers=16, seconds=3.0
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """One run."""

    figures: Figures
    redis_cpu: float
    """Seconds of the Redis's CPU, opening and closing included."""

    @property
    def per_cpu(self) -> float:
        """Deliveries per second of the servers' CPU."""
        return self.figures.delivered / max(1e-9, self.figures.cpu)

    @property
    def publish_rate(self) -> float:
        """Events per second."""
        return self.events / max(1e-9, self.figures.seconds)

    @property
    def events(self) -> int:
        """How many were published."""
        return self.figures.published if self.figures.published > 1 else EVENTS

    def as_json(self) -> dict[str, Any]:
        """As the report has it."""
        figures = self.figures
        return {
            "published": self.events,
            "delivered": figures.delivered,
            "seconds": round(figures.seconds, 3),
            "server_cpu": round(figures.cpu, 3),
            "redis_cpu": round(self.redis_cpu, 3),
            "deliveries_per_cpu_second": round(self.per_cpu),
            "publishes_per_second": round(self.publish_rate),
            "p50_us": figures.p50_us,
            "p99_us": figures.p99_us,
        }


Found = dict[tuple[str, str], list[Cost]]
"""By server and case: the runs."""


async def costs(rounds: int, advance: Callable[[str], None]) -> tuple[Found, dict[str, str]]:
    """Run every case on both, in turn.

    Returns:
        What was found, and the peer's versions.

    Raises:
        ChildError: one of them cannot be had.
    """
    found: Found = {}
    versions = await npm.install(HOME)
    async with _ours() as (ours, our_redis), _socketio() as (theirs, their_redis):
        for number in range(rounds):
            servers = [(ours, our_redis), (theirs, their_redis)]
            for case, load in CASES.items():
                for served, redis in servers if number % 2 == 0 else servers[::-1]:
                    before = cpu_of(redis)
                    figures = await load.run(served)
                    cost = Cost(figures=figures, redis_cpu=cpu_of(redis) - before)
                    found.setdefault((served.name, case), []).append(cost)
                    advance(f"{served.name}, {case}")
                    await asyncio.sleep(0.5)
    return found, versions


def judged(found: Found, wanted: float) -> list[str]:
    """Say if ours does not deliver so many times as much per CPU second, flat out."""
    pairs = zip(found["dualwire", FLAT_OUT], found["socketio", FLAT_OUT], strict=True)
    ratio = median(ours.per_cpu / theirs.per_cpu for ours, theirs in pairs)
    if ratio >= wanted:
        return []
    return [f"{FLAT_OUT}: {ratio:.2f} x Socket.IO's deliveries per CPU second, target {wanted:g} x"]


@contextlib.asynccontextmanager
async def _redis() -> AsyncIterator[tuple[str, int]]:
    with tempfile.TemporaryDirectory(prefix="dualwire-cluster-") as folder:
        process, url = redis_process(Path(folder))
        await process.start()
        try:
            yield url, process.pid
        finally:
            await process.kill()


@contextlib.asynccontextmanager
async def _ours() -> AsyncIterator[tuple[Served, int]]:
    command = [sys.executable, "-c", SERVE, "serve", "bench.peers.ours.app:app", "--port", "0"]
    environ = {"DUALWIRE_LOG_LEVEL": "error", "BENCH_SECRET": "", "DUALWIRE_DRAIN_GRACE": "none"}
    async with _redis() as (url, redis):
        command += ["--engine", url, "--workers", str(WORKERS)]
        ready = r"is served at https?://127\.0\.0\.1:(\d+)"
        async with child(command, ready, environ=environ) as (process, port):
            served = Served(
                name="dualwire",
                port=int(port),
                pids=_children(process.pid),
                websocket="/api/ws?protocol=dualwire.v1&token=p%d",
                opened_by='"hello"',
            )
            yield served, redis


@contextlib.asynccontextmanager
async def _socketio() -> AsyncIterator[tuple[Served, int]]:
    async with _redis() as (url, redis):
        command = ("node", "cluster.js", url, str(WORKERS))
        ready = r"listening at (\d+ by [\d,]+)"
        async with child(command, ready, cwd=HOME) as (_, said):
            port, _, pids = said.partition(" by ")
            served = Served(
                name="socketio",
                port=int(port),
                pids=[int(each) for each in pids.split(",")],
                websocket=HANDSHAKE,
                first_frame="40",
            )
            yield served, redis


def _children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(each) for each in text.split()]


def cpu_of(pid: int) -> float:
    """Seconds of user and system time that a process has used (proc(5))."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK

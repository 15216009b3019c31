"""``python -m bench storm``: everybody opens connections at once, with signed tokens."""

from __future__ import annotations

import asyncio
import secrets
from statistics import median

from rich.table import Table

from dualwire.http import JWTAuthenticator

from ..load import Figures, Lane, Load
from ..peers import ours
from ..peers.ours.app import EXISTING
from ..reports import targets
from .runs import Options, allow_files, finish, progress

__all__ = ["storm"]

PLAYERS = 5_000
CONNECTED = 100
"""Connections of players who are there before."""
RATE = 20.0
"""Messages per second among them."""
REST = 2.0
"""Seconds between a leave-taking and the return: within the grace period."""
LANES: tuple[Lane, ...] = ("both", "ws", "sse")


async def storm(options: Options) -> int:
    """Measure, print, keep, judge; the exit code."""
    missed: list[str] = []
    players = (options.connections or (50 if options.quick else PLAYERS,))[0]
    found: dict[tuple[Lane, str], list[Figures]] = {}
    allow_files()
    lanes = LANES[:1] if options.quick else LANES
    with progress(options.console, len(lanes) * options.rounds * 2) as advance:
        for _ in range(options.rounds):
            for lane in lanes:
                secret = secrets.token_urlsafe(32)
                load = _load(lane, players, secret)
                async with ours.started(secret=secret) as served:
                    for kind in ("new", "back"):
                        found.setdefault((lane, kind), []).append(await load.run(served))
                        advance(f"{lane}, {kind}")
                        await asyncio.sleep(0.3 if options.quick else REST)
    options.console.print(_table(found))
    options.console.print(
        f"{players:,} players, HS256 tokens verified at each opening, hello read; "
        f"{CONNECTED} others hear {RATE:.0f} messages/s meanwhile, and theirs is the latency. "
        "back: the same players again, their sessions still there.",
        style="dim",
        highlight=False,
        soft_wrap=True,
    )
    if not options.quick:
        missed += _judged(found)
    rows = [
        {
            "lane": lane,
            "kind": kind,
            "openings_per_second": round(median(map(_rate, runs))),
            "openings_per_core": round(median(map(_per_core, runs))),
            "failed": sum(each.failed for each in runs),
            "existing_p99_ms": median(each.p99_us for each in runs) / 1000,
        }
        for (lane, kind), runs in found.items()
    ]
    return finish("storm", {"targets": targets("storm"), "outcomes": rows}, missed, options)


def _load(lane: Lane, players: int, secret: str) -> Load:
    count = CONNECTED + players * (2 if lane == "both" else 1)
    ahead = CONNECTED // (2 if lane == "both" else 1)
    tokens = JWTAuthenticator(secret)
    names = [*(f"{EXISTING}-{n}" for n in range(ahead)), *(f"p{n}" for n in range(players))]
    return Load(
        connections=count,
        lane=lane,
        existing=CONNECTED,
        rate=RATE,
        seconds=1.0,
        settle=0.5,
        window=256,
        publish=f"/pub?room={EXISTING}",
        tokens=[tokens.issue(each) for each in names],
    )


def _opened(run: Figures) -> int:
    return run.opened - CONNECTED


def _rate(run: Figures) -> float:
    return _opened(run) / run.opening_seconds


def _per_core(run: Figures) -> float:
    return _opened(run) / run.opening_cpu if run.opening_cpu else 0.0


def _table(found: dict[tuple[Lane, str], list[Figures]]) -> Table:
    table = Table("lane", "players", title="Storm", title_justify="left")
    for name in (
        "openings",
        "failed",
        "openings/s",
        "CPU µs each",
        "p50 ms",
        "p99 ms",
        "others' p50",
        "p99 ms",
    ):
        table.add_column(name, justify="right")
    for (lane, kind), runs in found.items():
        table.add_row(
            lane,
            kind,
            f"{_opened(runs[0]):,}",
            f"{sum(each.failed for each in runs)}",
            f"{median(map(_rate, runs)):,.0f}",
            f"{median(each.opening_cpu / max(1, _opened(each)) for each in runs) * 1e6:,.0f}",
            f"{median(each.opening_p50_us for each in runs) / 1000:,.1f}",
            f"{median(each.opening_p99_us for each in runs) / 1000:,.1f}",
            f"{median(each.p50_us for each in runs) / 1000:,.1f}",
            f"{median(each.p99_us for each in runs) / 1000:,.1f}",
        )
    return table


def _judged(found: dict[tuple[Lane, str], list[Figures]]) -> list[str]:
    wanted = targets("storm")
    missed = []
    for (lane, kind), runs in found.items():
        failed = sum(each.failed for each in runs)
        if failed > wanted["failures"]:
            complaint = next(each.complaint for each in runs if each.failed)
            missed.append(f"failures, {lane}, {kind}: {failed} ({complaint!r})")
        if lane != "both":
            continue
        rate, p99 = median(map(_rate, runs)), median(each.p99_us for each in runs) / 1000
        if rate < wanted["openings"]:
            missed.append(f"openings/s, {kind}: {rate:,.0f}, at least {wanted['openings']:,.0f}")
        if p99 > wanted["existing_p99_ms"]:
            most = wanted["existing_p99_ms"]
            missed.append(f"existing players' p99, {kind}: {p99:.1f} ms, at most {most:.0f} ms")
    return missed

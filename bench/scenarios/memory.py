"""``python -m bench memory``: what a connection keeps resident."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from rich.table import Table

from ..children import ChildError
from ..load import Figures, Lane, Load
from ..openings import kept_by_part
from ..peers import OURS, Peer
from ..reports import targets
from .runs import Advance, Options, finish, progress, serving

__all__ = ["memory"]

CONNECTIONS = 10_000
PLAYERS = 1_000
"""Players whose connections are taken apart."""
LANES: tuple[Lane, ...] = ("both", "ws", "sse")


async def memory(options: Options) -> int:
    """Measure, print, keep, judge; the exit code."""
    missed: list[str] = []
    sizes = options.connections or (200 if options.quick else CONNECTIONS,)
    # Starts them all once, so that they are set up and files are allowed.
    async with serving(options, missed) as servers:
        there = [each.name for each in servers]
    lanes = LANES[:1] if options.quick else LANES
    cases = [
        (peer, lane, size)
        for size in sizes
        for peer in (OURS, *options.peers)
        if peer.name in there
        for lane in lanes
        if lane == "ws" or (peer.sse and (lane == "sse" or peer is OURS))
    ]
    with progress(options.console, len(cases)) as advance:
        found = await _measure(cases, options, advance)
    table = Table("server", "lane", title="Memory", title_justify="left")
    for name in ("connections", "KB/connection", "server MB", "openings/s", "failed"):
        table.add_column(name, justify="right")
    for (peer, lane, _), run in zip(cases, found, strict=True):
        table.add_row(
            peer.name,
            lane,
            f"{run.opened:,}",
            f"{run.kb:.1f}",
            f"{run.rss_open / 1e6:,.0f}",
            f"{run.opening_rate:,.0f}",
            f"{run.failed}",
        )
    options.console.print(table)
    what = "A new process for each row. Resident memory grown per connection, 1 s after opening."
    options.console.print(what, style="dim")
    # In a thread, because it has an event loop of its own.
    parts = await asyncio.to_thread(kept_by_part, 100 if options.quick else PLAYERS)
    kept = Table("part", title="Python objects of one connection", title_justify="left")
    kept.add_column("bytes", justify="right")
    for part, size in parts.items():
        kept.add_row(part, f"{size:,.0f}")
    kept.add_row("all of them", f"{sum(parts.values()):,.0f}", style="bold")
    options.console.print(kept)
    note = "Players with both. The rest of a connection is the event loop's socket."
    options.console.print(note, style="dim")
    most = float(targets("memory")["kb_per_connection"])
    for (peer, lane, size), run in zip(cases, found, strict=True):
        if peer is OURS and (run.opened < size or run.closed):
            missed.append(f"{size:,} connections, {lane}: {run.opened - run.closed:,} are open")
        if peer is OURS and lane == "both" and not options.quick and run.kb > most:
            missed.append(f"KB per connection, both, {size:,}: {run.kb:.1f}, at most {most}")
    rows = [
        {
            "server": peer.name,
            "lane": lane,
            "connections": run.opened,
            "kb_per_connection": round(run.kb, 2),
            "rss_before": run.rss_before,
            "rss_open": run.rss_open,
            "openings_per_second": round(run.opening_rate),
        }
        for (peer, lane, _), run in zip(cases, found, strict=True)
    ]
    report = {"targets": targets("memory"), "outcomes": rows, "bytes_by_part": parts}
    return finish("memory", report, missed, options)


async def _measure(
    cases: Sequence[tuple[Peer, Lane, int]], options: Options, advance: Advance
) -> list[Figures]:
    found = []
    for peer, lane, size in cases:
        load = Load(connections=size, lane=lane, seconds=0.0, settle=options.settle)
        try:
            async with peer.started() as served:
                # A server's first connections load code and fill pools: they are not counted.
                await Load(connections=20, lane=lane, seconds=0.0, settle=0.2).run(served)
                found.append(await load.run(served))
        except ChildError as error:
            raise ChildError(f"{peer.name}, {lane}: {error}") from error
        advance(f"{peer.name}, {lane}")
    return found

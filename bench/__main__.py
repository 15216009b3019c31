"""``python -m bench``: measure, print tables, keep the figures in ``bench/results/``."""

from __future__ import annotations

import asyncio
import secrets
from typing import Annotated

import typer

from . import fanout
from .chaos.command import PLAYERS, SECONDS
from .chaos.command import chaos as cause_chaos
from .failover.command import failover as measure_failover
from .reports import wide_console

app = typer.Typer(add_completion=False, help="Benchmarks.")


@app.callback(invoke_without_command=True)
def core(context: typer.Context) -> None:
    """What the core's fan-out costs; other benches are commands."""
    if context.invoked_subcommand is None:
        fanout.main()


@app.command()
def failover(
    quick: Annotated[
        bool, typer.Option("--quick", help="A smoke run: short, gaps not judged, no peer.")
    ] = False,
) -> None:
    """What players notice of a connection that fails, here and with Socket.IO."""
    raise typer.Exit(asyncio.run(measure_failover(wide_console(), quick=quick)))


@app.command()
def chaos(
    seed: Annotated[int | None, typer.Option(help="Of all chance; without one: a new one.")] = None,
    seconds: Annotated[float, typer.Option(min=1.0, help="How long it goes on.")] = SECONDS,
    players: Annotated[int, typer.Option(min=2, help="How many play.")] = PLAYERS,
) -> None:
    """Many players under random faults: nothing lost, repeated or out of order."""
    drawn = secrets.randbelow(1_000_000) if seed is None else seed
    raise typer.Exit(cause_chaos(wide_console(), seed=drawn, seconds=seconds, players=players))


if __name__ == "__main__":
    app()

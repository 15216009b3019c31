"""``python -m bench``: measure, print tables, keep the figures in ``bench/results/``."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

import typer

from dualwire.logs import configure_logging

from . import core as core_fanout
from .chaos.command import PLAYERS, SECONDS
from .chaos.command import chaos as cause_chaos
from .children import ChildError
from .cluster.command import measure_cluster
from .cluster.units import measure_units
from .crowd.command import PLAYERS as CROWD
from .crowd.command import SECONDS as CROWD_SECONDS
from .crowd.command import crowd as gather_crowd
from .failover.command import failover as measure_failover
from .peers import chosen
from .reports import wide_console
from .rollout.command import PLAYERS as ROLLED_OUT
from .rollout.command import rollout as roll_out
from .scenarios.fanout import fanout as measure_fanout
from .scenarios.latency import latency as measure_latency
from .scenarios.memory import memory as measure_memory
from .scenarios.personal import personal as measure_personal
from .scenarios.resume import resume as measure_resume
from .scenarios.runs import Options
from .scenarios.storm import storm as measure_storm

app = typer.Typer(add_completion=False, help="Benchmarks.")

Scenario = Callable[[Options], Awaitable[int]]
Peers = Annotated[
    str | None, typer.Option(help="Names with commas between; '' for none. Without it: all.")
]
Connections = Annotated[str | None, typer.Option(help="How many, with commas between.")]
Json = Annotated[Path | None, typer.Option(help="Where the figures go.")]
Quick = Annotated[bool, typer.Option("--quick", help="A smoke run, nothing judged.")]

SCENARIOS: dict[str, tuple[Scenario, str]] = {
    "fanout": (measure_fanout, "One message to many connections, beside peers."),
    "memory": (measure_memory, "Resident memory per connection, beside peers."),
    "storm": (measure_storm, "Everybody reconnects at once, with tokens."),
    "personal": (measure_personal, "One message to one player, all in turn, beside peers."),
    "resume": (measure_resume, "What it costs to come back, by what was missed."),
    "latency": (measure_latency, "How long a message takes, beside peers."),
}


def _add(name: str, scenario: Scenario, what: str) -> None:
    def command(
        peers: Peers = None,
        connections: Connections = None,
        json: Json = None,
        quick: Quick = False,
    ) -> None:
        raise typer.Exit(_run(scenario, peers, connections, json, quick=quick))

    app.command(name, help=what)(command)


def _run(
    scenario: Scenario,
    peers: str | None,
    connections: str | None,
    path: Path | None,
    *,
    quick: bool,
) -> int:
    console = wide_console()
    # Not in the scenarios, which tests run in a process with others.
    configure_logging("error", for_good=True)
    try:
        options = Options(
            console=console,
            peers=chosen("" if quick and peers is None else peers),
            connections=[int(each) for each in connections.split(",")] if connections else None,
            json=path,
            quick=quick,
        )
        return asyncio.run(_awaited(scenario(options)))
    except ChildError as error:
        console.print(f"error: {error}", style="red", highlight=False, soft_wrap=True)
        return 1


async def _awaited(scenario: Awaitable[int]) -> int:
    return await scenario


for _name, (_scenario, _what) in SCENARIOS.items():
    _add(_name, _scenario, _what)


@app.callback(invoke_without_command=True)
def everything(context: typer.Context, peers: Peers = None, quick: Quick = False) -> None:
    """Without a command: the core and every scenario, about 12 minutes."""
    if context.invoked_subcommand is not None:
        return
    core_fanout.main()
    codes = [_run(scenario, peers, None, None, quick=quick) for scenario, _ in SCENARIOS.values()]
    raise typer.Exit(max(codes))


@app.command()
def core() -> None:
    """What the core's fan-out costs, without sockets."""
    core_fanout.main()


@app.command()
def failover(
    quick: Annotated[
        bool, typer.Option("--quick", help="A smoke run: short, gaps not judged, no peer.")
    ] = False,
) -> None:
    """What players notice of a connection that fails, here and with Socket.IO."""
    raise typer.Exit(asyncio.run(measure_failover(wide_console(), quick=quick)))


@app.command()
def cluster(
    quick: Annotated[
        bool, typer.Option("--quick", help="A smoke run: short, gaps not judged, no peer.")
    ] = False,
) -> None:
    """What players notice of a node that dies or is restarted, and what an event costs."""
    try:
        raise typer.Exit(asyncio.run(measure_cluster(wide_console(), quick=quick)))
    except ChildError as error:
        wide_console().print(f"error: {error}", style="red", highlight=False, soft_wrap=True)
        raise typer.Exit(1) from None


@app.command()
def units() -> None:
    """What a player, an event and a node cost in Redis and beside it."""
    raise typer.Exit(asyncio.run(measure_units(wide_console())))


@app.command()
def chaos(
    seed: Annotated[int | None, typer.Option(help="Of all chance; without one: a new one.")] = None,
    seconds: Annotated[float, typer.Option(min=1.0, help="How long it goes on.")] = SECONDS,
    players: Annotated[int, typer.Option(min=2, help="How many play.")] = PLAYERS,
) -> None:
    """Many players under random faults: nothing lost, repeated or out of order."""
    drawn = secrets.randbelow(1_000_000) if seed is None else seed
    raise typer.Exit(cause_chaos(wide_console(), seed=drawn, seconds=seconds, players=players))


@app.command()
def crowd(
    seed: Annotated[int | None, typer.Option(help="Of all chance; without one: a new one.")] = None,
    seconds: Annotated[
        float, typer.Option(min=1.0, help="How long there is trouble.")
    ] = CROWD_SECONDS,
    players: Annotated[int, typer.Option(min=2, help="How many play.")] = CROWD,
    pictures: Annotated[bool, typer.Option(help="Photograph the dashboard meanwhile.")] = True,
) -> None:
    """A crowd in the game, through faults: do the metrics say what happened?"""
    drawn = secrets.randbelow(1_000_000) if seed is None else seed
    console = wide_console()
    raise typer.Exit(
        gather_crowd(console, seed=drawn, seconds=seconds, players=players, pictures=pictures)
    )


@app.command()
def rollout(
    players: Annotated[int, typer.Option(min=2, help="How many are connected.")] = ROLLED_OUT,
) -> None:
    """The flag from nobody to everybody, then the kill switch, while players are connected."""
    raise typer.Exit(roll_out(wide_console(), players=players))


if __name__ == "__main__":
    app()

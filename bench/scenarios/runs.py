"""Runs on several servers in turn, so that what disturbs one disturbs the others too."""

from __future__ import annotations

import asyncio
import contextlib
import resource
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ..children import ChildError
from ..load import Figures, Load
from ..peers import OURS, Peer, Served
from ..reports import keep, verdict

__all__ = [
    "Advance",
    "Options",
    "Outcome",
    "allow_files",
    "alternate",
    "finish",
    "progress",
    "ratio",
    "serving",
]

BETWEEN = 0.3
"""Seconds in which a server gets rid of the last run's connections."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a command was told."""

    console: Console
    peers: Sequence[Peer] = ()
    connections: Sequence[int] | None = None
    """``None`` for the scenario's own."""
    json: Path | None = None
    quick: bool = False
    """A smoke run: as short as possible, nothing judged."""

    @property
    def rounds(self) -> int:
        """How often each case is run; the median counts."""
        return 1 if self.quick else 3

    @property
    def seconds(self) -> float:
        """How long one run publishes."""
        return 0.3 if self.quick else 2.0

    @property
    def settle(self) -> float:
        """Seconds of rest between opening and publishing."""
        return 0.2 if self.quick else 0.5


@dataclass(kw_only=True)
class Outcome:
    """The runs of one case on one server."""

    server: str
    case: str
    runs: list[Figures] = field(default_factory=list)

    def of(self, figure: Callable[[Figures], float]) -> float:
        """The median of a figure."""
        return median(figure(each) for each in self.runs)

    def as_json(self) -> dict[str, Any]:
        """For the report: medians of what is looked at, and every run."""
        return {
            "server": self.server,
            "case": self.case,
            "cpu_us_per_delivery": round(self.of(lambda run: run.cpu_us), 3),
            "deliveries_per_second": round(self.of(lambda run: run.rate)),
            "p50_us": self.of(lambda run: run.p50_us),
            "p99_us": self.of(lambda run: run.p99_us),
            "openings_per_second": round(self.of(lambda run: run.opening_rate)),
            "runs": [asdict(run) for run in self.runs],
        }


class Advance(Protocol):
    """Shows progress."""

    def __call__(self, text: str) -> None: ...


@contextlib.contextmanager
def progress(console: Console, total: int) -> Any:
    """A bar; what it gives is an :class:`Advance`, to be called after each run."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as bar:
        task = bar.add_task("Starting", total=total)
        yield lambda text: bar.update(task, advance=1, description=text)


@contextlib.asynccontextmanager
async def serving(options: Options, missed: list[str]) -> AsyncIterator[list[Served]]:
    """Our server, first, and the peers that can be had; a required one that cannot is missed."""
    allow_files()
    async with contextlib.AsyncExitStack() as stack:
        found = [await stack.enter_async_context(OURS.started())]
        for peer in options.peers:
            with options.console.status(f"Setting up {peer.name}"):
                try:
                    found.append(await stack.enter_async_context(peer.started()))
                except ChildError as error:
                    what = f"{peer.name} as a peer: {error}"
                    options.console.print(what, style="yellow", highlight=False, soft_wrap=True)
                    if peer.required:
                        missed.append(what)
        yield found


def allow_files() -> None:
    """Let processes have as many files as they may: each connection is one, at both ends."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def alternate(
    plan: Sequence[tuple[Served, str, Load]],
    rounds: int,
    advance: Advance,
    after_round: Callable[[Mapping[tuple[str, str], Outcome]], None] = lambda _: None,
) -> dict[tuple[str, str], Outcome]:
    """Run everything once a round, in the other order every other round.

    Args:
        plan: server, the case's name, and the run.
        rounds: how often.
        advance: told of each run.
        after_round: given what there is after each round, so that it can be kept.

    Returns:
        Outcomes by server and case.
    """
    found: dict[tuple[str, str], Outcome] = {}
    for number in range(rounds):
        for served, case, load in plan if number % 2 == 0 else reversed(plan):
            outcome = found.setdefault((served.name, case), Outcome(server=served.name, case=case))
            outcome.runs.append(await load.run(served))
            advance(f"{served.name}, {case}")
            await asyncio.sleep(BETWEEN)
        after_round(found)
    # In the plan's order, whatever order they ran in.
    return {(served.name, case): found[served.name, case] for served, case, _ in plan}


def ratio(
    ours: Outcome | None, theirs: Outcome | None, figure: Callable[[Figures], float]
) -> float | None:
    """Our figure by theirs: the median over the pairs of runs that were made in one round."""
    if ours is None or theirs is None:
        return None
    forwards = [(a, b) for a, b in zip(ours.runs, theirs.runs, strict=True)]
    return median(figure(a) / figure(b) for a, b in forwards if figure(b)) if forwards else None


def finish(name: str, report: Mapping[str, Any], missed: Sequence[str], options: Options) -> int:
    """Keep the figures and say what was missed; the exit code."""
    full = {"quick": options.quick, "missed": list(missed), **report}
    keep(f"{name}-quick" if options.quick else name, full, options.console, options.json)
    if options.quick:
        options.console.print("Quick: a smoke run, nothing judged.", style="dim")
    return verdict(missed, options.console)

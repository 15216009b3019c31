"""What every bench does with its figures: keep them with their conditions, and judge them."""

from __future__ import annotations

import json
import os
import platform
import time
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import structlog
from rich.console import Console

from dualwire import __version__

__all__ = ["keep", "silence_log", "targets", "verdict", "wide_console"]

BENCH = Path(__file__).parent
RESULTS = BENCH / "results"
WIDTH = 110


def targets(name: str) -> dict[str, Any]:
    """The targets of one bench, from ``bench/targets.toml``."""
    section: dict[str, Any] = tomllib.loads((BENCH / "targets.toml").read_text())[name]
    return section


def keep(name: str, report: Mapping[str, Any], console: Console, path: Path | None = None) -> None:
    """Write a report with its conditions to ``bench/results/NAME.json``, or to ``path``."""
    conditions = {
        "name": name,
        "dualwire": __version__,
        "python": platform.python_version(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "load": [round(each, 2) for each in os.getloadavg()],
        "at": round(time.time()),
        "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    RESULTS.mkdir(exist_ok=True)
    path = path or RESULTS / f"{name}.json"
    path.write_text(json.dumps({**conditions, **report}, indent=2) + "\n")
    console.print(f"Kept in {path}", highlight=False, soft_wrap=True)


def verdict(missed: Sequence[str], console: Console) -> int:
    """Name each target that was missed; the exit code."""
    for each in missed:
        console.print(f"missed: {each}", style="red", highlight=False, soft_wrap=True)
    if not missed:
        console.print("Every target is met.", style="green")
    return 1 if missed else 0


def wide_console() -> Console:
    """A console that is wide enough for the tables, whatever the terminal says."""
    console = Console()
    return console if console.width >= WIDTH else Console(width=WIDTH)


def silence_log() -> None:
    """Log nothing: a table is what is wanted here."""
    structlog.configure(processors=[_drop])


def _drop(*_: object) -> dict[str, object]:
    raise structlog.DropEvent

"""An operator's commands against a server in the test's own loop."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from typer.testing import CliRunner

from dualwire.cli import app
from tests.http.site import API_KEY

__all__ = ["API_KEY", "Said", "run"]


@dataclass(frozen=True)
class Said:
    """What a command said, and how it ended."""

    code: int
    out: str
    """What the server, which runs beside it, logs meanwhile is in here too."""
    err: str

    @property
    def last(self) -> str:
        """The last line."""
        return self.out.splitlines()[-1]


async def run(*args: str, key: str | None = API_KEY, stdin: str = "") -> Said:
    """Run a command in a thread of its own, so that the server can answer it."""
    environ = {"DUALWIRE_API_KEY": key, "COLUMNS": "200"}
    result = await asyncio.to_thread(CliRunner().invoke, app, list(args), input=stdin, env=environ)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Said(result.exit_code, result.stdout, result.stderr)

"""The command ``dualwire``."""

from __future__ import annotations

from typing import NoReturn

import typer
from rich.console import Console

from .. import __version__
from . import bench, doctor, play, serve, tail, token
from .exit_codes import OK
from .operator import disconnect, publish, revoke, stats

__all__ = ["app", "main"]

app = typer.Typer(
    name="dualwire",
    help="Every player on a WebSocket and an SSE connection at once.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("serve")(serve.serve)
app.command("token")(token.token)
app.command("play")(play.play)
app.command("tail")(tail.tail)
app.command("doctor")(doctor.doctor)
app.command("stats")(stats.stats)
app.command("publish")(publish.publish)
app.command("disconnect")(disconnect.disconnect)
app.command("revoke")(revoke.revoke)
app.command("bench")(bench.bench)


@app.callback()
def _options() -> None:
    """Every player on a WebSocket and an SSE connection at once."""


@app.command("version")
def version() -> None:
    """Print the version."""
    Console().print(__version__, highlight=False)


def main() -> NoReturn:
    """Run the command line of this process."""
    app()
    raise SystemExit(OK)

"""``dualwire doctor``."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

from ...clock import SystemClock
from ...core.encoding.json import encode_object
from ...exceptions import ConfigurationError
from ..address import Address, read_address
from ..exit_codes import BAD_SETTINGS, OK, PROBLEMS_FOUND
from ..failing import fail
from .examination import Examination
from .findings import Report
from .page import show

__all__ = ["doctor"]


def doctor(
    url: Annotated[
        str, typer.Argument(help="The server as players reach it, its path included.")
    ] = "http://127.0.0.1:8000",
    token: Annotated[
        str | None,
        typer.Option(
            envvar="DUALWIRE_TOKEN", help="A player's token; without one it looks as a guest."
        ),
    ] = None,
    token_file: Annotated[Path | None, typer.Option(help="File that holds the token.")] = None,
    watch: Annotated[
        float | None,
        typer.Option(
            min=0,
            help="Seconds that both connections are left alone, for time-outs of proxies; 0 for "
            "none. By default as long as the server itself is silent, a minute at most.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Look for what stands between a server and its players: proxies that hold event streams
    back, cut silent connections or block WebSockets, wrong headers, clocks, certificates. Says
    what to do about each."""
    try:
        address = read_address(url)
        given = _token(token, token_file)
    except ConfigurationError as error:
        fail(BAD_SETTINGS, error)
    report, code = _examine(address, given, watch)
    if as_json:
        typer.echo(encode_object(report.fields() | {"exit_code": code}).decode())
    else:
        show(report, Console(highlight=False))
    if code != OK:
        raise typer.Exit(code)


def _examine(address: Address, token: str | None, watch: float | None) -> tuple[Report, int]:
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn())
    console = Console(stderr=True)
    # Elsewhere a bar would be noise.
    disable = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=disable) as progress:
        task = progress.add_task("", total=None)

        def tell(text: str, share: float | None) -> None:
            total = None if share is None else 1.0
            progress.update(task, description=text, total=total, completed=share or 0.0)

        examination = Examination(address, token, watch, SystemClock(), tell)
        try:
            return examination.report, asyncio.run(examination.run())
        except KeyboardInterrupt:
            # Who does not want to wait for more gets what is known.
            report = examination.report
            return report, PROBLEMS_FOUND if report.count("problem") else OK


def _token(token: str | None, token_file: Path | None) -> str | None:
    if token_file is None:
        return token.strip() if token else None
    try:
        found = token_file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError("--token-file", "a file that can be read", str(error)) from None
    if not found:
        raise ConfigurationError("--token-file", "a file that holds a token", "an empty one")
    return found

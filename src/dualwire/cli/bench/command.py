"""``dualwire bench``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import jwt
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from ...core.encoding.json import encode_object
from ...exceptions import AuthenticationError, ConfigurationError, RefusedError
from ...http import JWTAuthenticator
from ...settings import load_settings
from ..address import Address, read_address
from ..exit_codes import (
    AUTHENTICATION_REFUSED,
    BAD_SETTINGS,
    CANNOT_CONNECT,
    OK,
    PROBLEMS_FOUND,
    REFUSED,
)
from ..failing import fail
from ..login import log_in
from ..operator.options import KeyFileOption, KeyOption, read_key
from ..operator.server_api import UnansweredError
from ..serve import secret_of
from .course import run_load
from .figures import Figures

__all__ = ["bench"]

BUSY = 0.8
"""Share of one processor beyond which the figures are those of this program."""
SHORT = 0.9
"""Share of the rate that was asked for below which it was not reached."""


def bench(
    url: Annotated[str, typer.Argument(help="A server of your own.")] = "http://127.0.0.1:8000",
    players: Annotated[int, typer.Option(min=1, max=1000, help="Players who come.")] = 50,
    rate: Annotated[
        float, typer.Option(min=0.1, max=2000, help="Events per second, in all.")
    ] = 100.0,
    seconds: Annotated[float, typer.Option(min=0.1, help="How long.")] = 10.0,
    guests: Annotated[
        bool, typer.Option("--guests", help="Let them come as guests; else the secret is needed.")
    ] = False,
    secret_file: Annotated[Path | None, typer.Option(help="File that holds the secret.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
    key: KeyOption = None,
    key_file: KeyFileOption = None,
) -> None:
    """Put a modest load on a server of your own: players with both connections each, and events
    that are published to them one by one. Counts what comes, and how late. It is one Python
    program: it finds out what goes wrong, not how fast the server is."""
    try:
        address, found = read_address(url), read_key(key, key_file)
        secret = None if guests else secret_of(load_settings(secret_file=secret_file))
    except ConfigurationError as error:
        fail(BAD_SETTINGS, error)
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}", markup=False), BarColumn())
    disable = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=disable) as progress:
        task = progress.add_task("", total=1.0)

        def tell(text: str, share: float) -> None:
            progress.update(task, description=text, completed=share)

        figures = _run(_load(address, found, secret, players, rate, seconds, tell))
    if as_json:
        typer.echo(encode_object(figures.fields()).decode())
    else:
        _show(figures)
    if figures.lost or figures.repeated or figures.refused:
        raise typer.Exit(PROBLEMS_FOUND)


async def _load(
    address: Address,
    key: str | None,
    secret: str | None,
    players: int,
    rate: float,
    seconds: float,
    tell: Callable[[str, float], None],
) -> Figures:
    tokens: dict[str, str] = {}
    for number in range(players):
        if secret is not None:
            tokens[f"bench-{number}"] = JWTAuthenticator(secret).issue(f"bench-{number}")
        else:
            token = await log_in(str(address), None)
            claims = jwt.decode(token, options={"verify_signature": False})
            tokens[str(claims["sub"])] = token
    return await run_load(address, key, tokens, rate, seconds, tell)


def _run(work: Coroutine[Any, Any, Figures]) -> Figures:
    with suppress(KeyboardInterrupt):
        try:
            return asyncio.run(work)
        except UnansweredError as error:
            fail(error.exit_code, error)
        except AuthenticationError as error:
            fail(AUTHENTICATION_REFUSED, f"the server refuses: {error}")
        except RefusedError as error:
            fail(REFUSED, error)
        except ConnectionError as error:
            fail(CANNOT_CONNECT, error)
    raise typer.Exit(OK)


def _show(figures: Figures) -> None:
    told = figures.fields()
    late = told["latency_ms"]
    lines = [
        f"{told['players']} players, {told['connections']} connections, all open in "
        f"{told['opened_in_seconds']:.1f} s",
        f"{told['published']} events published, {told['per_second']:.0f} per second",
        f"{told['delivered']} delivered, {told['lost']} lost, {told['repeated']} repeated; "
        f"{told['duplicates_eliminated']} of the twin eliminated",
        f"Latency: median {late['p50']} ms, 99th percentile {late['p99']} ms, "
        f"worst {late['max']} ms",
    ]
    lines += [f"{count} not published: {why}" for why, count in told["refused"].items()]
    if figures.rate < SHORT * figures.asked:
        lines.append(f"That is less than the {figures.asked:g} per second that were asked for.")
    if figures.busy > BUSY:
        lines.append(
            f"This program was busy {figures.busy:.0%} of the time: latency and rate are its own "
            "limits. Run it on another machine, or with less."
        )
    else:
        lines.append("One Python program: a server can do much more (docs/performance.md).")
    for line in lines:
        typer.echo(line)

"""``dualwire tail``: what a player is sent, as JSON lines."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import Annotated

import typer

from ..client import Delivered, Gap, Item, connect
from ..core.encoding.json import encode_object
from ..exceptions import ConfigurationError
from ..http import JWTAuthenticator
from ..settings import load_settings
from ..types import JSONObject
from .exit_codes import BAD_SETTINGS
from .failing import fail
from .play_exit import run_client
from .serve import secret_of

__all__ = ["line_of", "tail"]

OPEN_TIMEOUT = 5.0
"""Seconds for the first connection to open."""


def tail(
    player: Annotated[
        str,
        typer.Argument(help="A player's token; or its id, for those who have the secret."),
    ],
    url: Annotated[str, typer.Argument(help="The server.")] = "http://127.0.0.1:8000",
    secret_file: Annotated[Path | None, typer.Option(help="File that holds the secret.")] = None,
) -> None:
    """Print each event of a player as one line of JSON, and each gap, beside its own client."""
    run_client(_tail(url, _token(player, secret_file)))


def _token(player: str, secret_file: Path | None) -> str:
    if player.count(".") == 2 and player.startswith("ey"):
        return player  # A JSON Web Token: `{"` in base64, in three parts.
    try:
        authenticator = JWTAuthenticator(secret_of(load_settings(secret_file=secret_file)))
    except ConfigurationError as error:
        fail(BAD_SETTINGS, error)
    return authenticator.issue(player)


async def _tail(url: str, token: str) -> None:
    async with connect(url, token, join=True, open_timeout=OPEN_TIMEOUT) as client:
        async for item in client:
            sys.stdout.write(encode_object(line_of(item)).decode() + "\n")
            sys.stdout.flush()


def line_of(item: Item) -> JSONObject:
    """What is printed of an item."""
    if isinstance(item, Gap):
        return {"gap": dataclasses.asdict(item)}
    if isinstance(item, Delivered):
        return {"stream": item.stream, "offset": item.offset, "event": item.event}
    return {"connection": item.connection_type, "event": item.event}

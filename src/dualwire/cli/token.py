"""``dualwire token``: a token for a player, signed with the server's secret."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..exceptions import ConfigurationError
from ..settings import load_settings
from .exit_codes import BAD_SETTINGS
from .failing import fail
from .serve import authenticator_of, secret_of

__all__ = ["token"]


def token(
    player: Annotated[str, typer.Argument(help="The player's id.")],
    name: Annotated[str | None, typer.Option(help="What other players call it.")] = None,
    lifetime: Annotated[float, typer.Option(min=1, help="Seconds until it expires.")] = 3600.0,
    secret_file: Annotated[Path | None, typer.Option(help="File that holds the secret.")] = None,
) -> None:
    """Print a token that the server of the same secret accepts."""
    try:
        settings = load_settings(secret_file=secret_file)
        authenticator = authenticator_of(settings, secret_of(settings))
    except ConfigurationError as error:
        fail(BAD_SETTINGS, error)
    typer.echo(authenticator.issue(player, name=name, lifetime=lifetime))

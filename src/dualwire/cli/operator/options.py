"""Options that all of an operator's commands have, and what they mean."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeAlias

import typer
from rich.console import Console

from ...exceptions import ConfigurationError
from ...types import JSONObject
from ..address import read_address
from ..exit_codes import BAD_SETTINGS, OK
from ..failing import fail
from .server_api import ServerAPI, UnansweredError

__all__ = ["KeyFileOption", "KeyOption", "URLArgument", "ask", "read_key"]

URLArgument: TypeAlias = Annotated[
    str, typer.Argument(help="The server, or one node of several.", show_default=False)
]
KeyOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        envvar="DUALWIRE_API_KEY",
        help="The operator's key; rather set the variable, which `ps` does not show.",
        show_default=False,
    ),
]
KeyFileOption: TypeAlias = Annotated[Path | None, typer.Option(help="File that holds the key.")]


def ask(
    url: str,
    key: str | None,
    key_file: Path | None,
    question: Callable[[ServerAPI], Awaitable[JSONObject | None]],
) -> JSONObject:
    """Do something at a server.

    Args:
        url: of the server.
        key: the operator's, if it was given.
        key_file: where it stands otherwise.
        question: what is done; ``None`` instead of an answer where there is no more to say.

    Raises:
        Exit: it did not work; what is wrong was said on standard error.
    """
    try:
        address = read_address(url)
        found = read_key(key, key_file)
    except ConfigurationError as error:
        fail(BAD_SETTINGS, error)
    if found and not address.secure and not address.is_loopback:
        warning = f"warning: the key travels to {address.host} unencrypted; use https"
        Console(stderr=True, soft_wrap=True).print(warning, highlight=False, markup=False)

    async def work() -> JSONObject | None:
        async with ServerAPI(address, found) as server:
            return await question(server)

    try:
        return asyncio.run(work()) or {}
    except UnansweredError as error:
        fail(error.exit_code, error)
    except KeyboardInterrupt:
        raise typer.Exit(OK) from None


def read_key(key: str | None, key_file: Path | None) -> str | None:
    """The operator's key; ``None`` if there is none.

    Raises:
        ConfigurationError: the file cannot be read, or is empty.
    """
    if key_file is None:
        return key.strip() if key else None
    try:
        found = key_file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError("--key-file", "a file that can be read", str(error)) from None
    if not found:
        raise ConfigurationError("--key-file", "a file that holds a key", "an empty one")
    return found

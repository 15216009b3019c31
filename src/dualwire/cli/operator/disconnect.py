"""``dualwire disconnect``: end a player's session, or one connection."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from ...codes import STALE
from ...types import JSONObject
from ..exit_codes import NOT_FOUND
from .options import KeyFileOption, KeyOption, URLArgument, ask
from .server_api import ServerAPI, UnansweredError

__all__ = ["disconnect"]

PATH = "/api/admin/disconnect"


def disconnect(
    url: URLArgument,
    target: Annotated[
        str,
        typer.Argument(metavar="PLAYER|CONNECTION", help="Whose session, or which connection."),
    ],
    only: Annotated[
        str | None,
        typer.Option(
            "--as",
            metavar="player|connection",
            help="What it is, should it be both a player's "
            "and a connection's id; by default a player's first.",
        ),
    ] = None,
    key: KeyOption = None,
    key_file: KeyFileOption = None,
) -> None:
    """End a player's session with all its connections, as a logout does; or one connection, which
    its client opens again."""
    if only not in (None, "player", "connection"):
        raise typer.BadParameter(f"--as: expected player or connection, got {only!r}")

    async def question(server: ServerAPI) -> JSONObject:
        if only == "connection":
            return await _end(server, "connection_id", target)
        if only == "player":
            return await _end(server, "player_id", target)
        try:
            return await _end(server, "player_id", target)
        except UnansweredError as error:
            if error.exit_code != NOT_FOUND:
                raise
        try:
            return await _end(server, "connection_id", target)
        except UnansweredError as error:
            if error.exit_code != NOT_FOUND:
                raise
            raise UnansweredError(
                NOT_FOUND,
                f"no player {target!r} has a session, and this node has no connection of that id; "
                "`dualwire stats URL --player PLAYER` shows a player's connections",
            ) from None

    answer = ask(url, key, key_file, question)
    if answer["ended"] == "player_id":
        typer.echo(f"The session of {target} has ended, with all its connections.")
    else:
        typer.echo(f"Connection {target} has ended; its client opens another.")


async def _end(
    server: ServerAPI, name: Literal["player_id", "connection_id"], target: str
) -> JSONObject:
    body: JSONObject = {name: target}
    if name == "connection_id":
        # What a health check would say; a server of 0.1 says goodbye by itself, for good.
        body["code"] = STALE.number
    await server.post(PATH, body)
    return {"ended": name}

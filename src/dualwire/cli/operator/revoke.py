"""``dualwire revoke``: take access back."""

from __future__ import annotations

from typing import Annotated

import typer

from ...types import JSONObject
from .options import KeyFileOption, KeyOption, URLArgument, ask
from .server_api import ServerAPI

__all__ = ["revoke"]


def revoke(
    url: URLArgument,
    player: Annotated[
        str | None, typer.Option(help="All tokens that this player was given so far.")
    ] = None,
    session: Annotated[
        str | None, typer.Option(help="One session of --player, with the tokens it came with.")
    ] = None,
    token_id: Annotated[str | None, typer.Option(help="One token, by its `jti`.")] = None,
    key: KeyOption = None,
    key_file: KeyFileOption = None,
) -> None:
    """Take access back, on all nodes within a second: from a player, from one of its sessions, or
    from one token. What still waits for connections that end by it is not written."""
    if (player is None) == (token_id is None):
        raise typer.BadParameter("give either --player (perhaps with --session) or --token-id")
    if session is not None and player is None:
        raise typer.BadParameter("--session needs --player: a session is one of a player's")
    given = {"player_id": player, "session_id": session, "token_id": token_id}
    body: JSONObject = {name: value for name, value in given.items() if value is not None}

    async def question(server: ServerAPI) -> JSONObject:
        return await server.post("/api/admin/revoke", body)

    answer = ask(url, key, key_file, question)
    typer.echo(_told(answer, player, session, token_id))


def _told(answer: JSONObject, player: str | None, session: str | None, token_id: str | None) -> str:
    if token_id is not None:
        return f"Token {token_id} is revoked, and its connections have ended."
    ended = bool(answer.get("session_ended"))
    if session is not None:
        now = "it has ended" if ended else "it was not the current one"
        return f"That session of {player} is revoked; {now}."
    now = "the session has ended" if ended else "there was no session"
    return f"All tokens of {player} up to now are revoked; {now}. A token issued later counts."

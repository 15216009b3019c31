"""``dualwire publish``: send an event to a player, a room or everybody."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from ...core.encoding.json import decode_message, encode_object
from ...exceptions import ProtocolError
from ...types import JSONObject
from .options import KeyFileOption, KeyOption, URLArgument, ask
from .server_api import ServerAPI

__all__ = ["publish"]


def publish(
    url: URLArgument,
    event: Annotated[
        str, typer.Argument(help="The event, a JSON object; - reads it from standard input.")
    ],
    player: Annotated[str | None, typer.Option(help="Send it to this player.")] = None,
    room: Annotated[str | None, typer.Option(help="Send it to this room.")] = None,
    everybody: Annotated[bool, typer.Option("--all", help="Send it to everybody.")] = False,
    exclude: Annotated[
        str | None, typer.Option(metavar="PLAYER", help="A player who does not get it.")
    ] = None,
    idempotency_key: Annotated[
        str | None,
        typer.Option(help="Names this event: sent again within 120 s it is stored once."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
    key: KeyOption = None,
    key_file: KeyFileOption = None,
) -> None:
    """Send an event to a player, a room or everybody."""
    if sum((player is not None, room is not None, everybody)) != 1:
        raise typer.BadParameter("give one of --player, --room and --all")
    try:
        body: JSONObject = {"event": decode_message(sys.stdin.read() if event == "-" else event)}
    except ProtocolError as error:
        raise typer.BadParameter(f'the event: expected \'{{"text": "..."}}\', {error}') from None
    given = {"player_id": player, "room": room, "exclude_player": exclude}
    body |= {name: value for name, value in given.items() if value is not None}
    headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
    path = "/api/admin/broadcast" if everybody else "/api/admin/publish"

    async def question(server: ServerAPI) -> JSONObject:
        return await server.post(path, body, headers)

    answer = ask(url, key, key_file, question)
    if as_json:
        typer.echo(encode_object(answer).decode())
        return
    accepted, stream, offset = answer.get("accepted"), answer.get("stream"), answer.get("offset")
    typer.echo(f"Event {offset} of {stream}; {accepted} connections of this node took it at once.")

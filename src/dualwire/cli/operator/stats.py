"""``dualwire stats``: what a node carries, and how it does."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Annotated
from urllib.parse import quote

import typer
from rich.console import Console, RenderableType
from rich.live import Live

from ...core.encoding.json import encode_object
from ...types import JSONObject
from ..exit_codes import NOT_DUALWIRE
from .options import KeyFileOption, KeyOption, ask
from .server_api import ServerAPI, UnansweredError
from .stats_page import node_page, player_page

__all__ = ["stats"]


def stats(
    url: Annotated[
        str, typer.Argument(help="The server, or one node of several.")
    ] = "http://127.0.0.1:8000",
    player: Annotated[
        str | None, typer.Option(help="One player: its connections, and what happened to them.")
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Look again and again, until Ctrl+C.")
    ] = False,
    interval: Annotated[
        float, typer.Option(min=0.1, help="Seconds between two looks of --watch.")
    ] = 2.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, one line per look.")] = False,
    key: KeyOption = None,
    key_file: KeyFileOption = None,
) -> None:
    """Show what a node carries and how it does; without a key on the server's own machine."""
    path = "/monitoring/ops"
    page = node_page
    if player is not None:
        path = f"/monitoring/players/{quote(player, safe='')}"
        page = player_page
    console = Console(highlight=False)
    with contextlib.ExitStack() as stack:
        show = _printing(page, console, as_json=as_json)
        if watch and not as_json and console.is_terminal:
            live = stack.enter_context(Live(console=console, auto_refresh=False, screen=True))

            def show(answer: JSONObject) -> None:
                live.update(page(answer), refresh=True)

        async def question(server: ServerAPI) -> None:
            while True:
                answer = await server.get(path)
                try:
                    show(answer)
                except (LookupError, TypeError, AttributeError, ValueError) as error:
                    raise UnansweredError(
                        NOT_DUALWIRE,
                        f"the answer of {path} is not one of this version ({error!r}): is the "
                        "server another one? --json prints it as it came",
                    ) from error
                if not watch:
                    return
                await asyncio.sleep(interval)

        ask(url, key, key_file, question)


def _printing(
    page: Callable[[JSONObject], RenderableType], console: Console, *, as_json: bool
) -> Callable[[JSONObject], None]:
    def show(answer: JSONObject) -> None:
        if as_json:
            typer.echo(encode_object(answer).decode())
        else:
            console.print(page(answer))

    return show

"""``dualwire play``: the game in a terminal, over both connections at once."""

from __future__ import annotations

import asyncio
import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from ..client import Client, ClientConnection, connect
from ..codes import SESSION_REPLACED, TOKEN_EXPIRED, UNAUTHORIZED
from ..exceptions import AuthenticationError, RefusedError
from . import exit_codes
from .failing import fail
from .lines import read_lines
from .login import log_in
from .story import Story

__all__ = ["play"]

ANSWER_TIMEOUT = 5.0
"""Seconds to wait for answers when the input ended."""

_CUTS = {"/cut websocket": "websocket", "/cut ws": "websocket", "/cut sse": "sse"}


def play(
    url: Annotated[str, typer.Argument(help="The server.")] = "http://127.0.0.1:8000",
    name: Annotated[
        str | None, typer.Option(help="Your name; without one you are a guest.")
    ] = None,
    guest: Annotated[bool, typer.Option("--guest", help="Play as a guest.")] = False,
    password: Annotated[str | None, typer.Option(help="Asked for if it is not given.")] = None,
    register: Annotated[bool, typer.Option("--register", help="Make the account first.")] = False,
    token: Annotated[str | None, typer.Option(help="A token, instead of a login.")] = None,
) -> None:
    """Play in the terminal. /quit leaves, /cut websocket and /cut sse try what happens then."""
    if sum((guest, bool(name), bool(token))) > 1:
        raise typer.BadParameter("--guest, --name and --token exclude each other")
    if register and not name:
        raise typer.BadParameter("--register needs --name")
    if name and password is None:
        password = typer.prompt("Password", hide_input=True, err=True)
    try:
        asyncio.run(_play(url, name, password, register, token))
    except AuthenticationError as error:
        fail(exit_codes.AUTHENTICATION_REFUSED, f"the server refuses: {error}")
    except RefusedError as error:
        fail(_exit_code(error), error)
    except ConnectionError as error:
        fail(exit_codes.CANNOT_CONNECT, error)
    except KeyboardInterrupt:
        raise typer.Exit(exit_codes.OK) from None


def _exit_code(error: RefusedError) -> int:
    if error.code == SESSION_REPLACED:
        return exit_codes.SESSION_REPLACED
    if error.code in (UNAUTHORIZED, TOKEN_EXPIRED):
        return exit_codes.AUTHENTICATION_REFUSED
    return exit_codes.REFUSED


async def _play(
    url: str, name: str | None, password: str | None, register: bool, token: str | None
) -> None:
    if token is None:
        token = await log_in(url, name, password, register=register)
    client = connect(url, token)
    screen = _Screen(client)
    client.on_change = screen.connection_changed
    async with client:
        tasks = [asyncio.create_task(work()) for work in (screen.read_story, screen.take_lines)]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


class _Screen:
    """What the player sees and types.

    Args:
        client: not entered yet.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._console = Console(highlight=False)
        self._story = Story()
        self._prompts = self._console.is_terminal and sys.stdin.isatty()
        self._asked = 0
        self._answered = asyncio.Event()
        self._up: dict[str, bool] = {}

    def connection_changed(self, connection: ClientConnection) -> None:
        """Show which connections are up, when that changed."""
        before, self._up = (
            self._up,
            {kind: each.state == "open" for kind, each in self._client.connections.items()},
        )
        if self._up != before and (before or any(self._up.values())):
            self._print(self._status())

    async def read_story(self) -> None:
        """Print what happens, to the end."""
        async for event in self._client:
            told = self._story.tell(event)
            if told:
                self._print(Text(told))
            if self._story.answers >= self._asked:
                self._answered.set()

    async def take_lines(self) -> None:
        """Send what is typed, to the end."""
        lines = read_lines()
        while (line := await lines.get()) is not None:
            line = line.strip()
            if line in ("/quit", "/exit"):
                return
            if line in _CUTS:
                self._client.cut("sse" if _CUTS[line] == "sse" else "websocket")
            elif line:
                await self._send(line)
            elif self._prompts:
                self._prompt()
        await self._wait_answers()

    async def _send(self, line: str) -> None:
        self._asked += 1
        self._answered.clear()
        try:
            await self._client.send({"type": "command", "data": {"command": line}})
        except (ConnectionError, RefusedError) as error:
            if isinstance(error, RefusedError) and not error.code.reconnect:
                raise
            self._asked -= 1
            self._print(Text(f"Not sent: {error}", style="yellow"))

    async def _wait_answers(self) -> None:
        """A script's input has ended; let it have the answers."""
        if self._asked > self._story.answers:
            try:
                async with asyncio.timeout(ANSWER_TIMEOUT):
                    await self._answered.wait()
            except TimeoutError:
                self._print(Text("Not every command was answered.", style="yellow"))

    def _status(self) -> Text:
        text = Text("[")
        for kind, short in (("websocket", "ws"), ("sse", "sse")):
            up = self._up.get(kind, False)
            text.append(f"{short} ")
            text.append("\u25cf" if up else "\u25cb", style="green" if up else "red")
            text.append(" " if kind == "websocket" else "]")
        return text

    def _print(self, text: Text) -> None:
        if self._prompts:
            self._console.file.write("\r\x1b[K")  # The prompt gives way.
        self._console.print(text, soft_wrap=not self._console.is_terminal)
        if self._prompts:
            self._prompt()
        self._console.file.flush()

    def _prompt(self) -> None:
        self._console.print(self._status().append(" > "), end="")
        self._console.file.flush()

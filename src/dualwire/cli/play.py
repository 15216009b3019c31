"""``dualwire play``: the game in a terminal, over both connections at once."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Annotated

import typer

from ..client import ClientConnection, connect
from .lines import read_lines
from .login import log_in
from .play_exit import run_client
from .play_screen import QUITS, Screen

__all__ = ["play"]

ANSWER_TIMEOUT = 5.0
"""Seconds to wait, when the player leaves, for the answers to what was typed before."""

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
    """Play in the terminal. /quit leaves, /cut websocket and /cut sse try what happens then,
    /stats shows how both connections do."""
    if sum((guest, bool(name), bool(token))) > 1:
        raise typer.BadParameter("--guest, --name and --token exclude each other")
    if register and not name:
        raise typer.BadParameter("--register needs --name")
    if name and password is None:
        password = typer.prompt("Password", hide_input=True, err=True)
    run_client(_play(url, name, password, register, token))


async def _play(
    url: str, name: str | None, password: str | None, register: bool, token: str | None
) -> None:
    if token is None:
        token = await log_in(url, name, password, register=register)
    client = connect(url, token)
    screen = Screen(client)
    client.on_change = screen.connection_changed
    kept = contextlib.nullcontext() if screen.typing is None else screen.typing.terminal_kept()
    with kept:
        async with client:
            try:
                await _both_ways(screen)
            finally:
                client.on_change = _unseen  # That they end is no news to who leaves.


async def _both_ways(screen: Screen) -> None:
    """Print what happens and act on what is typed, until either ends."""
    tasks = [asyncio.create_task(work) for work in (screen.read_story(), _take_lines(screen))]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _unseen(_: ClientConnection) -> None:
    pass


async def _take_lines(screen: Screen) -> None:
    """Act on what is typed, to the end."""
    lines = read_lines(None if screen.typing is None else screen.typing.lines())
    commands: asyncio.Queue[str] = asyncio.Queue()
    working = asyncio.create_task(_give(screen, commands))
    try:
        while (line := await lines.get()) is not None:
            line = line.strip()
            if line in QUITS:
                break
            if line in _CUTS:
                screen.cut("sse" if _CUTS[line] == "sse" else "websocket")
            elif line == "/stats":
                screen.show_statistics()
            elif line:
                commands.put_nowait(line)
        # A script leaves before it has read anything; let it have the answers.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ANSWER_TIMEOUT):
                await commands.join()
                return
        screen.warn("Not every command was answered.")
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)


async def _give(screen: Screen, commands: asyncio.Queue[str]) -> None:
    """Give commands one after the other, so that they are done in the order they were typed."""
    while True:
        line = await commands.get()
        await screen.give(line)
        commands.task_done()

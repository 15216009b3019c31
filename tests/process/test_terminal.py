"""``dualwire play`` in a terminal, where messages come while somebody types."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import re
import struct
import sys
import termios
from collections.abc import AsyncIterator
from pathlib import Path

from dualwire.cli import exit_codes
from tests.live import DEADLINE, until

from .running import run
from .test_play import playing, token, url

__all__ = ["url"]

PROMPT = "[ws \u25cf sse \u25cf] > "


class Terminal:
    """A pseudo terminal with a process in it."""

    def __init__(self, columns: int) -> None:
        self.fd, self.inner = os.openpty()
        fcntl.ioctl(self.inner, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
        self.before = termios.tcgetattr(self.inner)
        self.raw = ""
        asyncio.get_running_loop().add_reader(self.fd, self._read)

    def _read(self) -> None:
        self.raw += os.read(self.fd, 65536).decode(errors="replace")

    @property
    def shown(self) -> str:
        """What it was told to show, without styles."""
        return re.sub(r"\x1b\[[0-9;]*m", "", self.raw)

    async def ends_with(self, text: str) -> None:
        await until(lambda: self.shown.endswith(text))

    async def shows(self, text: str) -> None:
        await until(lambda: text in self.shown)

    def type(self, text: str) -> None:
        os.write(self.fd, text.encode())

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self.fd)
        os.close(self.fd)
        os.close(self.inner)


@contextlib.asynccontextmanager
async def typing(
    url: str, name: str, columns: int = 100
) -> AsyncIterator[tuple[Terminal, asyncio.subprocess.Process]]:
    terminal = Terminal(columns)
    inherited = {name: value for name, value in os.environ.items() if "DUALWIRE_" not in name}
    inherited.pop("COLUMNS", None)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "from dualwire.cli import main; main()",
        *("play", url, "--token", token(name)),
        env=inherited | {"TERM": "xterm"},
        stdin=terminal.inner,
        stdout=terminal.inner,
        stderr=terminal.inner,
    )
    try:
        await terminal.ends_with(PROMPT)
        yield terminal, process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        terminal.close()


async def test_what_is_being_typed_stays_when_a_message_comes(url: str, tmp_path: Path) -> None:
    async with (
        playing(url, "--token", token("ben"), cwd=tmp_path) as ben,
        typing(url, "amy") as (terminal, process),
    ):
        terminal.type("say good eve")
        await terminal.ends_with(PROMPT + "say good eve")
        await ben.type("say hello")
        await terminal.shows('says: "hello"')
        await terminal.ends_with(PROMPT + "say good eve")
        terminal.type("ning\r")
        await ben.says('"good evening"')
        await terminal.ends_with('You say: "good evening"\r\n' + PROMPT)
        assert "> You say" not in terminal.shown, (
            "what is printed and the prompt get in each other's way"
        )
        terminal.type("/quit\r")
        async with asyncio.timeout(DEADLINE):
            assert await process.wait() == exit_codes.OK
        assert termios.tcgetattr(terminal.inner) == terminal.before


async def test_a_typed_line_over_several_rows_gives_way_as_a_whole(
    url: str, tmp_path: Path
) -> None:
    async with (
        playing(url, "--token", token("ben"), cwd=tmp_path) as ben,
        typing(url, "amy", columns=40) as (terminal, _),
    ):
        terminal.type("say " + "word " * 12 + "end")
        await terminal.shows("end")
        await ben.type("say hello")
        await terminal.shows('says: "hello"')
        assert "\r\x1b[2A\x1b[J" in terminal.raw


async def test_the_terminal_is_left_as_it_was_whoever_ends_it(url: str, tmp_path: Path) -> None:
    async with typing(url, "amy") as (terminal, process):
        terminal.type("half a li")
        await terminal.ends_with("half a li")
        await run("play", url, "--token", token("amy"), cwd=tmp_path)
        async with asyncio.timeout(DEADLINE):
            assert await process.wait() == exit_codes.SESSION_REPLACED
        await terminal.shows("newer game client session")
        assert termios.tcgetattr(terminal.inner) == terminal.before


async def test_the_end_of_the_input_ends_the_line(url: str) -> None:
    async with typing(url, "amy") as (terminal, process):
        terminal.type("\x04")
        async with asyncio.timeout(DEADLINE):
            assert await process.wait() == exit_codes.OK
        await terminal.ends_with(PROMPT + "\r\n")

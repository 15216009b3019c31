"""Real processes of the command line, for tests."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from tests.live import DEADLINE, until

SECRET = "a-secret-for-tests-of-32-or-more-characters"


@dataclass
class Process:
    """A process whose output is read as it comes."""

    process: asyncio.subprocess.Process
    out: str = ""
    err: str = ""

    async def says(self, text: str, times: int = 1) -> str:
        """Wait until standard output has a text so many times."""
        await until(lambda: self.out.count(text) >= times or self.process.returncode is not None)
        assert self.out.count(text) >= times, self
        return self.out

    async def type(self, line: str) -> None:
        """Write a line to its standard input."""
        assert self.process.stdin is not None
        self.process.stdin.write(line.encode() + b"\n")
        await self.process.stdin.drain()

    async def ends(self) -> int:
        """Wait until it ended; the exit code."""
        async with asyncio.timeout(DEADLINE):
            return await self.process.wait()


@contextlib.asynccontextmanager
async def dualwire(*args: str, cwd: Path, **environ: str) -> AsyncIterator[Process]:
    """Run the command line; it is killed at the end if it still runs."""
    inherited = {name: value for name, value in os.environ.items() if "DUALWIRE_" not in name}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "from dualwire.cli import main; main()",
        *args,
        cwd=cwd,
        env=inherited | {"COLUMNS": "200", "PYTHONUNBUFFERED": "1"} | environ,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    running = Process(process)
    readers = [asyncio.create_task(_read(running, name)) for name in ("out", "err")]
    try:
        yield running
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await asyncio.gather(*readers)


async def _read(running: Process, name: str) -> None:
    stream = running.process.stdout if name == "out" else running.process.stderr
    assert stream is not None
    while text := await stream.read(65536):
        setattr(running, name, getattr(running, name) + text.decode(errors="replace"))


async def run(*args: str, cwd: Path, stdin: str = "", **environ: str) -> Process:
    """Run the command line to its end."""
    async with dualwire(*args, cwd=cwd, **environ) as running:
        assert running.process.stdin is not None
        running.process.stdin.write(stdin.encode())
        running.process.stdin.close()
        await running.ends()
    return running

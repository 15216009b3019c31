"""Processes that a bench starts, and ends."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

__all__ = ["ChildError", "child"]

START = 20.0
"""Seconds until a process must have said that it is ready."""


class ChildError(Exception):
    """A process could not be started, or said nothing of what was expected."""


@contextlib.asynccontextmanager
async def child(
    command: Sequence[str],
    ready: str,
    *,
    cwd: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """Run a process while the block lasts.

    Args:
        command: the program and its arguments.
        ready: pattern of what it says on standard output when it is ready.
        cwd: where it runs.
        environ: more environment variables.

    Returns:
        The process, whose standard output is read up to there, and the pattern's first group.

    Raises:
        ChildError: it is not ready in time.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=cwd,
            env=os.environ | {"COLUMNS": "200", "PYTHONUNBUFFERED": "1"} | dict(environ or {}),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=64 * 1024 * 1024,
        )
    except OSError as error:
        raise ChildError(f"{command[0]}: {error}") from error
    complaints: deque[str] = deque(maxlen=20)
    complaining = asyncio.create_task(_listen(process.stderr, complaints))
    try:
        yield process, await _ready(process, re.compile(ready), complaints)
    finally:
        if process.returncode is None:
            process.terminate()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), 5.0)
        if process.returncode is None:
            process.kill()
        await process.wait()
        await complaining


async def _ready(
    process: asyncio.subprocess.Process, pattern: re.Pattern[str], complaints: Sequence[str]
) -> str:
    assert process.stdout is not None
    said = ""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(START):
            while line := (await process.stdout.readline()).decode(errors="replace"):
                said += line
                found = pattern.search(line)
                if found is not None:
                    return found[1]
    raise ChildError(f"expected {pattern.pattern!r}, got {said!r} {' '.join(complaints)!r}")


async def _listen(stream: asyncio.StreamReader | None, lines: deque[str]) -> None:
    assert stream is not None
    while line := await stream.readline():
        lines.append(line.decode(errors="replace"))

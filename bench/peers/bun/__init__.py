"""Bun: uWebSockets, C++. WebSockets only."""

from __future__ import annotations

import contextlib
import platform
from collections.abc import AsyncIterator
from pathlib import Path

from ...children import ChildError, child
from ..npm import install
from ..served import Served

__all__ = ["started"]

HOME = Path(__file__).parent


@contextlib.asynccontextmanager
async def started() -> AsyncIterator[Served]:
    """Run it."""
    await install(HOME)
    async with child((_program(), "server.js"), r"listening at (\d+)", cwd=HOME) as (process, port):
        yield Served(
            name="bun",
            port=int(port),
            pids=[process.pid],
            websocket="/ws?player=p%d",
            personal="/pub?player=p%d",
            drives=True,
        )


def _program() -> str:
    """The package holds a program for each platform; its install script only chooses one."""
    machine = "aarch64" if platform.machine() in ("aarch64", "arm64") else "x64"
    found = sorted((HOME / "node_modules" / "@oven").glob(f"bun-*-{machine}*/bin/bun"))
    if not found:
        raise ChildError(f"the npm package `bun` has no program for {platform.machine()}")
    return str(found[0])

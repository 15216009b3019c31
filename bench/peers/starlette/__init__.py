"""A loop over Starlette's WebSockets, on uvicorn with uvloop."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from ...children import child
from ..served import Served

__all__ = ["started"]

APP = Path(__file__).parent / "app.py"


@contextlib.asynccontextmanager
async def started() -> AsyncIterator[Served]:
    """Run it."""
    command = (sys.executable, "-I", str(APP))
    async with child(command, r"listening at (\d+)") as (process, port):
        yield Served(name="starlette", port=int(port), pids=[process.pid], websocket="/ws")

"""Socket.IO 4 on Node."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from ...children import child
from ..npm import install
from ..served import Served

__all__ = ["HANDSHAKE", "started"]

HOME = Path(__file__).parent
HANDSHAKE = "/socket.io/?EIO=4&transport=websocket&player=p%d"


@contextlib.asynccontextmanager
async def started() -> AsyncIterator[Served]:
    """Run it."""
    await install(HOME)
    command = ("node", "fanout.js")
    async with child(command, r"listening at (\d+)", cwd=HOME) as (process, port):
        yield Served(
            name="socketio",
            port=int(port),
            pids=[process.pid],
            websocket=HANDSHAKE,
            personal="/pub?player=p%d",
            drives=True,
            first_frame="40",
        )

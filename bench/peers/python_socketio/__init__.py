"""python-socketio, in an environment of its own."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from ...children import child
from ..npm import output
from ..served import Served
from ..socketio import HANDSHAKE

__all__ = ["started"]

HOME = Path(__file__).parent
VENV = HOME / ".venv"
STAMP = VENV / ".installed"


@contextlib.asynccontextmanager
async def started() -> AsyncIterator[Served]:
    """Run it."""
    wanted = HOME / "requirements.txt"
    if not STAMP.exists() or STAMP.stat().st_mtime < wanted.stat().st_mtime:
        await output(sys.executable, "-m", "venv", str(VENV))
        pip = (str(VENV / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--quiet")
        constraints = str(HOME.parent.parent.parent / "constraints.txt")
        await output(*pip, "install", "-r", str(wanted), "-c", constraints)
        STAMP.touch()
    command = (str(VENV / "bin" / "python"), "-I", str(HOME / "app.py"))
    async with child(command, r"listening at (\d+)") as (process, port):
        yield Served(
            name="python-socketio",
            port=int(port),
            pids=[process.pid],
            websocket=HANDSHAKE,
            first_frame="40",
        )

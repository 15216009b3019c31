"""Our own server: ``dualwire serve``."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from ...certificate import self_signed
from ...children import child
from ..served import Served

__all__ = ["SERVE", "started"]

SERVE = "from dualwire.cli import main; main()"


@contextlib.asynccontextmanager
async def started(
    *, secret: str = "", protocol: str = "dualwire.v1", tls: bool = False
) -> AsyncIterator[Served]:
    """Run it.

    Args:
        secret: with one, players need tokens that are signed with it; without, a path is enough.
        protocol: what connections speak.
        tls: whether connections are encrypted.
    """
    command = [sys.executable, "-c", SERVE, "serve", "bench.peers.ours.app:app", "--port", "0"]
    environ = {"DUALWIRE_LOG_LEVEL": "error", "BENCH_SECRET": secret}
    ready = r"is served at https?://127\.0\.0\.1:(\d+)"
    who = "" if secret else "&token=p%d"
    with tempfile.TemporaryDirectory() as folder:
        if tls:
            certificate, key = self_signed(Path(folder))
            command += ["--tls-cert", str(certificate), "--tls-key", str(key)]
        async with child((*command, "--no-access-log"), ready, environ=environ) as (process, port):
            yield Served(
                name="dualwire, TLS" if tls else "dualwire",
                port=int(port),
                pids=[process.pid],
                websocket=f"/api/ws?protocol={protocol}{who}",
                sse=f"/api/events?protocol={protocol}{who}",
                personal="/pub?player=p%d",
                drives=True,
                pauses="" if tls else "/pauses",
                opened_by='"hello"' if protocol == "dualwire.v1" else "",
                tls=tls,
            )

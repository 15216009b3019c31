"""Centrifugo: Go. Built from its module where there is a Go toolchain.

Its protocol: https://centrifugal.dev/docs/transports/client_protocol
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import httpx

from ...children import ChildError
from ..npm import output
from ..served import Served

__all__ = ["started"]

HOME = Path(__file__).parent
MODULE = "github.com/centrifugal/centrifugo/v5@v5.4.9"
PROGRAM = HOME / ".go" / "bin" / "centrifugo"
START = 10.0
HELLO = '{"id":1,"connect":{}}\n{"id":2,"subscribe":{"channel":"hall"}}'
"""Both commands of a client in one frame, as the protocol allows."""


@contextlib.asynccontextmanager
async def started() -> AsyncIterator[Served]:
    """Run it."""
    await _built()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        *(str(PROGRAM), "-c", str(HOME / "config.json"), "-p", str(port)),
        # The generator's peers have one core, and so has this: GOMAXPROCS=1.
        env=os.environ | {"GOMAXPROCS": "1"},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await _answering(process, port)
        yield Served(
            name="centrifugo",
            port=port,
            pids=[process.pid],
            websocket="/connection/websocket",
            publish="/api/publish",
            body=('{"channel":"hall","data":', "}"),
            first_frame=HELLO,
        )
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def _built() -> None:
    if PROGRAM.exists():
        return
    go = shutil.which("go", path=os.environ.get("PATH", "") + ":/usr/local/go/bin")
    if go is None:
        raise ChildError("there is no Go toolchain to build it with")
    # Not `go install`, which also wants the newest version's word on whether this one is outdated.
    module = json.loads(await output(go, "mod", "download", "-json", MODULE))
    PROGRAM.parent.mkdir(parents=True, exist_ok=True)
    await output(go, "build", "-C", module["Dir"], "-o", str(PROGRAM), ".")


async def _answering(process: asyncio.subprocess.Process, port: int) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(START):
                while process.returncode is None:
                    with contextlib.suppress(httpx.HTTPError):
                        await http.get("/health")
                        return
                    await asyncio.sleep(0.02)
    raise ChildError("centrifugo does not start")

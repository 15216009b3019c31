"""Nchan: a module of nginx, C. From Debian's packages."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from ...children import ChildError
from ..npm import output
from ..served import Served

__all__ = ["started"]

CONFIGURATION = Path(__file__).parent / "nginx.conf"
MODULE = Path("/usr/lib/nginx/modules/ngx_nchan_module.so")
START = 10.0


@contextlib.asynccontextmanager
async def started() -> AsyncIterator[Served]:
    """Run it."""
    nginx = await _installed()
    with tempfile.TemporaryDirectory() as home, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        text = CONFIGURATION.read_text().replace("@HOME@", home).replace("@PORT@", str(port))
        if os.geteuid() == 0:
            # As root, nginx would change to a user that may not be there.
            text = f"user root;\n{text}"
        configuration = Path(home) / "nginx.conf"
        configuration.write_text(text)
        process = await asyncio.create_subprocess_exec(
            nginx, "-p", home, "-c", str(configuration), stderr=asyncio.subprocess.DEVNULL
        )
        try:
            await _answering(process, port)
            yield Served(
                name="nchan",
                port=port,
                pids=_workers(process.pid),
                websocket="/ws",
                sse="/sse",
                personal="/personal/pub/p%d",
                personal_websocket="/personal/ws/p%d",
            )
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            await process.wait()


async def _installed() -> str:
    if not _there():
        apt = shutil.which("apt-get")
        if apt is None or os.geteuid() != 0:
            raise ChildError("there is no Nchan; on Debian: apt-get install libnginx-mod-nchan")
        await output(apt, "-qq", "update")
        await output(apt, "-qq", "install", "-y", "nginx-light", "libnginx-mod-nchan")
    return shutil.which("nginx", path=_PATH) or "nginx"


_PATH = os.environ.get("PATH", "") + ":/usr/sbin"


async def _answering(process: asyncio.subprocess.Process, port: int) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(START):
            while process.returncode is None:
                with contextlib.suppress(OSError):
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                    writer.close()
                    return
                await asyncio.sleep(0.02)
    raise ChildError("nginx with Nchan does not start; nginx -t says why")


def _there() -> bool:
    return MODULE.exists() and shutil.which("nginx", path=_PATH) is not None


def _workers(master: int) -> list[int]:
    children = Path(f"/proc/{master}/task/{master}/children").read_text()
    return [int(each) for each in children.split()]

"""Our server in a process of its own, and our client."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import sys
import time
from collections.abc import AsyncIterator

from dualwire.client import Client, Delivered, connect
from dualwire.http import JWTAuthenticator

from ..children import child
from .figures import Arrival

__all__ = ["Ours"]

SERVE = "from dualwire.cli import main; main()"
OPEN_WITHIN = 10.0
LAST_COPIES = 0.2
"""Seconds for copies that are still on their way, to see whether one is taken for new."""


class Ours:
    """``dualwire serve`` and :mod:`dualwire.client`."""

    name = "dualwire"

    def __init__(self, url: str, secret: str) -> None:
        self.url = url
        self._tokens = JWTAuthenticator(secret)

    @classmethod
    @contextlib.asynccontextmanager
    async def started(cls) -> AsyncIterator[Ours]:
        """Start the server."""
        secret = secrets.token_urlsafe(32)
        command = (sys.executable, "-c", SERVE, "serve", "bench.failover.app:app", "--port", "0")
        quiet = {"DUALWIRE_SECRET": secret, "DUALWIRE_LOG_LEVEL": "error"}
        ready = r"is served at (http://\S+)"
        async with child((*command, "--no-access-log"), ready, environ=quiet) as (_, url):
            yield cls(url, secret)

    @contextlib.asynccontextmanager
    async def receive(self, url: str, player: str) -> AsyncIterator[Receiving]:
        """A client with both connections open."""
        async with connect(url, self._tokens.issue(player)) as client:
            receiving = Receiving(client)
            try:
                await asyncio.wait_for(_both_open(client), OPEN_WITHIN)
                yield receiving
            finally:
                await receiving.stop()


class Receiving:
    """The application behind our client."""

    def __init__(self, client: Client) -> None:
        self.arrivals: list[Arrival] = []
        self._seen: set[int] = set()
        self._task = asyncio.create_task(self._take(client))

    async def _take(self, client: Client) -> None:
        async for item in client:
            # What is missing counts as lost here, whether or not a gap was told.
            if isinstance(item, Delivered):
                n, at = item.event["n"], item.event["at"]
                self.arrivals.append(Arrival(n, at, time.monotonic()))
                self._seen.add(n)

    async def finish(self, published: int, within: float) -> list[Arrival]:
        """Wait until so many different events have come, and a moment more."""
        deadline = time.monotonic() + within
        while len(self._seen) < published and time.monotonic() < deadline:
            if self._task.done():
                self._task.result()
            await asyncio.sleep(0.01)
        await asyncio.sleep(LAST_COPIES)
        return self.arrivals

    async def stop(self) -> None:
        """Take no more."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


async def _both_open(client: Client) -> None:
    changed = asyncio.Event()
    client.on_change = lambda _: changed.set()
    while any(each.state != "open" for each in client.connections.values()):
        changed.clear()
        await changed.wait()

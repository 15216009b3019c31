"""Socket.IO 4 on Node: its server, its client, its recovery on, over a WebSocket."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from ..children import ChildError, child
from ..peers import npm
from .figures import Arrival

__all__ = ["SocketIO", "install"]

HOME = Path(__file__).parent.parent / "peers" / "socketio"
ANSWER = 15.0
"""Seconds that the client has to answer, beside what it was told to wait."""


async def install() -> dict[str, str]:
    """Install what the lock file pins, if that is not there yet; the versions.

    Raises:
        ChildError: it cannot be installed.
    """
    return await npm.install(HOME)


class SocketIO:
    """A server and a client process.

    Args:
        url: of the server.
        client: the client's process.
    """

    name = "Socket.IO"

    def __init__(self, url: str, client: asyncio.subprocess.Process) -> None:
        self.url = url
        self.connects = 0
        """Connections of all clients so far."""
        self.recovered = 0
        """How many of them Socket.IO calls recovered."""
        self._client = client
        self._answers: dict[tuple[str, str], asyncio.Future[dict[str, Any]]] = {}

    @classmethod
    @contextlib.asynccontextmanager
    async def started(cls) -> AsyncIterator[SocketIO]:
        """Start both processes."""
        listening = r"listening at (http://\S+)"
        async with (
            child(("node", "server.js"), listening, cwd=HOME) as (_, url),
            child(("node", "client.js"), r"ready at (\w+)", cwd=HOME) as (client, _),
        ):
            peer = cls(url, client)
            reading = asyncio.create_task(peer._read())
            try:
                yield peer
            finally:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)

    @contextlib.asynccontextmanager
    async def receive(self, url: str, player: str) -> AsyncIterator[Receiving]:
        """A client that is connected."""
        await self._ask("opened", player, {"open": player, "url": url, "player": player})
        yield Receiving(self, player)

    async def finish(self, player: str, published: int, within: float) -> list[Arrival]:
        """Wait until so many different events have come, and a moment more; close."""
        order = {"finish": player, "published": published, "within": within}
        answer = await self._ask("finished", player, order, within)
        self.connects += answer["connects"]
        self.recovered += answer["recovered"]
        return [Arrival(*each) for each in answer["arrivals"]]

    async def _ask(
        self, answer: str, player: str, order: dict[str, Any], within: float = 0.0
    ) -> dict[str, Any]:
        assert self._client.stdin is not None
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._answers[answer, player] = future
        self._client.stdin.write(json.dumps(order).encode() + b"\n")
        try:
            async with asyncio.timeout(within + ANSWER):
                return await future
        except TimeoutError:
            raise ChildError(f"{self.name}'s client does not answer {order}") from None

    async def _read(self) -> None:
        assert self._client.stdout is not None
        while line := await self._client.stdout.readline():
            message = json.loads(line)
            kind = next(iter(message))
            self._answers.pop((kind, message[kind])).set_result(message)


class Receiving:
    """One player's client in the client process."""

    def __init__(self, peer: SocketIO, player: str) -> None:
        self._peer = peer
        self._player = player

    async def finish(self, published: int, within: float) -> list[Arrival]:
        """Wait until so many different events have come, and a moment more; close."""
        return await self._peer.finish(self._player, published, within)

"""Events that something on the way changes: noticed, and fetched again intact."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from dualwire.testing import ManualClock
from dualwire.types import ConnectionType
from tests.game import Game
from tests.live import until

from .player import BOTH, entered, passing

TRUE, FALSE = b"the bridge is safe", b"the bridge is fine"


@dataclass
class Meddler:
    """A proxy that changes a few words of what the server says, of the same length."""

    address: str = ""
    meddles: ConnectionType | None = None
    """With which kind of connection; ``None`` for none."""
    changed: int = 0

    async def carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, server: str
    ) -> None:
        host, _, port = server.partition(":")
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            writer.close()
            return
        ahead, behind = await asyncio.open_connection(host, int(port))
        kind = "websocket" if b"pgrade: websocket" in head else "sse"
        # Else it could not read along.
        head = re.sub(rb"(?i)sec-websocket-extensions:[^\r]*\r\n", b"", head)
        behind.write(head)
        up = asyncio.create_task(self.pump(reader, behind, None))
        try:
            await self.pump(ahead, writer, kind)
        finally:
            up.cancel()
            behind.close()
            writer.close()
            await asyncio.gather(up, return_exceptions=True)

    async def pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kind: str | None
    ) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                if kind is not None and kind == self.meddles and TRUE in data:
                    self.changed += 1
                    data = data.replace(TRUE, FALSE)
                writer.write(data)
                await writer.drain()


@contextlib.asynccontextmanager
async def meddling(game: Game) -> AsyncIterator[Meddler]:
    meddler, tasks = Meddler(), set[asyncio.Task[None]]()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(meddler.carry(reader, writer, game.address))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    meddler.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield meddler
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def say(game: Game, count: int, begin: int = 0) -> None:
    for n in range(begin, begin + count):
        text = f"{TRUE.decode()}, said ann: \u00fc\u2028"
        await game.manager.send_personal_message("amy", {"n": n, "text": text})


async def test_events_that_nobody_changes_fit(game: Game) -> None:
    async with entered(game, digest=True) as amy:
        await say(game, 20)
        await until(lambda: len(amy.numbers()) == 20)
        assert amy.client.statistics.corrupted == 0
        assert amy.client.statistics.reconnects == 0


@pytest.mark.parametrize("kind", BOTH)
async def test_what_one_connection_changes_the_other_brings_intact(
    game: Game, kind: ConnectionType
) -> None:
    clock = ManualClock()
    async with (
        meddling(game) as meddler,
        entered(game, clock=clock, address=meddler.address, digest=True) as amy,
    ):
        meddler.meddles = kind
        await say(game, 5)
        await until(lambda: len(amy.numbers()) == 5)
        await until(lambda: amy.client.statistics.corrupted)
        meddler.meddles = None
        async with passing(clock):
            await until(lambda: amy.client.connections[kind].opened >= 2)
            await amy.wait_both()
            await say(game, 5, 5)
            await until(lambda: len(amy.numbers()) == 10)
    assert amy.numbers() == list(range(10))
    assert not amy.gaps()
    assert all(TRUE.decode() in event["text"] for event in amy.events)
    quality = amy.client.connections[kind].quality
    assert quality.corrupted >= 1
    assert quality.reconnects >= 1


async def test_without_digests_it_is_not_noticed(game: Game) -> None:
    """So that the tests above are about digests."""
    async with meddling(game) as meddler, entered(game, address=meddler.address) as amy:
        meddler.meddles = "websocket"
        await say(game, 1)
        await until(lambda: meddler.changed)
        await until(lambda: amy.numbers() == [0])
        assert amy.client.statistics.corrupted == 0


async def test_the_types_that_a_client_wants(game: Game) -> None:
    async with entered(game, types=("chat", "system")) as amy:
        for n, kind in enumerate(("tick", "chat", "tick", "system")):
            await game.manager.send_personal_message("amy", {"n": n, "type": kind})
        await until(lambda: len(amy.numbers()) == 2)
        assert amy.numbers() == [1, 3]
        assert not amy.gaps()

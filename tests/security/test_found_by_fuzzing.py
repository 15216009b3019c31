"""What fuzzing found in the gateway (``tests/fuzz``): each by itself, so that it stays repaired."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import logging
import os
from collections.abc import AsyncIterator

import pytest
from starlette.types import Receive, Scope, Send

from dualwire import Config, Limits
from dualwire.server.gateway import GatewayHTTPProtocol
from tests.game import Game, playing
from tests.live import serving, until, until_async
from tests.server.test_gateway import CLOSE, PING, TEXT, frame, raw


@pytest.fixture
async def game(caplog: pytest.LogCaptureFixture) -> AsyncIterator[Game]:
    """A game whose every error in the log fails the test."""
    async with playing(Config(limits=Limits(connections_per_type=2)), server="gateway") as served:
        yield served
    assert [each for each in caplog.records if each.levelno >= logging.ERROR] == []


def handshake(game: Game, *lines: str) -> bytes:
    key = base64.b64encode(os.urandom(16)).decode()
    head = [
        f"GET /api/ws HTTP/1.1\r\nHost: {game.address}\r\nUpgrade: websocket",
        f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}",
        f"Authorization: Bearer {game.token('ann')}",
        *lines,
    ]
    return "\r\n".join(head).encode() + b"\r\n\r\n"


async def said_at_once(game: Game, data: bytes) -> bytes:
    """What a server answers to bytes that come all at once, until it ends the connection."""
    host, _, port = game.address.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(data)
    try:
        async with asyncio.timeout(10.0):
            return await reader.read()
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


BEHIND = {
    "close": frame(CLOSE, b"\x03\xe8"),
    "reserved": frame(3),
    "no UTF-8": frame(TEXT, b"\xff"),
}


@pytest.mark.parametrize("early", BEHIND)
@pytest.mark.parametrize("extra", [(), ("Upgrade: websocket",)], ids=["short road", "long road"])
async def test_who_leaves_behind_its_handshake_leaves_nothing(
    game: Game, early: str, extra: tuple[str, ...]
) -> None:
    """The transport was gone before anybody listened to it, and stayed in the node for good."""
    for _ in range(3):
        answer = await said_at_once(game, handshake(game, *extra) + BEHIND[early])
        assert answer.startswith(b"HTTP/1.1 101 " if not extra else b"HTTP/1.1 ")
        await until(lambda: not game.manager.node.connections)


async def test_a_broken_frame_behind_a_handshake_that_is_refused(game: Game) -> None:
    """Uvicorn read it before the handshake was answered, and could not say what was wrong."""
    async with game.websocket("ann"), game.websocket("ann"):
        await game.connected("ann", websocket=2)
        lines = "Sec-WebSocket-Protocol: dualwire.v1"
        answer = await said_at_once(game, handshake(game, lines) + frame(TEXT, b"\xff\xfe"))
        assert b" 101 " in answer
        assert b"\x88" in answer, "a close frame says why"
        await game.connected("ann", websocket=2)


async def test_a_flood_before_the_handshake_is_answered_is_bounded(game: Game) -> None:
    async with game.websocket("ann"), game.websocket("ann"):
        await game.connected("ann", websocket=2)
        lines = "Sec-WebSocket-Protocol: dualwire.v1"
        flood = frame(PING, b"x" * 100) * 5_000
        with contextlib.suppress(ConnectionError):
            await said_at_once(game, handshake(game, lines) + flood)
        await game.connected("ann", websocket=2)


@pytest.mark.parametrize("behind", BEHIND)
async def test_what_stands_behind_a_message_that_ends_the_connection(
    game: Game, behind: str
) -> None:
    """Both are parsed before the first is acted on; the goodbye came too late and raised."""
    async with raw(game) as peer:
        size = game.manager.config.limits.message
        peer.writer.write(frame(TEXT, b" " * (size + 1)) + BEHIND[behind])
        async with asyncio.timeout(10.0):
            await peer.reader.read()
        await until(lambda: not game.manager.node.connections)


async def test_a_request_behind_one_that_becomes_a_stream(game: Game) -> None:
    """Uvicorn was told that the wrong one is done, and complained of the other."""
    host, _, port = game.address.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    lines = f"Host: {game.address}\r\nAuthorization: Bearer {game.token('ann')}\r\n"
    stream = f"POST /api/events HTTP/1.1\r\n{lines}Content-Length: 0\r\n\r\n"
    behind = f"GET /api/connections/ann HTTP/1.1\r\n{lines}\r\n"
    writer.write((stream + behind).encode())
    await game.connected("ann", sse=1)
    await game.manager.send_personal_message("ann", {"n": 1})
    async with asyncio.timeout(10.0):
        await reader.readuntil(b'{"n":1}')
    writer.transport.abort()

    async def is_gone() -> bool:
        # Uvicorn reads no more from a peer that pipelines, so it takes a ping to see its end.
        await game.clock.advance(5.0)
        return game.counts("ann") == (0, 0)

    await until_async(is_gone)


async def test_requests_behind_each_other_whose_peer_vanishes() -> None:
    """Uvicorn told the newest that its peer had gone; the one that was being answered wrote into a
    closed socket, an error under uvloop, and those behind it still ran."""
    told, began, vanished = [], asyncio.Event(), asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        began.set()
        await receive()
        await vanished.wait()
        told.append((await receive())["type"])

    async with serving(app, http=GatewayHTTPProtocol, lifespan="off") as address:
        host, _, port = address.partition(":")
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 3)
        await began.wait()
        writer.transport.abort()
        vanished.set()
        await until(lambda: told)
    assert told == ["http.disconnect"]

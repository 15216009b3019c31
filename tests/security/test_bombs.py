"""Small things that would become large: headers, cursors, compression, lists inside lists."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import gzip
import json
import os
import zlib
from urllib.parse import quote

import pytest

from dualwire.server.handshake import HEADER_LIMIT
from tests.game import Game, playing
from tests.http.site import Site, error_of
from tests.live import DEADLINE, until, ws
from tests.server.test_gateway import TEXT, frame

EPOCH = "01a206db866e754abbd5"


async def said_at_once(address: str, data: bytes) -> bytes:
    """What a server answers to bytes that come all at once, until it ends the connection."""
    host, _, port = address.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(data)
    try:
        async with asyncio.timeout(DEADLINE):
            # The peer may be reset before it reads, because it was still writing.
            with contextlib.suppress(ConnectionError):
                return await reader.read()
        return b""
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


def handshake(game: Game, *lines: str) -> bytes:
    key = base64.b64encode(os.urandom(16)).decode()
    head = [
        f"GET /api/ws HTTP/1.1\r\nHost: {game.address}\r\nUpgrade: websocket",
        f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}",
        f"Authorization: Bearer {game.token('ann')}",
        *lines,
    ]
    return "\r\n".join(head).encode() + b"\r\n\r\n"


BOMBS = {
    "one header": b"X-A: " + b"a" * (HEADER_LIMIT * 4),
    "many headers": b"X-A: b\r\n" * (HEADER_LIMIT // 2),
    "a cookie": b"Cookie: " + b"dualwire_token=x; " * HEADER_LIMIT,
    "half a header": b"X-A: b\r\n" * (HEADER_LIMIT // 4) + b"X-B: b",
}


@pytest.mark.parametrize("bomb", BOMBS)
@pytest.mark.parametrize("path", ["/api/ws", "/api/events", "/api/send"])
async def test_header_bombs_are_refused_before_anything_is_looked_at(path: str, bomb: str) -> None:
    """The gateway's own bound; in front of another server a proxy has one."""
    async with playing(server="gateway") as game:
        head = f"GET {path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n".encode()
        answer = await said_at_once(game.address, head + BOMBS[bomb] + b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 431 ") or answer == b""
        async with game.websocket("ann"):
            await game.connected("ann", websocket=1)


async def test_header_bombs_in_the_address(site: Site) -> None:
    request = b"GET /api/events?cursor=" + b"a" * (HEADER_LIMIT * 8) + b" HTTP/1.1\r\n\r\n"
    assert not (await said_at_once(site.address, request)).startswith(b"HTTP/1.1 2")


def giant(streams: int) -> str:
    return json.dumps({f"room:{n}": [EPOCH, n + 1] for n in range(streams)})


async def test_giant_cursors_in_a_body(site: Site) -> None:
    """As large as a message may be it is read, and told only of what the player may see."""
    log = site.manager.node.engine.log
    headers = {**site.bearer(), "Accept": "text/event-stream"}
    body = {"cursor": json.loads(giant(4000))}
    answer = await site.http.post("/api/events", headers=headers, json=body)
    assert (answer.status_code, error_of(answer)["type"]) == (413, "message_too_big")
    path = "/api/events?protocol=dualwire.v1"
    body = {"cursor": json.loads(giant(1000))}
    async with site.http.stream("POST", path, headers=headers, json=body) as stream:
        assert stream.status_code == 200
        lines = stream.aiter_lines()
        async for line in lines:
            if line.startswith("data: "):
                hello = json.loads(line.removeprefix("data: "))
                break
        assert set(hello["streams"]) == {"player:ann", "global"}
    assert log("room:7").position.offset == 0


async def test_giant_cursors_in_an_address(site: Site) -> None:
    path = f"/api/events?protocol=dualwire.v1&cursor={quote(giant(3000))}"
    answer = await said_at_once(
        site.address,
        f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {site.token()}\r\n\r\n".encode(),
    )
    assert not answer.startswith(b"HTTP/1.1 2")
    assert not site.manager.node.connections


@pytest.mark.parametrize("offset", [10**15, 2**63, 10**30, -1, 0.5, None, "1", [], 1e308])
async def test_giant_cursors_are_numbers_that_no_stream_has(site: Site, offset: object) -> None:
    """Clamped to what there is, or refused; an acknowledgement is never more than was sent."""
    cursor = json.dumps({"global": [EPOCH, offset], "player:ann": ["z" * 20, offset]})
    path = f"/api/ws?protocol=dualwire.v1&cursor={quote(cursor)}"
    async with ws(site.address, path, site.token(), subprotocols=["dualwire.v1"]) as client:
        await until(lambda: client.ended or client.events)
        if client.ended:
            assert client.socket.close_code == 4422
            return
        await client.send({"type": "ack", "cursor": json.loads(cursor)})
        await site.manager.send_personal_message("ann", {"n": 1})
        await until(lambda: any(each.get("event") == {"n": 1} for each in client.events))
        player = site.manager.node.hub.players["ann"]
        tail = site.manager.node.engine.log("player:ann").position
        assert all(each <= tail for each in player.acknowledged.values())


def deflated(size: int) -> bytes:
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = deflate.compress(b" " * size) + deflate.flush(zlib.Z_SYNC_FLUSH)
    return bomb.removesuffix(b"\x00\x00\xff\xff")


async def test_compressed_bombs_as_a_websocket_message(game: Game) -> None:
    """64 KB that would become 64 MB. The gateway agrees on no compression; another server inflates
    as much as it lets a message have, and no more."""
    compressed = frame(TEXT, deflated(64 << 20))
    compressed = bytes([compressed[0] | 0x40]) + compressed[1:]
    offer = "Sec-WebSocket-Extensions: permessage-deflate"
    async with game.stream("ann") as twin:
        host, _, port = game.address.partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(handshake(game, offer))
        async with asyncio.timeout(DEADLINE):
            head = await reader.readuntil(b"\r\n\r\n")
            assert b" 101 " in head
            writer.write(compressed)
            # 1009: too big; 1002: a reserved bit that nobody asked for.
            code = b"\x03\xf1" if b"deflate" in head.lower() else b"\x03\xea"
            await reader.readuntil(code)
        writer.close()
        await game.connected("ann", sse=1)
        assert not twin.ended


async def test_compressed_bombs_as_a_body(site: Site) -> None:
    """Nobody inflates a request: what counts is what it has as it is."""
    bomb = gzip.compress(b'{"type":"ping","x":"' + b" " * (64 << 20) + b'"}')
    headers = {**site.bearer(), "Content-Encoding": "gzip"}
    for path in ("/api/send", "/api/events", "/api/session"):
        answer = await site.http.post(path, headers=headers, content=bomb)
        assert answer.status_code in (400, 413), path


@pytest.mark.parametrize("opening", ["[", '{"type":'])
async def test_lists_inside_lists_take_no_stack(site: Site, opening: str) -> None:
    bomb = opening * (60_000 // len(opening))
    async with ws(site.address, token=site.token()) as client:
        await client.send(bomb)
        assert (await client.wait(1))[0]["error_type"] == "invalid_format"
        await client.send({"type": "ping"})
        assert (await client.wait(2))[1]["type"] == "pong"
    for path in ("/api/send", "/api/events", "/api/session"):
        answer = await site.http.post(path, headers=site.bearer(), content=bomb)
        assert answer.status_code == 400, path

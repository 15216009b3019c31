"""The deadline and the bound of request headers, on raw sockets against a real server."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from dualwire.server.handshake import HEADER_LIMIT, guarded
from tests.live import DEADLINE, serving, until, ws

SHORT = 0.3


async def _echo(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(len(await request.body())))


async def _slow(request: Request) -> StreamingResponse:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"first "
        await request.app.state.go_on.wait()
        yield b"last"

    return StreamingResponse(chunks())


async def _socket(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text('{"n":1}')
    await websocket.receive_text()
    await websocket.send_text('{"n":2}')
    await websocket.close()


@contextlib.asynccontextmanager
async def served(deadline: float = SHORT, **options: Any) -> AsyncIterator[tuple[str, Starlette]]:
    app = Starlette(
        routes=[
            Route("/", _echo, methods=["GET", "POST"]),
            Route("/slow", _slow),
            WebSocketRoute("/ws", _socket),
        ]
    )
    app.state.go_on = asyncio.Event()
    async with serving(app, http=guarded(deadline), **options) as address:
        yield address, app


@contextlib.asynccontextmanager
async def raw(
    address: str,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    host, _, port = address.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def rest(reader: asyncio.StreamReader) -> bytes:
    """Everything until the server closed."""
    async with asyncio.timeout(DEADLINE):
        with contextlib.suppress(ConnectionResetError):
            return await reader.read()
    return b""


async def test_a_request_that_never_ends_is_ended() -> None:
    async with served() as (address, _), raw(address) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n")
        assert (await rest(reader)).startswith(b"HTTP/1.1 408 ")


async def test_one_that_trickles_too() -> None:
    async with served() as (address, _), raw(address) as (reader, writer):
        trickling = asyncio.create_task(_trickle(writer))
        try:
            assert (await rest(reader)).startswith(b"HTTP/1.1 408 ")
        finally:
            trickling.cancel()


async def _trickle(writer: asyncio.StreamWriter) -> None:
    writer.write(b"GET / HTTP/1.1\r\n")
    while True:
        writer.write(b"X-A: b\r\n")
        await asyncio.sleep(SHORT / 10)


async def test_a_connection_that_says_nothing_is_closed_without_a_word() -> None:
    async with served() as (address, _), raw(address) as (reader, _):
        assert await rest(reader) == b""


async def test_empty_lines_between_requests_buy_no_time() -> None:
    async with served() as (address, _), raw(address) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = await reader.readuntil(b"\r\n\r\n0")
        assert answer.startswith(b"HTTP/1.1 200 ")
        writer.write(b"\r\n")
        assert (await rest(reader)).startswith(b"HTTP/1.1 408 ")


async def test_a_second_request_has_the_same_deadline() -> None:
    async with served() as (address, _), raw(address) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n0")
        writer.write(b"GET / HTTP/1.1\r\nHo")
        assert (await rest(reader)).startswith(b"HTTP/1.1 408 ")


async def test_idle_between_requests_is_the_keep_alive_timers() -> None:
    async with (
        served(deadline=0.05, timeout_keep_alive=1) as (address, _),
        raw(address) as (reader, writer),
    ):
        began = asyncio.get_running_loop().time()
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n0")
        assert await rest(reader) == b""
        assert asyncio.get_running_loop().time() - began > 0.9


async def test_a_long_response_is_nobodys_deadline() -> None:
    async with served(deadline=0.05) as (address, app), raw(address) as (reader, writer):
        writer.write(b"GET /slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        await reader.readuntil(b"first ")
        loop = asyncio.get_running_loop()
        later = loop.time() + 0.2
        await until(lambda: loop.time() > later)
        app.state.go_on.set()
        assert b"last" in await rest(reader)


async def test_a_websocket_outlives_the_deadline() -> None:
    async with (
        served(deadline=0.05, ws="websockets-sansio") as (address, _),
        ws(address, "/ws") as client,
    ):
        await client.wait(1)
        loop = asyncio.get_running_loop()
        later = loop.time() + 0.2
        await until(lambda: loop.time() > later)
        await client.send("go on")
        await client.wait(2)


def _one_header() -> bytes:
    return b"X-A: " + b"a" * (HEADER_LIMIT + 8192)


def _many_headers() -> bytes:
    return b"X-A: b\r\n" * (HEADER_LIMIT // 8 + 1024)


@pytest.mark.parametrize("bomb", [_one_header, _many_headers])
@pytest.mark.parametrize("ends", [b"", b"\r\n\r\n"])
async def test_headers_without_end_are_refused(bomb: Callable[[], bytes], ends: bytes) -> None:
    async with served(deadline=5.0) as (address, _), raw(address) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n" + bomb() + ends)
        answer = await rest(reader)
        # The peer may be reset before it reads, because it was still writing.
        assert answer.startswith(b"HTTP/1.1 431 ") or answer == b""


async def test_an_endless_address_is_refused() -> None:
    async with served(deadline=5.0) as (address, _), raw(address) as (reader, writer):
        writer.write(b"GET /" + b"a" * (HEADER_LIMIT + 8192))
        assert not (await rest(reader)).startswith(b"HTTP/1.1 2")


async def test_large_bodies_and_fair_headers_pass() -> None:
    async with served() as (address, _), httpx.AsyncClient(timeout=DEADLINE) as http:
        for size in (0, 1, 4096, 200_000):
            answer = await http.post(
                f"http://{address}/", content=b"b" * size, headers={"X-A": "a" * 16_000}
            )
            assert answer.text == str(size)


async def test_pipelined_requests_are_counted_each() -> None:
    request = b"GET / HTTP/1.1\r\nHost: x\r\nX-A: " + b"a" * 8000 + b"\r\n\r\n"
    async with served() as (address, _), raw(address) as (reader, writer):
        writer.write(request * 10)
        for _ in range(10):
            async with asyncio.timeout(DEADLINE):
                answer = await reader.readuntil(b"\r\n\r\n0")
            assert b"HTTP/1.1 200 " in answer

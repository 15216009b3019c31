"""Peers that open connections and never finish what they began to say."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI

from dualwire import Config, ConnectionManager, Limits
from dualwire.http import JWTAuthenticator, realtime_router
from dualwire.server.gateway import GatewayHTTPProtocol
from dualwire.server.handshake import guarded
from dualwire.testing import ManualClock
from tests.game import SECRET, Game
from tests.http.site import site_on
from tests.live import DEADLINE, ServerName, serving, until

PEERS = 200
SHORT = 0.5
"""Seconds for a handshake in these tests; 10 by default."""


@contextlib.asynccontextmanager
async def gateway() -> AsyncIterator[Game]:
    """The gateway, as ``dualwire serve`` sets it up, with a short deadline."""
    clock = ManualClock()
    manager = ConnectionManager(clock=clock, secret=SECRET)
    auth = JWTAuthenticator(SECRET, clock=clock)
    app = FastAPI(lifespan=manager.lifespan)
    app.include_router(realtime_router(manager, auth))
    async with serving(app, "gateway", http=guarded(SHORT, GatewayHTTPProtocol)) as address:
        yield Game(manager, address, clock, auth, app)


BEGUN = {
    "a handshake": "GET /api/ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n",
    "an event stream": "GET /api/events HTTP/1.1\r\nHost: x\r\n",
    "half a line": "GE",
}


@pytest.mark.parametrize("begun", BEGUN)
async def test_slow_loris_handshakes_are_ended_and_hinder_nobody(begun: str) -> None:
    async with gateway() as game:
        host, _, port = game.address.partition(":")
        peers = [await asyncio.open_connection(host, int(port)) for _ in range(PEERS)]

        async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
            """Say a little again and again; what the server says in the end."""
            writer.write(BEGUN[begun].encode())
            answer = asyncio.ensure_future(reader.read())
            while not (await asyncio.wait([answer], timeout=SHORT / 5))[0]:
                writer.write(b"X-A: b\r\n" if begun != "half a line" else b"T")
            writer.close()
            return b"" if answer.exception() else answer.result()

        slow = [asyncio.create_task(trickle(*each)) for each in peers]
        # Whoever says it in one go comes in meanwhile, by both.
        async with game.both("ann") as (socket, stream):
            await game.manager.send_personal_message("ann", {"n": 1})
            assert await socket.wait(1) == await stream.wait(1) == [{"n": 1}]
            async with asyncio.timeout(DEADLINE):
                answers = await asyncio.gather(*slow)
            assert {each[:12] for each in answers} <= {b"HTTP/1.1 408", b"HTTP/1.1 400", b""}
            assert not socket.ended
            assert not stream.ended
        await until(lambda: not game.manager.node.connections)


@pytest.mark.parametrize("path", ["/api/send", "/api/events", "/api/session"])
async def test_slow_loris_bodies_are_ended(server: ServerName, path: str) -> None:
    config = Config(limits=Limits(handshake=0.1))
    async with site_on(server, config=config) as site:
        host, _, port = site.address.partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(
            f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {site.token()}\r\n"
            "Content-Length: 1000\r\n\r\n{".encode()
        )
        async with asyncio.timeout(DEADLINE):
            answer = await reader.readuntil(b"}}")
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"did not arrive within" in answer
        writer.close()

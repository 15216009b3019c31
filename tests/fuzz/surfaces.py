"""Where a client can say something, each attacked by itself."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import HTTPConnection

from dualwire.core.cursor import parse_event_id
from dualwire.core.session import check_session_id
from dualwire.exceptions import RefusedError
from dualwire.http.credentials import read_credentials
from dualwire.http.terms import read_terms
from dualwire.types import Identity

from .grammar import PATHS, Grammar
from .world import World

__all__ = ["AT_ONCE", "SHARES", "SURFACES", "Surface", "round_of"]

Surface = Callable[[World, Grammar], Awaitable[None]]
"""One round: some inputs, each counted."""

REALTIME = ("/api/events", "/api/events/mallory", "/api/ws", "/api/ws/mallory")


async def messages(world: World, grammar: Grammar) -> None:
    """What a WebSocket brings, given to who acts on it, and what comes by HTTP."""
    inbound = world.manager.inbound
    for _ in range(500):
        text: str | bytes = grammar.message()
        if grammar.rng.random() < 0.5:
            text = text.decode("utf-8", "replace")  # type: ignore[union-attr]
        with contextlib.suppress(RefusedError):
            await inbound.answer("mallory", None, text)
        world.count("messages")
    await asyncio.sleep(0)


async def openings(world: World, grammar: Grammar) -> None:
    """Query strings, headers, cookies, cursors, ids: all that a connection is opened with."""
    limits, mallory = world.manager.config.limits, Identity(player_id="mallory")
    for _ in range(500):
        scope: dict[str, Any] = {
            "type": grammar.pick(("http", "websocket")),
            "path": "/api/events",
            "query_string": grammar.query().encode("latin-1", "replace"),
            "headers": grammar.headers(),
            "subprotocols": [grammar.text() for _ in range(grammar.rng.randrange(3))],
        }
        connection = HTTPConnection(scope)
        with contextlib.suppress(RefusedError):
            read_credentials(connection)
            terms = read_terms(connection, mallory, limits)
            parse_event_id(terms.last_event_id or "")
            check_session_id(connection.query_params.get("session_id", ""), "mallory", b"k" * 32)
        world.count("openings")
    await asyncio.sleep(0)


async def application(world: World, grammar: Grammar) -> None:
    """Requests straight into the ASGI application, well framed and otherwise anything."""
    for _ in range(30):
        path = grammar.pick([each for each in PATHS if each not in REALTIME])
        method = grammar.pick(("GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS"))
        headers, body = grammar.headers(), grammar.message()
        query = grammar.query().encode("latin-1", "replace")
        status = await _ask(world.app, method, path, query, headers, body)
        world.count("application", status, (method, path, query, headers, body))


async def requests(world: World, grammar: Grammar) -> None:
    """Requests over sockets: pipelined, broken, cut off."""
    host, _, port = world.address.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    count = grammar.rng.randrange(1, 24)
    for _ in range(count):
        raw = grammar.request()
        if grammar.rng.random() < 0.05:
            raw = raw[: grammar.rng.randrange(len(raw))]
        writer.write(raw)
        world.count("requests")
    await _read_out(world, grammar, reader, writer, "requests")


async def streams(world: World, grammar: Grammar) -> None:
    """Event streams, opened anyhow and left again, with something behind their request."""
    host, _, port = world.address.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    for _ in range(grammar.rng.randrange(1, 4)):
        writer.write(grammar.request(grammar.pick(REALTIME[:2])))
        world.count("streams")
    await _read_out(world, grammar, reader, writer, "streams")


async def frames(world: World, grammar: Grammar) -> None:
    """A WebSocket that opens as it should and says anything."""
    host, _, port = world.address.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(_upgrade(grammar, "protocol=dualwire.v1" if grammar.rng.random() < 0.5 else ""))
    for _ in range(grammar.rng.randrange(1, 120)):
        writer.write(grammar.frame())
        world.count("frames")
    await _read_out(world, grammar, reader, writer, "frames")


async def handshakes(world: World, grammar: Grammar) -> None:
    """WebSockets that open anyhow."""
    host, _, port = world.address.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    raw = _upgrade(grammar, grammar.query())
    if grammar.rng.random() < 0.5:
        at = grammar.rng.randrange(len(raw))
        raw = raw[:at] + grammar.rng.randbytes(grammar.rng.randrange(4)) + raw[at + 2 :]
    writer.write(raw + (grammar.frame() if grammar.rng.random() < 0.5 else b""))
    world.count("handshakes")
    await _read_out(world, grammar, reader, writer, "handshakes")


SURFACES: dict[str, Surface] = {
    each.__name__: each
    for each in (messages, openings, application, requests, streams, frames, handshakes)
}

SHARES = {"messages": 2.0, "openings": 2.0, "frames": 3.0}
"""Of the time; 1 of those that are not named. These take the most different inputs."""

AT_ONCE = {"requests": 4, "streams": 12, "frames": 4, "handshakes": 12}
"""Rounds that run beside each other, where one mostly waits for what comes back."""


async def round_of(world: World, surface: str, first: int) -> int:
    """Attack a surface once, or as often as is done at once; how many rounds that were.

    Args:
        world: who is attacked.
        surface: where.
        first: number of the first round; its inputs follow from it and the seed alone.
    """
    count = AT_ONCE.get(surface, 1)
    attack = SURFACES[surface]
    rounds = range(first, first + count)
    await asyncio.gather(*(attack(world, world.grammar(surface, each)) for each in rounds))
    return count


def _upgrade(grammar: Grammar, query: str) -> bytes:
    key = base64.b64encode(grammar.rng.randbytes(16)).decode()
    return (
        f"GET /api/ws?{query} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
        "Sec-WebSocket-Extensions: permessage-deflate\r\n"
        f"Authorization: Bearer {grammar.token}\r\n\r\n"
    ).encode()


async def _read_out(
    world: World,
    grammar: Grammar,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    surface: str,
) -> None:
    """Read what comes back for a moment, as answers by their status lines; then go, or vanish."""
    got = b""
    with contextlib.suppress(ConnectionError, TimeoutError):
        if grammar.rng.random() < 0.5:
            writer.write_eof()
        await writer.drain()
        async with asyncio.timeout(grammar.pick((0.002, 0.02))):
            while piece := await reader.read(65536):
                got += piece
    for line in got.split(b"\r\n"):
        if line.startswith(b"HTTP/1.1 ") and line[9:12].isdigit():
            world.statuses[int(line[9:12])] += 1
            if line[9:10] == b"5":
                world.findings.append(f"{surface}: answered {line[:80]!r}: {got[:1500]!r}")
    if grammar.rng.random() < 0.3:
        writer.transport.abort()
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


async def _ask(
    app: Any,
    method: str,
    path: str,
    query: bytes,
    headers: list[tuple[bytes, bytes]],
    body: bytes,
) -> int:
    """One request to an ASGI application; the status of its answer."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query,
        "headers": [(b"host", b"127.0.0.1"), *headers],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "state": {},
    }
    given, statuses = [body], []

    async def receive() -> dict[str, Any]:
        if given:
            return {"type": "http.request", "body": given.pop(), "more_body": False}
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    await app(scope, receive, send)
    return statuses[0] if statuses else 0

"""What an opening costs in our own code: request bytes in, hello out, no socket, no kernel."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import time
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
import uvloop
from fastapi import FastAPI
from uvicorn.server import ServerState

import dualwire
from dualwire import Config, ConnectionManager, Heartbeat
from dualwire.http import JWTAuthenticator, realtime_router
from dualwire.http.gate import Gate
from dualwire.runtime.admission import Admission
from dualwire.runtime.node import Node
from dualwire.server.gateway import GatewayHTTPProtocol, GatewayWebSocketProtocol
from dualwire.server.handshake import guarded
from dualwire.server.stopping import tune_collector

__all__ = ["KINDS", "Opening", "kept_by_part", "measure_openings"]

SECRET = "a-secret-of-the-bench-that-is-long-enough"  # noqa: S105 - signs what nobody else gets
KINDS = ("websocket", "sse")
UPGRADE = (
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Version: 13\r\n"
)
STEPS = {
    "token": (JWTAuthenticator, "authenticate"),
    "gate, token included": (Gate, "admit"),
    "session, registration": (Admission, "reserve"),
    "opening, hello": (Node, "open"),
}
SOURCE = Path(dualwire.__file__).parent


@dataclass(slots=True)
class Opening:
    """What openings of one kind cost, in microseconds of CPU."""

    kind: str
    new_us: float = 0.0
    """Of a player who was not there, with a token that was not seen."""
    back_us: float = 0.0
    """Of the same player once more, with the same token."""
    steps_us: dict[str, float] = field(default_factory=dict)
    """What of a new one is spent where; measuring it is part of it."""


class NoSocket(asyncio.Transport):
    """Takes everything at once."""

    __slots__ = ("protocol", "written")

    def __init__(self) -> None:
        self.written = False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return ("127.0.0.1", 5) if name in ("peername", "sockname") else default

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = protocol

    def write(self, data: Any) -> None:
        self.written = True

    def get_write_buffer_size(self) -> int:
        return 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def is_closing(self) -> bool:
        return False

    def close(self) -> None:
        pass

    def abort(self) -> None:
        pass

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


class Site:
    """An application as ``dualwire serve`` runs it, without a listener."""

    def __init__(self) -> None:
        # Nobody answers pings here.
        config = Config(heartbeat=Heartbeat(pong_timeout=3600.0))
        self.manager = ConnectionManager(config=config, secret=SECRET)
        self.tokens = JWTAuthenticator(SECRET)
        app = FastAPI()
        app.include_router(realtime_router(self.manager, self.tokens))
        self._config = uvicorn.Config(
            app, log_config=None, access_log=False, ws=GatewayWebSocketProtocol
        )
        self._config.load()
        self._state = ServerState()
        self._state.default_headers = [(b"date", b"Thu, 01 Jan 1970 00:00:00 GMT")]
        self._protocol = guarded(10.0, GatewayHTTPProtocol)

    def request(self, kind: str, player: str) -> bytes:
        """What a client sends."""
        path, lines = ("/api/ws", UPGRADE) if kind == "websocket" else ("/api/events", "")
        return (
            f"GET {path}?protocol=dualwire.v1 HTTP/1.1\r\nHost: 127.0.0.1\r\n{lines}"
            f"Authorization: Bearer {self.tokens.issue(player)}\r\n\r\n"
        ).encode()

    async def take(self, request: bytes) -> None:
        """A client connects."""
        socket = NoSocket()
        protocol: Any = self._protocol(config=self._config, server_state=self._state, app_state={})
        protocol.connection_made(socket)
        protocol.data_received(request)
        # Whatever was left for the next turn belongs to it.
        await asyncio.sleep(0)
        assert socket.written

    async def close(self) -> None:
        """Everybody leaves."""
        for connection in list(self.manager.node.connections.values()):
            assert connection.transport is not None
            connection.transport.abort()
        await self.manager.stop()


def measure_openings(count: int) -> list[Opening]:
    """Open so many connections of each kind, and as many again for the same players."""
    found = []
    for kind in KINDS:
        opening = Opening(kind)
        for timing in (False, True):
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                tune_collector()
                runner.run(_measure(opening, count, timing=timing))
                gc.unfreeze()
        found.append(opening)
    return found


async def _measure(opening: Opening, count: int, *, timing: bool) -> None:
    site = Site()
    await site.manager.start()
    requests = [site.request(opening.kind, f"p{number}") for number in range(count)]
    if timing:
        with _timed(opening.steps_us):
            for request in requests:
                await site.take(request)
        opening.steps_us = {name: spent / count for name, spent in opening.steps_us.items()}
    else:
        opening.new_us = await _pass(site, requests)
        opening.back_us = await _pass(site, requests)
        assert len(site.manager.node.connections) == 2 * count
    await site.close()


async def _pass(site: Site, requests: list[bytes]) -> float:
    began = time.thread_time()
    for request in requests:
        await site.take(request)
    return (time.thread_time() - began) / len(requests) * 1e6


@contextlib.contextmanager
def _timed(spent: dict[str, float]) -> Iterator[None]:
    """Add up what the steps of an opening take."""
    before = {name: getattr(owner, method) for name, (owner, method) in STEPS.items()}

    def wrap(name: str) -> Any:
        async def timed(*args: Any, **kwargs: Any) -> Any:
            began = time.thread_time()
            try:
                return await before[name](*args, **kwargs)
            finally:
                spent[name] = spent.get(name, 0.0) + (time.thread_time() - began) * 1e6

        return timed

    for name, (owner, method) in STEPS.items():
        setattr(owner, method, wrap(name))
    try:
        yield
    finally:
        for name, (owner, method) in STEPS.items():
            setattr(owner, method, before[name])


def kept_by_part(players: int) -> dict[str, float]:
    """Bytes of Python objects per connection, by the part of the source that made them.

    Args:
        players: how many open a WebSocket and an event stream each.

    Returns:
        The largest first; the event loop's sockets and the kernel's buffers are not among them.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_kept(players))


async def _kept(players: int) -> dict[str, float]:
    site = Site()
    await site.manager.start()
    for kind in KINDS:
        await site.take(site.request(kind, "first"))
    requests = [site.request(kind, f"p{n}") for n in range(players) for kind in KINDS]
    gc.collect()
    tracemalloc.start()
    try:
        for request in requests:
            await site.take(request)
        await site.manager.node.wait_settled()
        gc.collect()
        statistics = tracemalloc.take_snapshot().statistics("filename")
    finally:
        tracemalloc.stop()
    found: dict[str, float] = {}
    for each in statistics:
        name = _part(Path(each.traceback[0].filename))
        if name is not None:
            found[name] = found.get(name, 0.0) + each.size / len(requests)
    await site.close()
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def _part(path: Path) -> str | None:
    if path == Path(__file__) or path.name == "tracemalloc.py":
        return None
    if path.is_relative_to(SOURCE):
        return path.relative_to(SOURCE).parts[0].removesuffix(".py")
    return "libraries and generated code"

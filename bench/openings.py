"""What an opening costs in our own code: request bytes in, hello out, no socket, no kernel."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Any

import uvicorn
import uvloop
from fastapi import FastAPI
from uvicorn.server import ServerState

from dualwire import Config, ConnectionManager, Heartbeat
from dualwire.http import JWTAuthenticator, realtime_router
from dualwire.server.gateway import GatewayHTTPProtocol, GatewayWebSocketProtocol
from dualwire.server.handshake import guarded

__all__ = ["KINDS", "Opening", "measure_openings"]

SECRET = "a-secret-of-the-bench-that-is-long-enough"  # noqa: S105 - signs what nobody else gets
KINDS = ("websocket", "sse")
UPGRADE = (
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Version: 13\r\n"
)


@dataclass(frozen=True, slots=True)
class Opening:
    """What openings of one kind cost."""

    kind: str
    cpu_us: float
    """Of one, its tokens unknown."""
    known_us: float
    """Of one of the same player, whose token was seen before."""


class NoSocket(asyncio.Transport):
    """Takes everything at once."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return ("127.0.0.1", 5) if name in ("peername", "sockname") else default

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = protocol

    def write(self, data: Any) -> None:
        self.written += data

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


def measure_openings(count: int) -> list[Opening]:
    """Open so many connections of each kind, and as many again for the same players."""
    found = []
    for kind in KINDS:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            found.append(runner.run(_measure(kind, count)))
    return found


async def _measure(kind: str, count: int) -> Opening:
    # Nobody answers pings here.
    config = Config(heartbeat=Heartbeat(pong_timeout=3600.0))
    manager, tokens = ConnectionManager(config=config, secret=SECRET), JWTAuthenticator(SECRET)
    app = FastAPI()
    app.include_router(realtime_router(manager, tokens))
    server = uvicorn.Config(app, log_config=None, access_log=False, ws=GatewayWebSocketProtocol)
    server.load()
    await manager.start()
    state, protocol = ServerState(), guarded(10.0, GatewayHTTPProtocol)
    state.default_headers = [(b"date", b"Thu, 01 Jan 1970 00:00:00 GMT")]
    path, lines = ("/api/ws", UPGRADE) if kind == "websocket" else ("/api/events", "")
    requests = [
        f"GET {path}?protocol=dualwire.v1 HTTP/1.1\r\nHost: 127.0.0.1\r\n{lines}"
        f"Authorization: Bearer {tokens.issue(f'p{n}')}\r\n\r\n".encode()
        for n in range(count)
    ]
    taken = []
    for _ in range(2):
        began = time.thread_time()
        for request in requests:
            socket = NoSocket()
            opening: Any = protocol(config=server, server_state=state, app_state={})
            opening.connection_made(socket)
            opening.data_received(request)
            # Whatever was left for the next turn belongs to it.
            await asyncio.sleep(0)
            assert socket.written
        await asyncio.sleep(0)
        taken.append((time.thread_time() - began) / count * 1e6)
    assert len(manager.node.connections) == 2 * count
    for connection in list(manager.node.connections.values()):
        connection.transport.abort()  # type: ignore[union-attr]
    await manager.stop()
    return Opening(kind, *taken)

"""The gateway: uvicorn's protocols, which give the sockets of realtime connections away.

Most connections open by the :mod:`short road <dualwire.server.short>`. What cannot goes through
uvicorn, its middleware and the application as any request does. By either road the application
takes the socket (:class:`~dualwire.transports.direct.Handover`) once the connection is accepted,
and what is left per connection is a small protocol object. Everything else stays uvicorn's.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from starlette.types import Receive, Scope, Send
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

from ..http.roads import SETTLED, Settled
from ..transports.direct import HANDOVER
from .handshake import GuardedHTTPProtocol
from .offers import StreamOffer, UpgradeOffer, WebSocketOffer
from .short import Begun, accept_key, address, shortcut

__all__ = ["GatewayHTTPProtocol", "GatewayWebSocketProtocol"]


HELD = 16 * 1024
"""Bytes that a peer may send before its handshake is answered; then it is not read from."""


class GatewayWebSocketProtocol(WebSocketsSansIOProtocol):
    """A WebSocket that can be taken from the application that accepted it."""

    taken = False
    early = False
    """Whether the peer sent something before the socket was taken."""

    def __init__(self, *args: Any, settled: Settled | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._settled = settled
        self._held = b""
        """What the peer sent before its handshake was answered."""

    def data_received(self, data: bytes) -> None:
        if self._held or (self.handshake_initiated and not self.handshake_complete):
            # Uvicorn would read frames, and could not answer a broken one before the handshake.
            self._held += data
            if len(self._held) > HELD:
                self.transport.pause_reading()
            return
        self.early = self.handshake_initiated
        super().data_received(data)

    async def send(self, message: Any) -> None:
        await super().send(message)
        if self._held and message["type"] == "websocket.close":
            # Nobody reads what it said, so nobody sees its answer to this either.
            self.transport.close()

    async def receive(self) -> Any:
        self.release()
        return await super().receive()

    def release(self) -> None:
        """Read what the peer sent too early, now that somebody wants it."""
        if self._held and self.handshake_complete:
            self.data_received(self.take_held())

    def take_held(self) -> bytes:
        """What the peer sent too early, for whoever reads it."""
        held, self._held = self._held, b""
        if len(held) > HELD and not self.transport.is_closing():
            self.transport.resume_reading()
        return held

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        scope: dict[str, Any] | None = getattr(self, "scope", None)
        if scope is not None:
            # The task that was made for it has not run yet.
            scope["extensions"][HANDOVER] = WebSocketOffer(self)
            if self._settled is not None:
                scope["extensions"][SETTLED] = self._settled

    async def run_asgi(self) -> None:
        try:
            await self.app(self.scope, self.receive, self.send)
        except ClientDisconnected:
            pass
        except BaseException:
            self.logger.exception("Exception in ASGI application\n")
            if not self.taken:
                self.send_500_response()
        else:
            # One that was refused with an HTTP answer has that for its handshake.
            if not self.handshake_complete and not self.initial_response:
                self.logger.error("ASGI callable returned without completing handshake.")
                self.send_500_response()
        if not self.taken and self.close_timer is None:
            self.transport.close()


class GatewayHTTPProtocol(GuardedHTTPProtocol):
    """HTTP whose event streams and upgrades open by the short road, where there is one."""

    waiting = False
    """Whether a connection is being opened by a task."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._shortcut = shortcut(self.config)

    def leave(self) -> asyncio.Transport:
        """Give up the socket: what still comes from the parser is for nobody."""
        self.connections.discard(self)
        self.gone = True
        self.parser = None  # type: ignore[assignment]
        return self.transport

    # Event streams

    def on_headers_complete(self) -> None:
        if not self._shortcut or not self._open_stream():
            self._long_road()

    def _open_stream(self) -> bool:
        """Open an event stream by the short road; whether the request needs nothing else."""
        if (
            self.parser.get_method() != b"GET"
            or self.parser.get_http_version() != "1.1"
            or self.parser.should_upgrade()
            or (self.cycle is not None and not self.cycle.response_complete)
            or any(name in _BODY for name, _ in self.headers)
            or self._is_full()
        ):
            return False
        target = address(self.url)
        found = target and self._shortcut.find("sse", target[0])
        if not target or not found:
            return False
        path, query = target
        self.scope["path"] = self.root_path + path
        self.scope["query_string"] = query
        road, parameters = found
        head = self._shortcut.head(self.scope, path_params=parameters)
        offer = StreamOffer(self, head.scope)
        self.headers_are_complete()
        try:
            begun = Begun(road, head, offer)
        except Exception:
            self.logger.exception("Exception in ASGI application\n")
            self.transport.close()
            return True
        if not begun.done:
            self._wait(begun)
            offer.cycle = self.cycle
        elif begun.settled is not None:
            self._long_road(begun.settled)
        return True

    def _is_full(self) -> bool:
        most = self.limit_concurrency
        return most is not None and (len(self.connections) >= most or len(self.tasks) >= most)

    def _wait(self, begun: Begun) -> None:
        """Let a task of uvicorn's open the stream: requests behind it wait as they always do."""
        app: Any = self.app

        async def opened(scope: Scope, receive: Receive, send: Send) -> None:
            settled = await begun
            self.waiting = False
            if settled is not None:
                scope["extensions"][SETTLED] = settled
                await app(scope, receive, send)

        self.waiting = True
        self.app = opened
        try:
            self._long_road()
        finally:
            self.app = app

    def _long_road(self, settled: Settled | None = None) -> None:
        super().on_headers_complete()
        scope: dict[str, Any] = self.scope  # type: ignore[assignment]
        # HTTP/1.0 has no chunks, and our frames for HTTP are chunks; such a stream takes the slow
        # road. There uvicorn answers as HTTP/1.1, chunked as well: see docs/design.md.
        if scope.get("http_version") == "1.1" and "path" in scope:
            offer = StreamOffer(self, scope)
            offer.cycle = self.cycle
            scope["extensions"] = {HANDOVER: offer}
            if settled is not None:
                scope["extensions"][SETTLED] = settled

    # WebSockets

    def upgrade(self, early: bytes) -> None:
        if self._shortcut and self._open_websocket(early):
            return
        self._long_upgrade(early)

    def _open_websocket(self, early: bytes) -> bool:
        """Open a WebSocket by the short road; whether the request needs nothing else."""
        target, key = address(self.url), accept_key(self.headers)
        if (
            target is None
            or key is None
            or self.parser.get_method() != b"GET"
            or (self.cycle is not None and not self.cycle.response_complete)
        ):
            return False
        path, query = target
        found = self._shortcut.find("websocket", path)
        if found is None:
            return False
        road, parameters = found
        head = self._shortcut.head(
            self.scope,
            type="websocket",
            scheme="wss" if self.scheme == "https" else "ws",
            path=self.root_path + path,
            query_string=query,
            subprotocols=_subprotocols(self.headers),
            path_params=parameters,
        )
        offer = UpgradeOffer(self, head.scope, key, early)
        try:
            begun = Begun(road, head, offer)
        except Exception:
            self.logger.exception("Exception in ASGI application\n")
            self.transport.close()
            return True
        if not begun.done:
            self._open_later(begun, early)
        elif begun.settled is not None:
            self._long_upgrade(early, begun.settled)
        return True

    def _open_later(self, begun: Begun, early: bytes) -> None:
        """Let a task open the WebSocket; the peer is not read from meanwhile."""

        async def open_it() -> None:
            try:
                settled = await begun
            except BaseException:
                self.logger.exception("Exception in ASGI application\n")
                self.transport.close()
                raise
            if settled is not None:
                self.waiting = False
                if not self.transport.is_closing():
                    self.transport.resume_reading()
                    self._long_upgrade(early, settled)

        self.waiting = True
        self.transport.pause_reading()
        task = self.loop.create_task(open_it())
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)

    def _long_upgrade(self, early: bytes, settled: Settled | None = None) -> None:
        if settled is not None:
            protocol: Any = partial(GatewayWebSocketProtocol, settled=settled)
            self.ws_protocol_class = protocol
        super().upgrade(early)
        # The parser and this object hold each other; nobody calls connection_lost any more.
        self.parser = None  # type: ignore[assignment]


_BODY = {b"content-length", b"transfer-encoding", b"expect"}


def _subprotocols(headers: list[tuple[bytes, bytes]]) -> list[str]:
    return [
        each.strip().decode("latin-1")
        for name, value in headers
        if name == b"sec-websocket-protocol"
        for each in value.split(b",")
    ]

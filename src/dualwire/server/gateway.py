"""The gateway: uvicorn's protocols, which give the sockets of realtime connections away.

An opening connection goes through uvicorn, its middleware and the application as any request does,
so trusted proxies, CORS, root path and lifespan work as they do elsewhere. Once accepted, the
application takes its socket (:class:`~dualwire.transports.direct.Handover`), its task ends, and
what is left per connection is a small protocol object. Everything else stays uvicorn's.
"""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request
from websockets.protocol import Protocol, Side, State

from ..codes import Code
from ..transports.direct import HANDOVER, DirectTransport, Handover, Receiver
from .handshake import GuardedHTTPProtocol
from .taken import TakenStream, TakenWebSocket

__all__ = ["GatewayHTTPProtocol", "GatewayWebSocketProtocol"]

LAST_CHUNK = b"0\r\n\r\n"
"""The end of a chunked body (RFC 9112, section 7.1)."""


class GatewayWebSocketProtocol(WebSocketsSansIOProtocol):
    """A WebSocket that can be taken from the application that accepted it."""

    taken = False
    early = False
    """Whether the peer sent something before the socket was taken."""

    def data_received(self, data: bytes) -> None:
        self.early = self.handshake_initiated
        super().data_received(data)

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        scope: dict[str, Any] | None = getattr(self, "scope", None)
        if scope is not None:
            # The task that was made for it has not run yet.
            scope["extensions"][HANDOVER] = _WebSocketOffer(self)

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


class _WebSocketOffer(Handover):
    """The socket of one accepted WebSocket."""

    __slots__ = ("_protocol", "_taken")

    def __init__(self, protocol: GatewayWebSocketProtocol) -> None:
        self._protocol: GatewayWebSocketProtocol | None = protocol
        self._taken: TakenWebSocket | None = None

    def take(self, transport: DirectTransport, receiver: Receiver | None) -> None:
        protocol, self._protocol = self._protocol, None
        assert protocol is not None
        protocol.taken = True
        protocol.stop_keepalive()
        socket = protocol.transport
        parser: Protocol = protocol.conn
        if not protocol.early:
            # One that did not read the handshake: it does not keep the request in mind.
            parser = Protocol(
                Side.SERVER,
                state=State.OPEN,
                max_size=protocol.config.ws_max_size,
                logger=protocol.logger,
            )
            parser.extensions = protocol.conn.extensions
        self._taken = taken = TakenWebSocket(protocol, transport, receiver, parser)
        protocol.connections.discard(protocol)
        protocol.connections.add(taken)  # type: ignore[arg-type]
        socket.set_protocol(taken)
        transport.attach(socket)
        if not protocol.writable.is_set():
            transport.pause()
        taken.begin(protocol)

    def goodbye(self, code: Code, reason: str) -> bytes:
        return self._taken.goodbye(code, reason) if self._taken is not None else b""

    def resume(self) -> None:
        if self._taken is not None:
            self._taken.resume()


class GatewayHTTPProtocol(GuardedHTTPProtocol):
    """HTTP whose event streams can be taken from the application that began them."""

    def handle_websocket_upgrade(self) -> None:
        super().handle_websocket_upgrade()
        # The parser and this object hold each other; nobody calls connection_lost any more.
        self.parser = None  # type: ignore[assignment]

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        scope: dict[str, Any] = self.scope  # type: ignore[assignment]
        # HTTP/1.0 has no chunks; such a stream takes the slow road.
        if scope.get("http_version") == "1.1" and "path" in scope:
            scope["extensions"] = {HANDOVER: _StreamOffer(self)}


class _StreamOffer(Handover):
    """The socket of one HTTP response."""

    def __init__(self, protocol: GatewayHTTPProtocol) -> None:
        self._protocol: GatewayHTTPProtocol | None = protocol

    def take(self, transport: DirectTransport, receiver: Receiver | None) -> None:
        protocol = self._protocol
        assert protocol is not None
        self._protocol = None
        cycle, socket = protocol.cycle, protocol.transport
        # Uvicorn sees a finished response on a connection that is not its own any more.
        cycle.response_complete = True
        cycle.on_response = lambda: None
        protocol.connections.discard(protocol)
        stream = TakenStream(protocol, transport)
        protocol.connections.add(stream)  # type: ignore[arg-type]
        socket.set_protocol(stream)
        transport.attach(socket)
        if protocol.flow.write_paused:
            transport.pause()
        protocol.flow.resume_reading()
        protocol.parser = None  # type: ignore[assignment]
        if cycle.disconnected or socket.is_closing():
            protocol.loop.call_soon(stream.connection_lost, None)

    def goodbye(self, code: Code, reason: str) -> bytes:
        return LAST_CHUNK

    def resume(self) -> None:
        """There is nothing to read."""

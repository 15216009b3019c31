"""The gateway: uvicorn's protocols, which give the sockets of realtime connections away.

An opening connection goes through uvicorn, its middleware and the application as any request does,
so trusted proxies, CORS, root path and lifespan work as they do elsewhere. Once accepted, the
application takes its socket (:class:`~dualwire.transports.direct.Handover`), its task ends, and
what is left per connection is a small protocol object. Everything else stays uvicorn's.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame as WebSocketFrame
from websockets.http11 import Request

from ..codes import PEER_GONE, RESTART, Code, code_for
from ..transports.direct import HANDOVER, DirectTransport, Handover, Receiver
from .handshake import GuardedHTTPProtocol

__all__ = ["GatewayHTTPProtocol", "GatewayWebSocketProtocol"]

SLICE = 4 * 1024
"""Bytes of a peer's frames that are parsed in one turn of the loop. 256 KB of tiny frames at once
are 40,000 frames, and hold the loop for 104-147 ms."""

LAST_CHUNK = b"0\r\n\r\n"
"""The end of a chunked body (RFC 9112, section 7.1)."""


class GatewayWebSocketProtocol(WebSocketsSansIOProtocol, Handover):
    """A WebSocket that can be taken from the application that accepted it."""

    _taken: DirectTransport | None = None
    _receiver: Receiver | None = None
    _unread: bytes = b""

    # The offer

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        scope: dict[str, Any] | None = getattr(self, "scope", None)
        if scope is not None:
            # The task that was made for it has not run yet.
            scope["extensions"][HANDOVER] = self

    def take(self, transport: DirectTransport, receiver: Receiver | None) -> None:
        self.stop_keepalive()
        self._taken, self._receiver = transport, receiver
        transport.attach(self.transport)
        if not self.writable.is_set():
            transport.pause()
        # Let go of what only the opening needed.
        del self.scope, self.request, self.response
        if self.read_paused:
            self.resume()

    def goodbye(self, code: Code, reason: str) -> bytes:
        self.conn.send_close(code.number, reason)
        self.close_sent = True
        return b"".join(self.conn.data_to_send())

    def resume(self) -> None:
        self.read_paused = False
        if self._unread:
            self._read_on()
        if not self.read_paused and not self.transport.is_closing():
            self.transport.resume_reading()

    async def run_asgi(self) -> None:
        try:
            await self.app(self.scope, self.receive, self.send)
        except ClientDisconnected:
            pass
        except BaseException:
            self.logger.exception("Exception in ASGI application\n")
            if self._taken is None:
                self.send_500_response()
        else:
            if not self.handshake_complete:
                self.logger.error("ASGI callable returned without completing handshake.")
                self.send_500_response()
        if self._taken is None and self.close_timer is None:
            self.transport.close()

    # What happens to it

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._taken is not None:
            self._taken.pause()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._taken is not None:
            self._taken.resume()

    def data_received(self, data: bytes) -> None:
        if self._taken is None:
            super().data_received(data)
            return
        self._unread += data
        if not self.read_paused:
            self._read_on()

    def _read_on(self) -> None:
        """Parse one slice; the rest, and the peer, wait for the next turn."""
        if self.read_paused or self.transport.is_closing():
            return
        piece, self._unread = self._unread[:SLICE], self._unread[SLICE:]
        self.conn.receive_data(piece)
        if self.conn.parser_exc is not None:
            self.handle_parser_exception()
            return
        self.handle_events()
        self._answer_pings()
        if self._unread and not self.read_paused:
            self.read_paused = True
            self.transport.pause_reading()
            self.loop.call_soon(self.resume)

    def _answer_pings(self) -> None:
        # The pongs of one slice go out together; a peer that does not take them gets no more.
        answer = b"".join(self.conn.data_to_send())
        if answer and self.transport.get_write_buffer_size() < 64 * 1024:
            self.transport.write(answer)

    def handle_ping(self) -> None:
        if self._taken is None:
            super().handle_ping()
        elif self._receiver is not None:
            self._receiver.on_sign_of_life()

    def handle_pong(self, event: WebSocketFrame) -> None:
        if self._taken is None:
            super().handle_pong(event)
        elif self._receiver is not None:
            self._receiver.on_sign_of_life()

    def send_receive_event_to_app(self) -> None:
        if self._taken is None:
            super().send_receive_event_to_app()
            return
        data = self.frames[0] if len(self.frames) == 1 else b"".join(self.frames)
        self.frames = []
        if self.close_sent or self._receiver is None:
            return
        if self.curr_msg_data_type == "text":
            try:
                text = bytes(data).decode()
            except UnicodeDecodeError:
                # RFC 6455, section 8.1.
                self.conn.fail(1007, "invalid UTF-8")
                self.handle_parser_exception()
                return
            more = self._receiver.on_message(text)
        else:
            more = self._receiver.on_message(bytes(data))
        if not more:
            self.read_paused = True
            self.transport.pause_reading()

    def handle_close(self, event: WebSocketFrame) -> None:
        if self._taken is None:
            super().handle_close(event)
            return
        if self.close_sent:
            self.transport.close()
            return
        assert self.conn.close_rcvd is not None
        code = code_for(self.conn.close_rcvd.code, self.conn.close_rcvd.reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.transport.close()
        self._lost(code)

    def handle_parser_exception(self) -> None:
        if self._taken is None:
            super().handle_parser_exception()
            return
        assert self.conn.close_sent is not None
        code = code_for(self.conn.close_sent.code, self.conn.close_sent.reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.transport.close()
        self._lost(code)

    def shutdown(self) -> None:
        if self._taken is None:
            super().shutdown()
        elif not self.close_sent:
            self._taken.close(RESTART)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._taken is None:
            super().connection_lost(exc)
            return
        self.connections.discard(self)
        self.disconnected = True
        self._lost(PEER_GONE)

    def _lost(self, code: Code) -> None:
        transport, self._receiver = self._taken, None
        if transport is not None:
            transport.lost(code)


class GatewayHTTPProtocol(GuardedHTTPProtocol):
    """HTTP whose event streams can be taken from the application that began them."""

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
        stream = _StreamProtocol(protocol, transport)
        protocol.connections.add(stream)  # type: ignore[arg-type]
        socket.set_protocol(stream)
        transport.attach(socket)
        if protocol.flow.write_paused:
            transport.pause()
        protocol.flow.resume_reading()
        if cycle.disconnected or socket.is_closing():
            protocol.loop.call_soon(stream.connection_lost, None)

    def goodbye(self, code: Code, reason: str) -> bytes:
        return LAST_CHUNK

    def resume(self) -> None:
        """There is nothing to read."""


class _StreamProtocol(asyncio.Protocol):
    """All that is left of an HTTP connection that streams."""

    __slots__ = ("_connections", "_lost", "_transport")

    def __init__(self, protocol: GatewayHTTPProtocol, transport: DirectTransport) -> None:
        self._connections = protocol.connections
        self._transport = transport
        self._lost = False

    def pause_writing(self) -> None:
        self._transport.pause()

    def resume_writing(self) -> None:
        self._transport.resume()

    def data_received(self, data: bytes) -> None:
        """A peer has nothing to say on its stream; what it says is not kept."""

    def eof_received(self) -> bool:
        """The peer said that it sends no more, which for an SSE client means that it left."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        if self._lost:
            return
        self._lost = True
        self._connections.discard(self)
        self._transport.lost(PEER_GONE)

    def shutdown(self) -> None:
        """Uvicorn stops."""
        self._transport.close(RESTART)

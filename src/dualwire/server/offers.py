"""The sockets that the gateway gives away: each as its connection came."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.utils import get_client_addr, get_path_with_query_string

from ..codes import Code
from ..transports.direct import DirectTransport, Handover, Receiver, Unanswered
from .short import shortcut
from .taken import TakenStream, TakenWebSocket

if TYPE_CHECKING:
    from .gateway import GatewayHTTPProtocol, GatewayWebSocketProtocol

__all__ = ["StreamOffer", "UpgradeOffer", "WebSocketOffer"]

LAST_CHUNK = b"0\r\n\r\n"
"""The end of a chunked body (RFC 9112, section 7.1)."""


class _OfWebSocket(Handover):
    """What all offers of a WebSocket's socket share."""

    __slots__ = ("_taken",)

    _taken: TakenWebSocket | None

    def goodbye(self, code: Code, reason: str) -> bytes:
        return self._taken.goodbye(code, reason) if self._taken is not None else b""

    def resume(self) -> None:
        if self._taken is not None:
            self._taken.resume()


class WebSocketOffer(_OfWebSocket):
    """The socket of one WebSocket that uvicorn has accepted."""

    __slots__ = ("_protocol",)

    def __init__(self, protocol: GatewayWebSocketProtocol) -> None:
        self._protocol: GatewayWebSocketProtocol | None = protocol
        self._taken = None

    def take(self, transport: DirectTransport, receiver: Receiver | None) -> None:
        protocol, self._protocol = self._protocol, None
        assert protocol is not None
        protocol.taken = True
        protocol.stop_keepalive()
        socket = protocol.transport
        # One that has read something else since, or that inflates, is this connection's own; any
        # other would only keep the request in mind.
        own = protocol.early or protocol.conn.extensions
        self._taken = taken = TakenWebSocket(
            protocol.loop,
            protocol.connections,
            socket,
            transport,
            receiver,
            shortcut(protocol.config).parsers,
            protocol.conn if own else None,
        )
        protocol.connections.discard(protocol)
        protocol.connections.add(taken)  # type: ignore[arg-type]
        socket.set_protocol(taken)
        transport.attach(socket)
        if not protocol.writable.is_set():
            transport.pause()
        taken.begin(protocol)
        held = protocol.take_held()
        if held:
            taken.data_received(held)


class UpgradeOffer(_OfWebSocket, Unanswered):
    """The socket of one request to become a WebSocket, by the short road.

    Args:
        protocol: read the request.
        scope: of the request.
        key: answers its handshake.
        early: what the peer sent behind it.
    """

    __slots__ = ("_early", "_key", "_protocol", "_scope")

    def __init__(self, protocol: GatewayHTTPProtocol, scope: Any, key: bytes, early: bytes) -> None:
        self._protocol: GatewayHTTPProtocol | None = protocol
        self._scope = scope
        self._key = key
        self._early = early
        self._taken = None

    def accept(self, fields: Sequence[tuple[bytes, bytes]]) -> None:
        protocol = self._protocol
        assert protocol is not None
        if protocol.logger.isEnabledFor(20):
            protocol.logger.info(
                '%s - "WebSocket %s" [accepted]',
                get_client_addr(self._scope),
                get_path_with_query_string(self._scope),
            )
        protocol.transport.write(
            b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
            b"sec-websocket-accept: %b\r\n%b\r\n"
            % (self._key, _lines(protocol.server_state.default_headers, fields))
        )

    def take(self, transport: DirectTransport, receiver: Receiver | None) -> None:
        protocol, self._protocol, self._scope = self._protocol, None, None
        assert protocol is not None
        early, self._early = self._early, b""
        socket = protocol.leave()
        if protocol.waiting and not socket.is_closing():
            socket.resume_reading()
        self._taken = taken = TakenWebSocket(
            protocol.loop,
            protocol.connections,
            socket,
            transport,
            receiver,
            shortcut(protocol.config).parsers,
        )
        protocol.connections.add(taken)  # type: ignore[arg-type]
        socket.set_protocol(taken)
        transport.attach(socket)
        if protocol.flow.write_paused:
            transport.pause()
        if early:
            taken.data_received(early)
        if socket.is_closing():
            protocol.loop.call_soon(taken.connection_lost, None)


class StreamOffer(Unanswered):
    """The socket of one HTTP response, by either road.

    Args:
        protocol: read the request.
        scope: of the request.
    """

    __slots__ = ("_keep_alive", "_protocol", "_scope", "cycle")

    def __init__(self, protocol: GatewayHTTPProtocol, scope: Any) -> None:
        self._protocol: GatewayHTTPProtocol | None = protocol
        self._scope = scope
        self.cycle: Any = None
        """Uvicorn's own of this request, if it has one; the protocol's newest may be that of a
        request that is pipelined behind."""
        self._keep_alive = protocol.parser.should_keep_alive()

    def accept(self, fields: Sequence[tuple[bytes, bytes]]) -> None:
        protocol = self._protocol
        assert protocol is not None
        if protocol.access_log:
            protocol.access_logger.info(
                '%s - "%s %s HTTP/%s" %d',
                get_client_addr(self._scope),
                "GET",
                get_path_with_query_string(self._scope),
                "1.1",
                200,
            )
        if protocol.waiting:
            self.cycle.response_started = True
        protocol.transport.write(
            b"HTTP/1.1 200 OK\r\n%b%btransfer-encoding: chunked\r\n\r\n"
            % (
                _lines(protocol.server_state.default_headers, fields),
                b"" if self._keep_alive else b"connection: close\r\n",
            )
        )

    @property
    def answered(self) -> bool:
        return self.cycle is not None and self.cycle.response_started

    def take(self, transport: DirectTransport, receiver: Receiver | None) -> None:
        protocol, self._protocol, self._scope = self._protocol, None, None
        assert protocol is not None
        cycle, self.cycle = self.cycle, None
        gone = False
        if cycle is not None:
            # Uvicorn sees a finished response on a connection that is not its own any more, and
            # whatever is still sent is for nobody.
            gone = cycle.disconnected
            cycle.disconnected = cycle.response_complete = True
            cycle.on_response = lambda: None
        socket = protocol.leave()
        stream = TakenStream(protocol, transport)
        protocol.connections.add(stream)  # type: ignore[arg-type]
        socket.set_protocol(stream)
        transport.attach(socket)
        if protocol.flow.write_paused:
            transport.pause()
        protocol.flow.resume_reading()
        if gone or socket.is_closing():
            protocol.loop.call_soon(stream.connection_lost, None)

    def goodbye(self, code: Code, reason: str) -> bytes:
        return LAST_CHUNK

    def resume(self) -> None:
        """There is nothing to read."""


def _lines(*fields: Sequence[tuple[bytes, bytes]]) -> bytes:
    return b"".join([b"%b: %b\r\n" % each for some in fields for each in some])

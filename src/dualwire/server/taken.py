"""What is left of a connection whose socket is ours: one small protocol object."""

from __future__ import annotations

import asyncio
from math import inf
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode, Opcode
from websockets.frames import Frame as WebSocketFrame
from websockets.protocol import Protocol, State

from ..codes import PEER_GONE, RESTART, Code, code_for
from ..transports.direct import DirectTransport, Receiver
from .parsers import Parsers, wire_size

__all__ = ["TakenStream", "TakenWebSocket"]

SLICE = 4 * 1024
"""Bytes of a peer's frames that are parsed in one turn of the loop. 256 KB of tiny frames at once
are 40,000 frames, and hold the loop for 104-147 ms."""

PONGS = 64 * 1024
"""Bytes that may wait for a peer before its pings are no longer answered."""


class TakenWebSocket(asyncio.Protocol):
    """All that is left of a WebSocket whose socket is ours.

    Frames of the peer are parsed by the ``websockets`` package (RFC 6455); what goes out is framed
    already.

    Args:
        loop: of the socket.
        connections: uvicorn's: those that it tells when it stops.
        socket: the event loop's transport.
        transport: writes to the socket.
        receiver: gets messages; ``None`` to drop them.
        parsers: lend one that reads the peer's frames.
        parser: one of its own, if it is in the middle of something.
    """

    __slots__ = (
        "_behind",
        "_closing",
        "_connections",
        "_frames",
        "_is_text",
        "_loop",
        "_parser",
        "_parsers",
        "_paused",
        "_receiver",
        "_socket",
        "_transport",
        "_unread",
    )

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        connections: set[Any],
        socket: asyncio.Transport,
        transport: DirectTransport,
        receiver: Receiver | None,
        parsers: Parsers,
        parser: Protocol | None = None,
    ) -> None:
        self._parsers = parsers
        self._parser = parser
        # Bytes that its parser was fed beyond the last whole frame. One that came along was fed we
        # do not know what, so it is never given away.
        self._behind = 0 if parser is None else inf
        self._loop = loop
        self._connections = connections
        self._socket = socket
        self._transport: DirectTransport | None = transport
        self._receiver = receiver
        self._frames: list[bytes] | None = None
        """The fragments of a message, while there are more to come."""
        self._is_text = False
        self._unread = b""
        self._paused = False
        self._closing = False

    def begin(self, protocol: WebSocketsSansIOProtocol) -> None:
        """Take what came before the socket was taken."""
        self._frames = [bytes(each) for each in protocol.frames] or None
        self._is_text = protocol.curr_msg_data_type == "text"
        while not protocol.queue.empty():
            message: Any = protocol.queue.get_nowait()
            if message["type"] == "websocket.receive":
                self._give(message.get("text") or message.get("bytes") or "")
            elif message["type"] == "websocket.disconnect":
                self._loop.call_soon(self._lost, PEER_GONE)
        if protocol.disconnected:
            self._loop.call_soon(self._lost, PEER_GONE)
        elif protocol.read_paused and not self._paused:
            self._socket.resume_reading()

    def goodbye(self, code: Code, reason: str) -> bytes:
        """The close frame; the peer's answer ends the connection."""
        if self._closing:
            return b""
        self._closing = True
        parser = self._parser = self._parser or self._parsers.lend()
        # A peer's own close, or what it broke, may stand behind the message that ends it here.
        if parser.state is State.OPEN:
            parser.send_close(code.number, reason)
        return b"".join(parser.data_to_send())

    def resume(self) -> None:
        """Read from the peer again."""
        self._paused = False
        if self._unread:
            self._read_on()
        if not self._paused and not self._socket.is_closing():
            self._socket.resume_reading()

    # What happens to it

    def pause_writing(self) -> None:
        if self._transport is not None:
            self._transport.pause()

    def resume_writing(self) -> None:
        if self._transport is not None:
            self._transport.resume()

    def data_received(self, data: bytes) -> None:
        self._unread = self._unread + data if self._unread else data
        if not self._paused:
            self._read_on()

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.discard(self)
        self._lost(PEER_GONE)
        self._unread = b""
        if self._parser is not None:
            # Its generator holds it: let it end, so that no cycle is left.
            self._parser.receive_eof()
            self._parser = None

    def shutdown(self) -> None:
        """Uvicorn stops."""
        if self._transport is not None:
            self._transport.close(RESTART)

    # What the peer sends

    def _read_on(self) -> None:
        """Parse one slice; the rest, and the peer, wait for the next turn."""
        if self._socket.is_closing():
            return
        piece, self._unread = self._unread[:SLICE], self._unread[SLICE:]
        parser = self._parser = self._parser or self._parsers.lend()
        parser.receive_data(piece)
        self._behind += len(piece)
        for event in parser.events_received():
            if isinstance(event, WebSocketFrame):
                self._behind -= wire_size(event)
                self._take_frame(event, parser)
        if parser.parser_exc is not None:
            self._fail(parser)
            return
        # The pongs of one slice go out together; a peer that does not take them gets no more.
        answer = b"".join(parser.data_to_send())
        if answer and self._transport is not None and self._transport.buffered < PONGS:
            self._transport.answer(answer)
        if not self._behind and self._frames is None and parser.state is State.OPEN:
            self._parser = None
            self._parsers.give_back(parser)
        if self._unread and not self._paused:
            self._pause()
            self._loop.call_soon(self.resume)

    def _take_frame(self, frame: WebSocketFrame, parser: Protocol) -> None:
        opcode = frame.opcode
        if opcode is Opcode.TEXT or opcode is Opcode.BINARY:
            self._is_text = opcode is Opcode.TEXT
            self._frames = [bytes(frame.data)]
        elif opcode is Opcode.CONT:
            assert self._frames is not None
            self._frames.append(bytes(frame.data))
        else:
            if opcode is Opcode.CLOSE:
                self._take_close(parser)
            elif self._receiver is not None:
                self._receiver.on_sign_of_life()
            return
        if frame.fin:
            data, self._frames = b"".join(self._frames), None
            self._take_message(data, parser)

    def _take_message(self, data: bytes, parser: Protocol) -> None:
        if not self._is_text:
            self._give(data)
            return
        try:
            text = data.decode()
        except UnicodeDecodeError:
            # RFC 6455, section 8.1.
            parser.fail(CloseCode.INVALID_DATA, "invalid UTF-8")
            self._fail(parser)
            return
        self._give(text)

    def _give(self, message: str | bytes) -> None:
        if self._receiver is None or self._closing:
            return
        if not self._receiver.on_message(message):
            self._pause()

    def _pause(self) -> None:
        self._paused = True
        if not self._socket.is_closing():
            self._socket.pause_reading()

    def _take_close(self, parser: Protocol) -> None:
        received = parser.close_rcvd
        assert received is not None
        answer = b"".join(parser.data_to_send())
        if answer:
            self._socket.write(answer)
        self._socket.close()
        self._lost(code_for(received.code, received.reason))

    def _fail(self, parser: Protocol) -> None:
        """The peer broke the protocol: say how, and close."""
        # Whoever is told goodbye and answers with something broken gives no better answer later.
        self._closing = True
        self._socket.write(b"".join(parser.data_to_send()))
        self._socket.close()
        sent = parser.close_sent
        self._lost(code_for(sent.code, sent.reason) if sent is not None else PEER_GONE)

    def _lost(self, code: Code) -> None:
        transport, self._transport, self._receiver = self._transport, None, None
        if transport is not None:
            transport.lost(code)


class TakenStream(asyncio.Protocol):
    """All that is left of an HTTP connection that streams."""

    __slots__ = ("_connections", "_lost", "_transport")

    def __init__(self, protocol: HttpToolsProtocol, transport: DirectTransport) -> None:
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

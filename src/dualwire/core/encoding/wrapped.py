"""Encodings for a socket of our own: what a server would put around each frame is part of it.

So the bytes that go onto the wire are the same for all connections, and are made once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ...codes import Code
from ...types import Entry, JSONObject, Loss, Position
from . import Encoding, Frame

__all__ = ["Wrapped", "http_chunk", "websocket_ping", "websocket_text"]

_PING = b"\x89\x00"
"""A ping without payload: FIN, opcode 9 (RFC 6455, section 5.5.2)."""


def websocket_text(payload: bytes) -> bytes:
    """A whole text message in one unmasked frame (RFC 6455, section 5.2)."""
    size = len(payload)
    if size < 126:
        return b"\x81%c" % size + payload
    if size < 65536:
        return b"\x81\x7e" + size.to_bytes(2, "big") + payload
    return b"\x81\x7f" + size.to_bytes(8, "big") + payload


def websocket_ping() -> bytes:
    """A ping of the WebSocket protocol itself."""
    return _PING


def http_chunk(payload: bytes) -> bytes:
    """One chunk of a chunked body (RFC 9112, section 7.1)."""
    return b"%x\r\n%b\r\n" % (len(payload), payload)


class Wrapped(Encoding):
    """Another encoding's frames, with what the transport's protocol puts around them.

    Args:
        inner: the encoding.
        wrap: puts it around one frame's bytes.
        ping: the protocol's own ping, for an encoding that has none.
    """

    def __init__(
        self, inner: Encoding, wrap: Callable[[bytes], bytes], *, ping: bytes | None = None
    ) -> None:
        self._inner = inner
        self._wrap = wrap
        self._ping = ping
        self.name = inner.name
        self.contiguous = inner.contiguous
        self.answered = inner.answered or ping is not None

    def event(self, stream: str, entry: Entry) -> Frame:
        return self._around(self._inner.event(stream, entry))

    def other(self, stream: str, entry: Entry) -> Frame | None:
        return self._perhaps(self._inner.other(stream, entry))

    def skip(self, stream: str, first: int, last: int) -> Frame | None:
        return self._perhaps(self._inner.skip(stream, first, last))

    def lost(self, loss: Loss, positions: Mapping[str, Position]) -> Frame | None:
        return self._perhaps(self._inner.lost(loss, positions))

    def direct(self, payload: bytes) -> Frame:
        return self._around(self._inner.direct(payload))

    def own(self, payload: bytes) -> Frame:
        return self._around(self._inner.own(payload))

    def opening(self) -> Frame | None:
        return self._perhaps(self._inner.opening())

    def hello(self, fields: JSONObject) -> Frame | None:
        return self._perhaps(self._inner.hello(fields))

    def ping(self, n: int, tails: Mapping[str, Position]) -> Frame | None:
        if self._ping is not None:
            return Frame(0, self._ping)
        return self._perhaps(self._inner.ping(n, tails))

    def bye(self, code: Code, retry_after: float | None) -> Frame | None:
        return self._perhaps(self._inner.bye(code, retry_after))

    def _around(self, frame: Frame) -> Frame:
        data = frame.data
        return Frame(frame.n, self._wrap(data if isinstance(data, bytes) else data.encode()))

    def _perhaps(self, frame: Frame | None) -> Frame | None:
        return None if frame is None else self._around(frame)

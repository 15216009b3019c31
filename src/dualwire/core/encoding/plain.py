"""The ``plain`` encoding: the event itself, for any browser, curl or existing client.

On a WebSocket an event is one JSON text frame; on SSE it is one message with ``data:``, without an
``event:`` field so that ``onmessage`` fires, and with ``id: NODE-n``. The id is the node's number
of the event, so the bytes are the same for all connections.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...codes import Code
from ...types import Entry, Event, Position
from . import Encoding, Frame
from .eventstream import message
from .json import encode_object

__all__ = ["PlainEventStream", "PlainText"]


class PlainText(Encoding):
    """``plain`` over a WebSocket whose server frames text itself (ASGI)."""

    name = "plain"

    def event(self, stream: str, entry: Entry) -> Frame:
        body = entry.body
        assert type(body) is Event
        return Frame(entry.n, body.payload.decode())

    def direct(self, payload: bytes) -> Frame:
        return Frame(0, payload.decode())

    def opening(self) -> Frame | None:
        return None

    def ping(self, n: int, tails: Mapping[str, Position]) -> Frame | None:
        return None

    def bye(self, code: Code, retry_after: float | None) -> Frame | None:
        return None


class PlainEventStream(Encoding):
    """``plain`` over SSE.

    Args:
        node_id: the node that numbers the events, part of every ``id:``.
        retry: milliseconds that a native EventSource waits before it reconnects.
    """

    name = "plain"

    def __init__(self, node_id: str, retry: int = 1000) -> None:
        self._id = node_id.encode() + b"-%d"
        self._opening = message(b"", retry=retry, comment=b"dualwire")

    def event(self, stream: str, entry: Entry) -> Frame:
        body = entry.body
        assert type(body) is Event
        # JSON text has no line break, so one data line holds it (WHATWG HTML, 9.2.6).
        return Frame(entry.n, b"id: " + self._id % entry.n + b"\ndata: " + body.payload + b"\n\n")

    def direct(self, payload: bytes) -> Frame:
        return Frame(0, message(payload))

    def opening(self) -> Frame | None:
        return Frame(0, self._opening)

    def ping(self, n: int, tails: Mapping[str, Position]) -> Frame | None:
        return Frame(0, _PING)

    def bye(self, code: Code, retry_after: float | None) -> Frame | None:
        payload = encode_object(code.fields(retry_after))
        return Frame(0, message(payload, event=b"bye"))


_PING = message(b"{}", event=b"ping")

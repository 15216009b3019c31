"""What a connection is for, told by the first bytes of its client."""

from __future__ import annotations

from typing import Literal

__all__ = ["RequestKind", "Sniffer"]

RequestKind = Literal["websocket", "sse", "other"]

_METHODS = (b"GET ", b"HEAD ", b"POST ", b"PUT ", b"PATCH ", b"DELETE ", b"OPTIONS ")
_END = b"\r\n\r\n"
_HEAD_LIMIT = 16 * 1024
"""Bytes of a request's head beyond which we decide by what there is; servers refuse longer ones."""


class Sniffer:
    """Tells the kind of a connection while its bytes pass.

    The first request is held until its head is complete, so that faults for its kind meet all of
    it. A browser sends further requests on the same connection: each whose head comes in one
    piece is looked at too, until one turns the connection into a WebSocket or an event stream.
    """

    def __init__(self) -> None:
        self._held = b""
        self._first = True
        self._looking = True

    def feed(self, data: bytes) -> tuple[RequestKind | None, bytes]:
        """Take what the client sent.

        Returns:
            the kind, where these bytes told it, and the bytes to pass on now.
        """
        if not self._looking:
            return None, data
        data, self._held = self._held + data, b""
        if not _may_be_request(data):
            self._looking = not self._first
            return self._settle() if self._first else None, data
        if _END not in data and len(data) < _HEAD_LIMIT:
            if self._first:
                self._held = data
                return None, b""
            return None, data
        self._first = False
        kind = _kind_of(data.partition(_END)[0])
        self._looking = kind == "other"
        return kind, data

    def give_up(self) -> tuple[RequestKind | None, bytes]:
        """The client said no more, or the server spoke first: this is no HTTP request.

        Returns:
            the kind, unless it had been told, and the bytes to pass on now.
        """
        if not self._first:
            return None, b""
        self._looking = False
        held, self._held = self._held, b""
        return self._settle(), held

    def _settle(self) -> RequestKind:
        self._first = False
        return "other"


def _may_be_request(data: bytes) -> bool:
    return any(data.startswith(method) or method.startswith(data) for method in _METHODS)


def _kind_of(head: bytes) -> RequestKind:
    request, *lines = head.lower().split(b"\r\n")
    headers = {name.strip(): value.strip() for name, _, value in (x.partition(b":") for x in lines)}
    if headers.get(b"upgrade") == b"websocket":
        return "websocket"
    path = request.split(b" ")[1].partition(b"?")[0]
    if b"/events" in path or b"text/event-stream" in headers.get(b"accept", b""):
        return "sse"
    return "other"

"""An SSE stream on any ASGI server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping

from starlette.types import Receive, Scope, Send

from ..codes import PEER_GONE
from .queued import QueuedTransport

__all__ = ["HEADERS", "EventStreamResponse", "EventStreamTransport"]

CHUNK = 64 * 1024
"""Bytes that one ASGI message carries at the most."""

HEADERS = {
    "content-type": "text/event-stream; charset=utf-8",
    # ``no-transform`` keeps compressing proxies from holding events back.
    "cache-control": "no-cache, no-transform",
    # nginx buffers by default, and then nothing arrives until 4 or 8 KB are full.
    "x-accel-buffering": "no",
}


class EventStreamTransport(QueuedTransport):
    """The byte stream of one SSE response; whoever iterates :meth:`stream` is the writer."""

    connection_type = "sse"

    async def stream(self) -> AsyncIterator[bytes]:
        """The bytes to send, as they come; ends when the connection ends.

        Whoever iterates tells by asking for more that what it got was sent. Closing the iterator
        ends the connection.
        """
        try:
            while frames := await self._frames(CHUNK):
                yield b"".join(frame.data for frame in frames)  # type: ignore[misc]
                self._sent(frames)
            if self._goodbye is not None and self._alive:
                bye = self.encoding.bye(*self._goodbye)
                if bye is not None:
                    assert isinstance(bye.data, bytes)
                    yield bye.data
        finally:
            self._end(PEER_GONE)


class EventStreamResponse:
    """An ASGI response that streams one connection and notices when the peer goes away.

    Args:
        transport: the connection's.
        headers: sent beside :data:`HEADERS`.
        begun: whether the head was sent already.
    """

    def __init__(
        self,
        transport: EventStreamTransport,
        headers: Mapping[str, str] | None = None,
        *,
        begun: bool = False,
    ) -> None:
        self._begun = begun
        self._transport = transport
        self._headers = {**HEADERS, **(headers or {})}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sender = asyncio.ensure_future(self._send_all(send))
        watcher = asyncio.ensure_future(_disconnected(receive))
        self._transport.on_abort(sender.cancel)
        try:
            await asyncio.wait((sender, watcher), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sender, watcher):
                task.cancel()
            outcomes = await asyncio.gather(sender, watcher, return_exceptions=True)
            self._transport.abort()
        for outcome in outcomes:
            if isinstance(outcome, Exception) and not isinstance(outcome, OSError):
                raise outcome

    async def _send_all(self, send: Send) -> None:
        headers = [(name.encode(), value.encode()) for name, value in self._headers.items()]
        if not self._begun:
            await send({"type": "http.response.start", "status": 200, "headers": headers})
        stream = self._transport.stream()
        try:
            async for chunk in stream:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            await stream.aclose()  # type: ignore[attr-defined]


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass

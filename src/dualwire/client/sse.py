"""A client's Server-Sent Events stream."""

from __future__ import annotations

from typing import Any

import httpx
import httpx_sse

from ..codes import PEER_GONE, code_for
from ..core.encoding.json import decode_message
from ..exceptions import ProtocolError
from .connection import ClientConnection, Ended
from .refusal import refusal

__all__ = ["SSEConnection"]

QUIET = 45.0
"""Seconds without a byte after which the stream is dead: the server pings every 25 s."""


class SSEConnection(ClientConnection):
    """The event stream, in the ``plain`` encoding.

    Args:
        http: whose requests carry the token.
        path: of the endpoint.
        query: of the URL.
        options: see :class:`ClientConnection`.
    """

    connection_type = "sse"

    def __init__(
        self, http: httpx.AsyncClient, path: str, query: dict[str, str], *options: Any
    ) -> None:
        super().__init__(*options)
        self._http = http
        self._path = path
        self._query = query
        self._last_event_id = ""

    async def carry(self) -> Ended:
        headers = {"Last-Event-ID": self._last_event_id} if self._last_event_id else {}
        try:
            async with httpx_sse.aconnect_sse(
                self._http,
                "GET",
                self._path,
                params=self._query,
                headers=headers,
                timeout=httpx.Timeout(10.0, read=QUIET),
            ) as source:
                response = source.response
                if response.status_code != 200:
                    body = await response.aread()
                    return refusal(response.status_code, body, response.headers.get("retry-after"))
                return await self._read(source)
        except (httpx.HTTPError, httpx.StreamError, httpx_sse.SSEError) as error:
            return Ended(code=PEER_GONE, detail=f"{type(error).__name__}: {error}")

    async def _read(self, source: httpx_sse.EventSource) -> Ended:
        retry: int | None = None
        messages = source.aiter_sse()
        try:
            async for message in messages:
                if message.event == "bye":
                    return _farewell(message.data)
                retry = message.retry if message.retry is not None else retry
                if self.state != "open":
                    self._opened()
                self._seen()
                self._last_event_id = message.id or self._last_event_id
                if message.event == "message" and message.data:
                    await self._take(message.data)
        finally:
            await messages.aclose()
        # A refusal that will pass is, for a plain stream, an answer that says when and ends.
        lived = retry is None or (self.state == "open" and self._clock.now() - self.since > 1)
        return Ended(code=PEER_GONE, retry_after=None if lived or retry is None else retry / 1000)

    async def _take(self, data: str) -> None:
        try:
            event = decode_message(data.encode())
        except ProtocolError:
            return
        await self._receive(event)


def _farewell(data: str) -> Ended:
    try:
        bye = decode_message(data.encode())
    except ProtocolError:
        bye = {}
    code = bye.get("code")
    retry_after = bye.get("retry_after")
    return Ended(
        code=code_for(code if isinstance(code, int) else PEER_GONE.number, str(bye.get("reason"))),
        detail=str(bye.get("message") or ""),
        retry_after=retry_after if isinstance(retry_after, (int, float)) else None,
    )

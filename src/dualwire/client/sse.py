"""A client's Server-Sent Events stream."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import httpx_sse

from ..codes import PEER_GONE
from .connection import ClientConnection, until
from .ended import Ended
from .life import Life
from .opening import fits_url, to_text
from .refusal import refusal

__all__ = ["SSEConnection"]

HEAD_START = 0.5
"""Seconds for which a client that has nothing yet waits with its event stream for a ``hello``."""


class SSEConnection(ClientConnection):
    """The event stream.

    Args:
        http: makes the requests, each on a network connection of its own: one that was kept would
            lead to the same node again.
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
        self._query = query | {"protocol": "dualwire.v1"}

    async def carry(self, token: str, life: Life) -> Ended:
        if not self._receiver.cursor():
            await self._let_the_websocket_begin()
        method, request = self._request()
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        try:
            async with httpx_sse.aconnect_sse(
                self._http,
                method,
                self._path,
                headers=headers,
                # How long silence may last is watched by the pings.
                timeout=httpx.Timeout(10.0, read=None),
                **request,
            ) as source:
                response = source.response
                if response.status_code != 200:
                    body = await response.aread()
                    return refusal(response.status_code, body, response.headers.get("retry-after"))
                return await _read(source, life)
        except (httpx.HTTPError, httpx.StreamError, httpx_sse.SSEError) as error:
            return Ended(code=PEER_GONE, detail=f"{type(error).__name__}: {error}")

    async def _let_the_websocket_begin(self) -> None:
        """Where the WebSocket begins, the event stream shall begin too.

        One without a cursor begins at the end, and what came between would hang on the WebSocket
        alone: if that died just then, the application would be told a gap.
        """
        head_start = asyncio.create_task(self._clock.sleep(HEAD_START))
        try:
            await until(self.twin.tried, head_start)
        finally:
            head_start.cancel()

    def _request(self) -> tuple[str, dict[str, Any]]:
        cursor = self._receiver.cursor()
        if not cursor:
            return "GET", {"params": self._query}
        text = to_text(cursor)
        if fits_url(cursor):
            return "GET", {"params": self._query | {"cursor": text}}
        return "POST", {"params": self._query, "content": f'{{"cursor":{text}}}'}

    def abort(self, life: Life) -> None:
        pass  # A response that is no longer read is closed at once.


async def _read(source: httpx_sse.EventSource, life: Life) -> Ended:
    messages = source.aiter_sse()
    try:
        async for message in messages:
            if message.event == "message" and message.data:
                ended = await life.frame(message.data.encode())
                if ended is not None:
                    return ended
    finally:
        await messages.aclose()
    return Ended(code=PEER_GONE)

"""An event stream as a browser would open it, with everything that came on it."""

from __future__ import annotations

import asyncio
from types import TracebackType

import httpx
import httpx_sse

from ...abc import Clock
from ..address import Address
from .frames import Arrivals
from .server import code_of, quoted, read_json

__all__ = ["EventStream"]

CONTENT_TYPE = "text/event-stream"


class EventStream:
    """One SSE connection; entered, it is being opened, and read until it is left.

    Args:
        http: makes the request.
        address: of the server.
        token: whose.
        clock: time.
    """

    def __init__(self, http: httpx.AsyncClient, address: Address, token: str, clock: Clock) -> None:
        self._http = http
        self._url = f"{address}/api/events"
        self._token = token
        self._task: asyncio.Task[None] | None = None
        self.arrivals = Arrivals(clock)
        self.response: httpx.Response | None = None
        """The answer, as soon as its headers are here."""
        self.refused: str | None = None
        """Why it did not open; ``None`` while it did, or may yet."""
        self.refused_by_us = False
        """Whether that was dualwire itself."""

    async def __aenter__(self) -> EventStream:
        self._task = asyncio.create_task(self._carry())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _carry(self) -> None:
        headers = {
            "Authorization": f"Bearer {self._token}",
            "Accept": CONTENT_TYPE,
            # What browsers say, so that whoever compresses shows itself.
            "Accept-Encoding": "gzip, deflate",
        }
        # How long silence may last is for the caller to judge.
        timeout = httpx.Timeout(10.0, read=None)
        try:
            async with self._http.stream(
                "GET",
                self._url,
                params={"protocol": "dualwire.v1"},
                headers=headers,
                timeout=timeout,
            ) as response:
                self.response = response
                self.arrivals.changed.set()
                await self._read(response)
        except (httpx.HTTPError, httpx.StreamError, httpx_sse.SSEError) as error:
            if self.response is None:
                self.refused = quoted(str(error) or type(error).__name__)
            what = "it broke" if self.arrivals.hello is not None else "it broke at once"
            self.arrivals.end(f"{what}, without a goodbye ({type(error).__name__})")
        else:
            self.arrivals.end("it ended, without a goodbye")

    async def _read(self, response: httpx.Response) -> None:
        if response.status_code != 200:
            await response.aread()
            answer = read_json(response)
            self.refused = f"HTTP {response.status_code}"
            self.refused_by_us = code_of(answer) is not None
            if self.refused_by_us:
                self.refused += f": {quoted(str(answer['error'].get('message')))}"
            return
        kind = response.headers.get("content-type", "nothing")
        if not kind.startswith(CONTENT_TYPE):
            self.refused = f"HTTP 200 with the content type {quoted(kind)}"
            return
        messages = httpx_sse.EventSource(response).aiter_sse()
        try:
            async for message in messages:
                if message.data:
                    self.arrivals.take(message.data)
        finally:
            await messages.aclose()

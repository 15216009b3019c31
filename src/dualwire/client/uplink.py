"""The way to the server: over the WebSocket, or by HTTP while there is none."""

from __future__ import annotations

import httpx

from ..abc import Clock
from ..codes import TOKEN_EXPIRED, UNAUTHORIZED
from ..core.encoding.json import decode_message
from ..exceptions import MessageTooBigError, ProtocolError
from ..types import JSONObject
from .ended import Ended
from .refusal import refusal
from .sse import SSEConnection
from .tokens import Tokens
from .websocket import WebSocketConnection

__all__ = ["NotSentError", "Uplink"]


class NotSentError(ConnectionError):
    """A message that certainly did not reach the server."""


class Uplink:
    """Sends messages.

    Args:
        http: makes the requests.
        query: of the URL.
        tokens: prove who the player is.
        websocket: one way.
        sse: whose round trip is that of the other way.
        clock: time.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        query: dict[str, str],
        tokens: Tokens,
        websocket: WebSocketConnection,
        sse: SSEConnection,
        clock: Clock,
    ) -> None:
        self._http = http
        self._query = query
        self._tokens = tokens
        self._clock = clock
        self.websocket = websocket
        self.sse = sse
        self.limit: int | None = None
        """Bytes that a message may have; ``None`` before the server said so."""
        self.error: str | None = None
        """Why the latest report of the client's own did not reach the server."""

    @property
    def open(self) -> bool:
        """Whether some connection brings answers."""
        return "open" in (self.websocket.state, self.sse.state)

    @property
    def round_trip(self) -> float:
        """Seconds from a question to its answer, on the slower of the connections."""
        return max(self.websocket.round_trip or 0.0, self.sse.round_trip or 0.0)

    def check(self, payload: bytes) -> None:
        """See whether a message may be sent.

        Raises:
            MessageTooBigError: the server would end the session for its size.
        """
        if self.limit is not None and len(payload) > self.limit:
            raise MessageTooBigError(
                f"a message has at most {self.limit} bytes, got {len(payload)}"
            )

    async def send(self, payload: bytes) -> JSONObject | None:
        """Send a message over the WebSocket, else by HTTP.

        Returns:
            The answer, if one came with it.

        Raises:
            RefusedError: the server does not take it.
            ConnectionError: the server cannot be reached either way.
        """
        return None if await self.websocket.send(payload) else await self.post(payload)

    async def answer_ping(self, payload: bytes, over: str) -> None:
        """Send a pong so that it arrives.

        A WebSocket that is dead and does not know it would take its twin's pongs into the grave,
        and the server would end both. So what is said for the twin is confirmed, or said again.

        Args:
            payload: the pong.
            over: the type of the connection that was pinged.

        Raises:
            RefusedError: the server does not take it.
            ConnectionError: the server cannot be reached either way.
        """
        if over == "websocket":
            if not await self.websocket.send(payload):
                await self.post(payload)
        elif not await self.websocket.send_confirmed(payload):
            asked_at = self._clock.now()
            await self.post(payload)
            self.sse.measured(self._clock.now() - asked_at)

    async def post(self, payload: bytes) -> JSONObject | None:
        """Send a message by HTTP; see :meth:`send`."""
        token = await self._tokens.current()
        response = await self._request(payload, token)
        ended = _refused(response)
        stale = ended is not None and ended.code in (TOKEN_EXPIRED, UNAUTHORIZED)
        if stale and self._tokens.refused(token):
            response = await self._request(payload, await self._tokens.current())
            ended = _refused(response)
        if ended is not None:
            raise ended.error()
        try:
            return decode_message(response.content)
        except ProtocolError:
            return None

    async def _request(self, payload: bytes, token: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        try:
            return await self._http.post(
                "/api/send", content=payload, headers=headers, params=self._query
            )
        except httpx.ConnectError as error:
            raise NotSentError(f"{self._http.base_url} cannot be reached: {error}") from error
        except httpx.HTTPError as error:
            what = str(error) or type(error).__name__
            raise ConnectionError(f"{self._http.base_url} does not answer: {what}") from error


def _refused(response: httpx.Response) -> Ended | None:
    if not response.is_error:
        return None
    if response.status_code == 400 and b'"error_type"' in response.content:
        return None  # The server read it and says what is wrong with it: an answer.
    return refusal(response.status_code, response.content, response.headers.get("retry-after"))

"""A client for Python programs: both connections at once, as one iteration.

::

    async with dualwire.client.connect("http://127.0.0.1:8000", token) as client:
        await client.send({"type": "command", "data": {"command": "look"}})
        async for event in client:
            print(event)
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from random import Random, SystemRandom
from types import TracebackType

import httpx

from ..abc import Clock
from ..clock import SystemClock
from ..codes import PEER_GONE
from ..core.encoding.json import decode_message, encode_object
from ..exceptions import AuthenticationError, ProtocolError, RefusedError
from ..types import ConnectionType, JSONObject
from .connection import ClientConnection, ConnectionState, Ended, Quality
from .inbox import Inbox
from .refusal import refusal
from .sse import SSEConnection
from .websocket import WebSocketConnection

__all__ = [
    "Client",
    "ClientConnection",
    "ConnectionState",
    "Quality",
    "connect",
]

INBOX = 1000
"""Events that wait for the application; beyond them the connections are not read, and the server
sees a slow peer."""

LAST_WORDS = 1.0
"""Seconds that one connection has to end by itself after the other was told that it is over."""


class Client:
    """A player's WebSocket and SSE connection; see :func:`connect`.

    Iterating gives events, until :meth:`close`, or until the server says that there is no coming
    back, which raises :exc:`~dualwire.exceptions.RefusedError` after what had arrived.
    """

    def __init__(
        self,
        url: str,
        token: str,
        session_id: str,
        clock: Clock,
        rng: Random,
        open_timeout: float,
    ) -> None:
        self.url = url.rstrip("/")
        self.session_id = session_id
        self.on_change: Callable[[ClientConnection], None] = _ignore
        """Called whenever a connection's state changed."""
        self._open_timeout = open_timeout
        self._inbox = Inbox(INBOX)
        self._clock = clock
        self._ended: Ended | None = None
        self._first = asyncio.Event()
        self._tasks: list[asyncio.Task[Ended]] = []
        self._winding_up: asyncio.Task[None] | None = None
        headers = {"Authorization": f"Bearer {token}"}
        query = {"session_id": session_id, "twins": "standby"}
        self._http = httpx.AsyncClient(base_url=self.url, headers=headers, timeout=10.0)
        options = (clock, rng, self._inbox.put, self._changed)
        address = f"ws{self.url.removeprefix('http')}/api/ws"
        self._websocket = WebSocketConnection(address, headers, query, *options)
        self._sse = SSEConnection(self._http, "/api/events", query, *options)
        self._websocket.twin, self._sse.twin = self._sse, self._websocket
        self.connections: dict[ConnectionType, ClientConnection] = {
            "websocket": self._websocket,
            "sse": self._sse,
        }
        """Both, by type: each with ``state``, ``since``, ``error``, ``opened``, ``quality``."""

    async def __aenter__(self) -> Client:
        for connection in self.connections.values():
            task = asyncio.create_task(connection.keep())
            task.add_done_callback(self._finished)
            self._tasks.append(task)
        try:
            await self._wait_first()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End both connections and the iteration. Idempotent."""
        tasks = [*self._tasks, *([self._winding_up] if self._winding_up else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._inbox.close()
        await self._http.aclose()

    def cut(self, connection_type: ConnectionType) -> None:
        """End one connection as if it were lost, for a try; it is opened again."""
        self.connections[connection_type].cut()

    async def send(self, message: JSONObject) -> None:
        """Send a message over the WebSocket, or over HTTP while there is none.

        Raises:
            EventError: it is no JSON object.
            RefusedError: the server does not take it.
            ConnectionError: the server cannot be reached either way.
        """
        payload = encode_object(message)
        if self._inbox.closed:
            raise ConnectionError(f"{self.url}: this client is closed; connect again")
        if not await self._websocket.send(payload.decode()):
            await self._post(payload)

    async def _post(self, payload: bytes) -> None:
        headers = {"Content-Type": "application/json"}
        query = {"session_id": self.session_id}
        try:
            response = await self._http.post(
                "/api/send", content=payload, headers=headers, params=query
            )
        except httpx.HTTPError as error:
            raise ConnectionError(f"{self.url} cannot be reached: {error}") from error
        if response.is_error:
            ended = refusal(
                response.status_code, response.content, response.headers.get("retry-after")
            )
            raise RefusedError(str(ended), ended.code, ended.retry_after)
        try:
            answer = decode_message(response.content)
        except ProtocolError:
            return
        if answer:
            await self._inbox.put(answer)

    def __aiter__(self) -> AsyncIterator[JSONObject]:
        return self._events()

    async def _events(self) -> AsyncIterator[JSONObject]:
        while (event := await self._inbox.get()) is not None:
            yield event
        if self._ended is not None:
            raise _error(self._ended)

    async def _wait_first(self) -> None:
        try:
            async with asyncio.timeout(self._open_timeout):
                await self._first.wait()
        except TimeoutError:
            reasons = {str(each.error) for each in self.connections.values()}
            raise ConnectionError(
                f"{self.url}: no connection within {self._open_timeout} s ({'; '.join(reasons)})"
            ) from None
        if self._ended is not None and self._inbox.closed:
            raise _error(self._ended)

    def _changed(self, connection: ClientConnection) -> None:
        if connection.state == "open":
            self._first.set()
        self.on_change(connection)

    def _finished(self, task: asyncio.Task[Ended]) -> None:
        if task.cancelled() or self._ended is not None:
            return
        error = task.exception()
        if error is None:
            self._ended = task.result()
        else:
            self._ended = Ended(code=PEER_GONE, detail=repr(error))
        self._winding_up = asyncio.create_task(self._wind_up())

    async def _wind_up(self) -> None:
        """The session is over on one connection; the other may still bring what came before."""
        last_words = asyncio.create_task(self._clock.sleep(LAST_WORDS))
        try:
            for connection, task in zip(self.connections.values(), self._tasks, strict=True):
                if connection.state == "open":
                    await asyncio.wait((task, last_words), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in (last_words, *self._tasks):
                each.cancel()
            self._inbox.close()
            self._first.set()


def connect(
    url: str,
    token: str,
    *,
    session_id: str | None = None,
    clock: Clock | None = None,
    rng: Random | None = None,
    open_timeout: float = 10.0,
) -> Client:
    """A client that holds both connections, to be entered with ``async with``.

    Each connection opens again by itself, at once while the other lives. Entering returns when the
    first of them is open.

    Args:
        url: of the server, ``http://`` or ``https://``.
        token: who the player is.
        session_id: to go on with a session; ``None`` for a new one, which ends the player's other
            clients.
        clock: time; ``None`` for the system's.
        rng: chance; ``None`` for the system's.
        open_timeout: seconds for the first connection to open.

    Raises:
        AuthenticationError: while entering: the token is not valid.
        RefusedError: while entering: the server does not want this client, and says why.
        ConnectionError: while entering: nothing opened in time.
    """
    return Client(
        url,
        token,
        session_id or secrets.token_urlsafe(24),
        clock or SystemClock(),
        rng or SystemRandom(),
        open_timeout,
    )


def _ignore(_: ClientConnection) -> None:
    pass


def _error(ended: Ended) -> RefusedError:
    kind = AuthenticationError if ended.code.http == 401 else RefusedError
    return kind(str(ended), ended.code, ended.retry_after)

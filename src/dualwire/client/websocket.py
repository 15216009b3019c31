"""A client's WebSocket."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlencode

import websockets.asyncio.client
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI
from websockets.typing import Subprotocol

from ..codes import PEER_GONE
from .certificates import trust
from .connection import ClientConnection
from .ended import Ended, closed_with
from .life import OPEN_TIMEOUT, Life
from .opening import fitting, to_text
from .refusal import refusal

__all__ = ["WebSocketConnection"]

CONFIRM_TIMEOUT = 2.0
"""Seconds that the peer has to show that it got what was sent."""


class WebSocketConnection(ClientConnection):
    """The WebSocket.

    Args:
        url: of the endpoint, without a query.
        query: of the URL.
        options: see :class:`ClientConnection`.
    """

    connection_type = "websocket"

    def __init__(self, url: str, query: dict[str, str], *options: Any) -> None:
        super().__init__(*options)
        self._url = url
        self._query = query
        self._sockets: dict[Life, websockets.asyncio.client.ClientConnection] = {}

    async def carry(self, token: str, life: Life) -> Ended:
        query, cursor = self._query, fitting(self._receiver.cursor())
        if cursor:
            query = query | {"cursor": to_text(cursor)}
        connecting = websockets.asyncio.client.connect(
            f"{self._url}?{urlencode(query)}",
            additional_headers={"Authorization": f"Bearer {token}"},
            subprotocols=[Subprotocol("dualwire.v1")],
            open_timeout=OPEN_TIMEOUT,
            close_timeout=1,
            ssl=trust(self._url) if self._url.startswith("wss:") else None,
            max_size=None,
            # The protocol's own pings go both ways and show more.
            ping_interval=None,
        )
        # Entered by ``await``, because the context manager would hide which error came from where.
        try:
            socket = self._sockets[life] = await connecting
        except InvalidStatus as error:
            response = error.response
            return refusal(
                response.status_code,
                bytes(response.body or b""),
                response.headers.get("Retry-After"),
            )
        except (OSError, TimeoutError, InvalidHandshake, InvalidURI, EOFError) as error:
            return Ended(code=PEER_GONE, detail=f"{type(error).__name__}: {error}")
        try:
            return await _read(socket, life)
        finally:
            del self._sockets[life]
            await socket.close()

    def abort(self, life: Life) -> None:
        if life in self._sockets:
            self._sockets[life].transport.abort()

    @property
    def _socket(self) -> websockets.asyncio.client.ClientConnection | None:
        return self._sockets.get(self._life) if self._life is not None else None

    async def send(self, payload: bytes) -> bool:
        """Send a message.

        Returns:
            Whether the connection was open to take it.
        """
        socket = self._socket
        if socket is None or self.state != "open":
            return False
        try:
            await socket.send(payload, text=True)
        except ConnectionClosed:
            return False
        return True

    async def send_confirmed(self, payload: bytes) -> bool:
        """Send a message and see whether the peer is still there to take it.

        Returns:
            Whether the peer answered a ping that followed the message, in 2 s.
        """
        socket = self._socket
        if socket is None or not await self.send(payload):
            return False
        asked_at = self._clock.now()
        timer = asyncio.create_task(self._clock.sleep(CONFIRM_TIMEOUT))
        try:
            answered = asyncio.ensure_future(await socket.ping())
            await asyncio.wait((answered, timer), return_when=asyncio.FIRST_COMPLETED)
        except ConnectionClosed:
            return False
        finally:
            timer.cancel()
        if not answered.done():
            answered.cancel()
            return False
        if answered.cancelled() or answered.exception() is not None:
            return False
        self.measured(self._clock.now() - asked_at)
        return True


async def _read(socket: websockets.asyncio.client.ClientConnection, life: Life) -> Ended:
    try:
        while True:
            ended = await life.frame(await socket.recv(decode=False))
            if ended is not None:
                return ended
    except ConnectionClosed as closed:
        if closed.rcvd is None:
            return Ended(code=PEER_GONE)
        return closed_with(closed.rcvd.code, closed.rcvd.reason)

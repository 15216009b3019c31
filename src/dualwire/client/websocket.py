"""A client's WebSocket."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import websockets.asyncio.client
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI

from ..codes import PEER_GONE, code_for
from ..core.encoding.json import decode_message
from ..exceptions import ProtocolError
from .connection import ClientConnection, Ended
from .refusal import refusal

__all__ = ["WebSocketConnection"]

OPEN_TIMEOUT = 10.0
"""Seconds for the handshake."""


class WebSocketConnection(ClientConnection):
    """The WebSocket, in the ``plain`` encoding.

    Args:
        url: of the endpoint, without a query.
        headers: sent with the handshake.
        query: of the URL.
        options: see :class:`ClientConnection`.
    """

    connection_type = "websocket"

    def __init__(
        self, url: str, headers: dict[str, str], query: dict[str, str], *options: Any
    ) -> None:
        super().__init__(*options)
        self._url = f"{url}?{urlencode(query)}"
        self._headers = headers
        self._socket: websockets.asyncio.client.ClientConnection | None = None

    @property
    def round_trip(self) -> float | None:
        return (self._socket.latency or None) if self._socket is not None else None

    async def carry(self) -> Ended:
        connecting = websockets.asyncio.client.connect(
            self._url, additional_headers=self._headers, open_timeout=OPEN_TIMEOUT, close_timeout=1
        )
        # Entered by ``await``, because the context manager would hide which error came from where.
        try:
            self._socket = await connecting
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
            self._opened()
            return await self._read(self._socket)
        finally:
            socket, self._socket = self._socket, None
            await socket.close()

    async def _read(self, socket: websockets.asyncio.client.ClientConnection) -> Ended:
        try:
            while True:
                message = await socket.recv(decode=False)
                self._seen()
                try:
                    event = decode_message(message)
                except ProtocolError:
                    continue  # Not ours to judge: an application may send text of its own.
                await self._receive(event)
        except ConnectionClosed as closed:
            if closed.rcvd is None:
                return Ended(code=PEER_GONE)
            code = code_for(closed.rcvd.code, closed.rcvd.reason)
            return Ended(code=code)

    async def send(self, text: str) -> bool:
        """Send a message.

        Returns:
            Whether the connection was open to take it.
        """
        if self._socket is None or self.state != "open":
            return False
        try:
            await self._socket.send(text)
        except ConnectionClosed:
            return False
        return True

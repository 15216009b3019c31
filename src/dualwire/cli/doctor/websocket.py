"""A WebSocket as a client would open it, with everything that came on it."""

from __future__ import annotations

import asyncio
from types import TracebackType
from urllib.parse import urlencode

import websockets.asyncio.client
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI
from websockets.typing import Subprotocol

from ...abc import Clock
from ...client.certificates import trust
from ...core.encoding.json import decode_message, encode_object
from ...exceptions import ProtocolError
from ...types import JSONObject
from ..address import Address
from .frames import Arrivals
from .server import code_of, quoted

__all__ = ["WebSocket"]

OPEN_TIMEOUT = 10.0
"""Seconds that the handshake may take."""


class WebSocket:
    """One WebSocket; entered, it is being opened, and read until it is left.

    Args:
        address: of the server.
        token: whose.
        clock: time.
    """

    def __init__(self, address: Address, token: str, clock: Clock) -> None:
        self._url = f"{address.websocket}?{urlencode({'protocol': 'dualwire.v1'})}"
        self._token = token
        self._task: asyncio.Task[None] | None = None
        self._socket: websockets.asyncio.client.ClientConnection | None = None
        self.arrivals = Arrivals(clock)
        self.upgraded = False
        """Whether the handshake succeeded."""
        self.subprotocol: str | None = None
        """What was agreed on in it."""
        self.refused: str | None = None
        """Why it did not; ``None`` while it did, or may yet."""
        self.refused_by_us = False
        """Whether that was dualwire itself."""

    async def __aenter__(self) -> WebSocket:
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

    async def send(self, message: JSONObject) -> bool:
        """Send a message.

        Returns:
            Whether the connection was open to take it.
        """
        if self._socket is None or self.arrivals.ended is not None:
            return False
        try:
            await self._socket.send(encode_object(message), text=True)
        except ConnectionClosed:
            return False
        return True

    async def _carry(self) -> None:
        connecting = websockets.asyncio.client.connect(
            self._url,
            additional_headers={"Authorization": f"Bearer {self._token}"},
            subprotocols=[Subprotocol("dualwire.v1")],
            open_timeout=OPEN_TIMEOUT,
            close_timeout=1,
            ssl=trust(self._url) if self._url.startswith("wss:") else None,
            max_size=None,
            # Ours would hide that something on the way does not like silence.
            ping_interval=None,
        )
        try:
            socket = await connecting
        except InvalidStatus as error:
            self._refuse(*_refusal(error))
        except TimeoutError:
            self._refuse(f"the handshake was not answered within {OPEN_TIMEOUT:g} s")
        except (OSError, InvalidHandshake, InvalidURI, EOFError) as error:
            self._refuse(quoted(str(error) or type(error).__name__))
        else:
            self.upgraded, self._socket = True, socket
            self.subprotocol = socket.subprotocol
            try:
                await self._read(socket)
            finally:
                await socket.close()

    def _refuse(self, why: str, by_us: bool = False) -> None:
        self.refused, self.refused_by_us = why, by_us
        self.arrivals.end(why)

    async def _read(self, socket: websockets.asyncio.client.ClientConnection) -> None:
        try:
            while True:
                self.arrivals.take(await socket.recv(decode=False))
        except ConnectionClosed as closed:
            if closed.rcvd is None:
                self.arrivals.end("it broke, without a goodbye")
            elif closed.rcvd.code in (1000, 1001, 1006) and self.arrivals.bye is None:
                self.arrivals.end(f"it was closed with {closed.rcvd.code}, without a reason")
            else:
                reason = quoted(closed.rcvd.reason)
                self.arrivals.end(f"it was closed with {closed.rcvd.code} {reason}".rstrip())


def _refusal(error: InvalidStatus) -> tuple[str, bool]:
    response = error.response
    try:
        answer = decode_message(bytes(response.body or b""))
    except ProtocolError:
        answer = {}
    why = f"HTTP {response.status_code} in place of 101"
    if code_of(answer) is None:
        return why, False
    return f"{why}: {quoted(str(answer['error'].get('message')))}", True

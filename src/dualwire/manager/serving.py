"""Serving a WebSocket: reading what its client sends, until one of the two ends it."""

from __future__ import annotations

import asyncio

from starlette.types import Message
from starlette.websockets import WebSocket

from ..codes import MESSAGE_TOO_BIG, PEER_GONE, Code, code_for
from ..core.messages import ClientMessage, problem
from ..exceptions import MessageTooBigError, ProtocolError
from ..runtime.connection import Connection
from ..runtime.inbound import Inbound
from ..runtime.node import Node
from ..transports.websocket import WebSocketTransport
from .connecting import Connecting
from .sending import PlayerId
from .terms import Terms

__all__ = ["Serving"]

COMMANDS_AT_ONCE = 32
"""Commands of one connection that may wait; beyond them it is not read from until one is done."""


class Serving(Connecting):
    """Serves WebSockets and acts on what their clients send."""

    def __init__(self, node: Node) -> None:
        super().__init__(node)
        self.inbound = Inbound(node)
        """Acts on clients' messages, whatever brought them."""

    async def serve_websocket(
        self,
        websocket: WebSocket,
        player_id: PlayerId,
        session_id: str | None = None,
        *,
        terms: Terms | None = None,
    ) -> None:
        """The whole life of a WebSocket: connect it, act on its messages, end it.

        Args:
            websocket: as for :meth:`connect_websocket`.
            player_id: the player, already authenticated.
            session_id: identifier of the game client's session.
            terms: what else is known of the client, and how it wants to be written to; ``None``
                for nothing.
        """
        connection = await self._connect(websocket, player_id, session_id, terms or Terms())
        if connection is None:
            return
        task = asyncio.current_task()
        assert task is not None
        assert isinstance(connection.transport, WebSocketTransport)
        connection.transport.on_abort(task.cancel)
        code = PEER_GONE
        try:
            while True:
                message = await websocket.receive()
                if message["type"] == "websocket.disconnect":
                    code = _peer_code(message)
                    break
                connection.heard(self.node.clock.now())
                await self._receive(connection, message.get("text") or message.get("bytes") or "")
        except RuntimeError:
            # Starlette says so once the socket is closed: the end of this connection, no error.
            pass
        except asyncio.CancelledError:
            if connection.transport.alive or not task.cancelling():
                raise
            task.uncancel()
        finally:
            self.node.closed_by_peer(connection, code)

    async def _receive(self, connection: Connection, text: str | bytes) -> None:
        """Take a message; a command runs beside the reading, which goes on meanwhile.

        Else a slow command would hold up the pongs behind it, and hide that the peer went away.
        """
        try:
            message = self.inbound.read(text)
        except MessageTooBigError:
            self.node.end(connection, MESSAGE_TOO_BIG)
            return
        except ProtocolError as error:
            self._direct(connection, problem("invalid_format", str(error)))
            return
        if self.inbound.is_news(message):
            await self._act(connection, message)
            return
        connection.commands += 1
        runner = self.node.runner
        if connection.commands < COMMANDS_AT_ONCE:
            runner.submit(connection.id, lambda: self._act(connection, message))
        else:
            await runner.call(connection.id, lambda: self._act(connection, message))

    async def _act(self, connection: Connection, message: ClientMessage) -> None:
        try:
            answer = await self.inbound.act(connection.player.id, connection.id, message)
            if answer is not None and not connection.ended:
                self._direct(connection, answer)
        finally:
            if not self.inbound.is_news(message):
                connection.commands -= 1


def _peer_code(message: Message) -> Code:
    """Why a peer disconnected, as far as its server tells.

    uvicorn reports 1005 for a close frame without a code and for a connection that broke alike, but
    only the former comes with a reason, if an empty one.
    """
    if message.get("code") == 1005 and "reason" not in message:
        return PEER_GONE
    return code_for(message.get("code"), message.get("reason") or "")

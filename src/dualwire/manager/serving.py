"""Serving a WebSocket: reading what its client sends, until one of the two ends it."""

from __future__ import annotations

import asyncio

import structlog
from starlette.types import Message
from starlette.websockets import WebSocket

from ..codes import MESSAGE_TOO_BIG, PEER_GONE, RATE_LIMITED, Code, code_for
from ..core.messages import ClientMessage, problem
from ..exceptions import MessageTooBigError, ProtocolError
from ..runtime.connection import Connection
from ..runtime.inbound import Answer, Inbound
from ..runtime.node import Node
from ..runtime.pacing import Excess, Flow, refusal
from ..transports.direct import Handover, Receiver
from ..transports.websocket import WebSocketTransport
from .connecting import Connecting
from .sending import PlayerId
from .terms import Terms

__all__ = ["Serving"]

log = structlog.get_logger("dualwire")

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
        connection = await self._connect(
            websocket, player_id, session_id, terms or Terms(), receiver=self._receiver
        )
        if connection is None or not isinstance(connection.transport, WebSocketTransport):
            return  # Refused, or its socket is ours: what its peer sends comes by itself.
        task = asyncio.current_task()
        assert task is not None
        connection.transport.on_abort(task.cancel)
        code = PEER_GONE
        try:
            while True:
                message = await websocket.receive()
                if message["type"] == "websocket.disconnect":
                    code = _peer_code(message)
                    break
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

    async def reserve_websocket(
        self,
        player_id: PlayerId,
        session_id: str | None = None,
        *,
        terms: Terms,
    ) -> Connection:
        """Reserve a WebSocket whose server gives its socket away; :meth:`take_websocket` opens it.

        Raises:
            RefusedError: the session or the player's number of connections does not allow it.
        """
        opening = self._opening("websocket", player_id, session_id, terms, direct=True)
        return await self.node.admission.reserve(opening)

    async def take_websocket(self, connection: Connection, handover: Handover) -> None:
        """Open a reserved WebSocket on a socket that its server gives away.

        Args:
            connection: reserved for such a socket.
            handover: whose response head is written.
        """
        await self.node.open(connection, self._take(connection, handover, self._receiver))

    async def _receive(self, connection: Connection, text: str | bytes) -> None:
        if not self.take_message(connection, text):
            await self.node.runner.call(connection.id, _nothing)

    def take_message(self, connection: Connection, text: str | bytes) -> bool:
        """Take a message; a command runs beside the reading, which goes on meanwhile.

        Else a slow command would hold up the pongs behind it, and hide that the peer went away.

        Returns:
            Whether more may come now; if not, ``connection.on_room`` is called when it may.
        """
        if connection.ended:
            return True  # Somebody who was told to go, and talks on.
        now, pacing = self.node.clock.now(), self.node.pacing
        connection.heard(now)
        flow = connection.flow
        if flow is None:
            flow = connection.flow = pacing.begin(connection.player.id, now)
        # Characters stand for bytes: what a client writes is mostly ASCII.
        excess = pacing.message(flow, len(text), now)
        try:
            message = self.inbound.read(text)
        except MessageTooBigError:
            self.node.end(connection, MESSAGE_TOO_BIG)
            return True
        except ProtocolError as error:
            if self._passes(connection, flow, excess, None):
                self._say(connection, Answer(problem("invalid_format", str(error))))
            return True
        is_news = self.inbound.is_news(message)
        if not is_news and (excess is None or excess.outcome == "warned"):
            excess = pacing.command(flow, now) or excess
        if excess is not None and not self._passes(connection, flow, excess, message):
            return True
        if is_news:
            answer = self.inbound.take_news(connection.player.id, connection.id, message)
            if answer is not None:
                self._say(connection, answer)
            return True
        connection.commands += 1
        self.node.runner.submit(connection.id, lambda: self._act(connection, message))
        return connection.commands < COMMANDS_AT_ONCE

    def _passes(
        self,
        connection: Connection,
        flow: Flow,
        excess: Excess | None,
        message: ClientMessage | None,
    ) -> bool:
        """Whether a message is looked at, although its client says much."""
        if excess is None:
            return True
        if excess.outcome == "warned":
            # A plain client would take it for an event of the application.
            if connection.encoding.contiguous:
                self._say(connection, Answer(excess.warning, is_event=False))
            return True
        if excess.outcome == "closed":
            log.info(
                "rate_limited", player=connection.player.id, what=excess.what, outcome="closed"
            )
            self.node.end(connection, RATE_LIMITED, retry_after=excess.retry_after)
        elif message is not None and not self.inbound.is_news(message):
            answer = refusal(message, excess)
            numbered = answer is not None and answer["type"] == "reply"
            if answer is not None and (
                numbered or self.node.pacing.may_tell(flow, self.node.clock.now())
            ):
                self._say(connection, Answer(answer, is_event=not numbered))
        return False

    def _receiver(self, connection: Connection, handover: Handover) -> Receiver:
        connection.on_room = handover.resume
        return _ConnectionReceiver(self, connection)

    async def _act(self, connection: Connection, message: ClientMessage) -> None:
        try:
            answer = await self.inbound.act(connection.player.id, connection.id, message)
            if answer is not None and not connection.ended:
                self._say(connection, answer)
        finally:
            connection.commands -= 1
            if connection.commands == COMMANDS_AT_ONCE - 1 and connection.on_room is not None:
                connection.on_room()


class _ConnectionReceiver(Receiver):
    """What comes over a socket that is ours."""

    __slots__ = ("_connection", "_serving")

    def __init__(self, serving: Serving, connection: Connection) -> None:
        self._serving = serving
        self._connection = connection

    def on_message(self, data: str | bytes) -> bool:
        connection = self._connection
        return connection.ended or self._serving.take_message(connection, data)

    def on_sign_of_life(self) -> None:
        self._connection.heard(self._serving.node.clock.now())


async def _nothing() -> None:
    """Work that is done when everything before it is."""


def _peer_code(message: Message) -> Code:
    """Why a peer disconnected, as far as its server tells.

    uvicorn reports 1005 for a close frame without a code and for a connection that broke alike, but
    only the former comes with a reason, if an empty one.
    """
    if message.get("code") == 1005 and "reason" not in message:
        return PEER_GONE
    return code_for(message.get("code"), message.get("reason") or "")

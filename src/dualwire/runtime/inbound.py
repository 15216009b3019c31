"""What becomes of a client's message: a command for the application, or news of what it has."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from ..core.connection_ids import is_plain
from ..core.cursor import parse_cursor
from ..core.messages import ClientMessage, parse_message, problem
from ..exceptions import AuthenticationError, EngineError, ProtocolError
from ..types import Identity, JSONObject, Position
from .audience import LocalPlayer
from .commanding import Command, Commanding
from .connection import Connection
from .node import Node

__all__ = ["Answer", "Command", "Inbound"]

log = structlog.get_logger("dualwire")


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sent a message."""

    player_id: str
    player: LocalPlayer | None
    """``None`` for a player who has no session on this node."""
    connection: Connection | None
    """The connection that it came over; ``None`` for plain HTTP."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said to whoever sent a message."""

    body: JSONObject
    is_event: bool = True
    """Whether the application says it, as an event for this connection alone; else it is a frame of
    the protocol."""


class Inbound:
    """Turns messages into answers. Answers go to whoever asked, and to nobody else.

    Args:
        node: the node that the players are on.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._commanding = Commanding(node)
        self.authenticate: Callable[[str], Awaitable[Identity]] | None = None
        """Who a token belongs to, for ``refresh``; ``None`` to refuse that."""
        self._news: dict[str, Callable[[Sender, JSONObject], Answer | None]] = {
            "ping": self._ping,
            "ack": self._ack,
            "pong": self._pong,
            "recovered": self._recovered,
        }

    def read(self, text: str | bytes) -> ClientMessage:
        """Read a message.

        Raises:
            MessageTooBigError: it is larger than the limit; that ends its connection.
            ProtocolError: it is no message; that is answered, and ends nothing.
        """
        return parse_message(text, self._node.config.limits.message)

    def is_news(self, message: ClientMessage) -> bool:
        """Whether a message only tells something, so that nothing has to be waited for."""
        return message.type in self._news

    async def answer(
        self, player_id: str, connection_id: str | None, text: str | bytes
    ) -> Answer | None:
        """Read a message, act on it, and return its answer; see :meth:`act`.

        Raises:
            MessageTooBigError: the message is larger than the limit.
        """
        try:
            message = self.read(text)
        except ProtocolError as error:
            return Answer(problem("invalid_format", str(error)))
        return await self.act(player_id, connection_id, message)

    async def act(
        self, player_id: str, connection_id: str | None, message: ClientMessage
    ) -> Answer | None:
        """Act on a message and return its answer, if it has one.

        Commands of one player run one at a time, in the order in which they came.

        Args:
            player_id: who sent it.
            connection_id: over which connection; ``None`` for plain HTTP.
            message: what.
        """
        if self.is_news(message):
            return self.take_news(player_id, connection_id, message)
        sender = self._sender(player_id, connection_id)
        try:
            if message.type == "refresh":
                return await self._refresh(sender, message.data)
            return await self._command(sender, connection_id, message)
        except ProtocolError as error:
            return Answer(problem("invalid_format", str(error)))

    def take_news(
        self, player_id: str, connection_id: str | None, message: ClientMessage
    ) -> Answer | None:
        """Take a message that only tells something; the answer, if it has one."""
        try:
            return self._news[message.type](self._sender(player_id, connection_id), message.data)
        except ProtocolError as error:
            return Answer(problem("invalid_format", str(error)))

    def _sender(self, player_id: str, connection_id: str | None) -> Sender:
        node = self._node
        connection = node.connections.get(connection_id) if connection_id is not None else None
        return Sender(player_id, node.hub.players.get(player_id), connection)

    async def _command(
        self, sender: Sender, connection_id: str | None, message: ClientMessage
    ) -> Answer | None:
        commanding, connection = self._commanding, sender.connection
        if message.type != "command" or not isinstance(message.data.get("id"), str):
            command = Command(
                player_id=sender.player_id, connection_id=connection_id, message=message
            )
            event = await commanding.run(command)
            return Answer(event) if event is not None else None
        reply = await commanding.run_once(sender.player_id, connection_id, message.data)
        # Where streams are carried whole, it comes with the player's own, to all connections.
        if connection is not None:
            carried = connection.encoding.contiguous
        else:
            carried = connection_id is not None and self._carried_elsewhere(connection_id)
        if reply is None or (reply.first and carried):
            return None
        return Answer(reply.reply.fields(), is_event=False)

    def _carried_elsewhere(self, connection_id: str) -> bool:
        return self._node.elsewhere.is_elsewhere(connection_id) and not is_plain(connection_id)

    def _ping(self, sender: Sender, data: JSONObject) -> Answer | None:
        return Answer({"type": "pong", "event_type": "pong", "data": {}}, is_event=False)

    def _ack(self, sender: Sender, data: JSONObject) -> Answer | None:
        self._acknowledge(sender, data.get("cursor"))
        return None

    def _pong(self, sender: Sender, data: JSONObject) -> Answer | None:
        node, connection_id, n = self._node, str(data.get("connection")), data.get("n")
        connections = sender.player.connections if sender.player is not None else {}
        connection = connections.get(connection_id)
        if isinstance(n, int):
            if connection is not None:
                round_trip = connection.ponged(n, node.clock.now())
                if round_trip is not None:
                    node.stats.round_trip[connection.connection_type].add(round_trip)
            elif node.elsewhere.is_elsewhere(connection_id):
                node.elsewhere.pass_pong(sender.player_id, connection_id, n)
        if data.get("cursor") is not None:
            self._acknowledge(sender, data["cursor"])
        return None

    def _recovered(self, sender: Sender, data: JSONObject) -> Answer | None:
        if sender.player is not None:
            noticed = data.get("noticed") is True
            outcome = "noticed" if noticed else "hidden"
            self._node.stats.recoveries[outcome] += 1
            named = str(data.get("connection"))
            mine = sender.player.connections
            log.info(
                "connection_recovered",
                player=sender.player_id,
                connection=named if named in mine else None,
                outcome=outcome,
            )
        return None

    def _acknowledge(self, sender: Sender, value: object) -> None:
        cursor = parse_cursor(value)
        player = sender.player
        if player is None or not player.connections:
            self._node.elsewhere.pass_ack(sender.player_id, cursor)
            return
        known = player.acknowledge(cursor, self._tail)
        if player.stream in known:
            self._node.hub.sampling.acknowledged(player.stream, known[player.stream])

    def _tail(self, stream: str) -> Position:
        return self._node.engine.log(stream).position

    async def _refresh(self, sender: Sender, data: JSONObject) -> Answer | None:
        token = data.get("token")
        if self.authenticate is None or not isinstance(token, str):
            return _warning("refresh_failed", "refresh: expected a token for the same player")
        try:
            async with asyncio.timeout(self._node.config.limits.handshake):
                identity = await self.authenticate(token)
            self._node.revoking.check(identity)
        except AuthenticationError as error:
            return _warning("refresh_failed", str(error))
        except (EngineError, TimeoutError):
            return _warning("refresh_failed", "the token cannot be verified now; try again")
        if identity.player_id != sender.player_id:
            return _warning("refresh_failed", "the token belongs to another player")
        for connection in sender.player.connections.values() if sender.player else ():
            connection.identity = identity
        self._node.elsewhere.pass_identity(sender.player_id, identity)
        log.info("token_refreshed", player=sender.player_id)
        return None


def _warning(reason: str, message: str) -> Answer:
    warning = {"type": "warning", "reason": reason, "message": message}
    return Answer(warning, is_event=False)

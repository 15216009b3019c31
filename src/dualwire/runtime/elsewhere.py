"""A player's connections on other nodes: which there are, and what is passed on to them.

A client answers the ping of its event stream over its WebSocket, or by HTTP, and neither need end
where the event stream does. So pongs and acknowledgements are passed on: gathered for a moment and
told to the node in one entry, because at 40,000 of them a second one entry each would be the
engine's main work. The ids of connections say where they are (:mod:`dualwire.core.connection_ids`),
so nobody has to be asked.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import TYPE_CHECKING

import structlog

from ..core.connection_ids import Known, known
from ..core.cursor import format_cursor, parse_cursor
from ..exceptions import EngineError
from ..types import (
    ConnectionReport,
    Cursor,
    DeliveryReport,
    Event,
    Identity,
    JSONObject,
    Position,
)
from .audience import LocalPlayer
from .reports import written

if TYPE_CHECKING:
    from .node import Node

__all__ = ["Elsewhere"]

log = structlog.get_logger("dualwire")

GATHER = 0.1
"""Seconds for which news for another node are gathered."""

LOOK = 0.01
"""Seconds between two looks at whether an entry that was stored elsewhere has come here."""

RUMOUR = 1.5
"""Seconds after which every node knows of a connection; presence is at most one second old."""

ON_THE_WAY = 0.5
"""Seconds that a report of another node may take on its way, beside what it waits for."""


class Elsewhere:
    """One node's dealings with connections on others.

    Args:
        node: the node.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._news: dict[str, list[JSONObject]] = {}
        self._reports: dict[str, asyncio.Future[JSONObject]] = {}
        node.control.handlers |= {
            "news": self._heard,
            "report": self._report_asked,
            "confirm": self._confirm_asked,
            "reported": self._reported,
        }

    def connections(self, player_id: str) -> list[Known]:
        """What is known of a player's open connections on other nodes whose lease is valid."""
        if not self._node.shared:
            return []
        presence = self._node.engine.presence_of(player_id)
        found = map(known, presence.connections if presence is not None else ())
        return [each for each in found if each is not None and each.node != self._node.id]

    def is_elsewhere(self, connection_id: str) -> bool:
        """Whether an id is of a connection on another node."""
        found = known(connection_id)
        return self._node.shared and found is not None and found.node != self._node.id

    async def has(self, player_id: str, connection_id: str) -> bool:
        """Whether a player has a connection on another node.

        One that opened just now is waited for. What a client made up is found out here, so that
        nothing is told to a node that is none.
        """
        node = self._node
        if not self.is_elsewhere(connection_id):
            return False
        until = node.clock.now() + RUMOUR
        while not self._knows(player_id, connection_id):
            if node.clock.now() >= until:
                return False
            await node.clock.sleep(LOOK)
        return True

    def _knows(self, player_id: str, connection_id: str) -> bool:
        presence = self._node.engine.presence_of(player_id)
        return presence is not None and connection_id in presence.connections

    # News of clients

    def pass_pong(self, player_id: str, connection_id: str, n: int) -> None:
        """A pong came here for a connection elsewhere."""
        found = known(connection_id)
        if found is not None:
            self._pass(found.node, {"player": player_id, "connection": connection_id, "n": n})

    def pass_ack(self, player_id: str, cursor: Cursor) -> None:
        """An acknowledgement came here from a player who has no connection here."""
        for node_id in {each.node for each in self.connections(player_id)}:
            self._pass(node_id, {"player": player_id, "cursor": format_cursor(cursor)})

    def pass_identity(self, player_id: str, identity: Identity) -> None:
        """A newer token came here from a player: it serves all its connections."""
        for node_id in {each.node for each in self.connections(player_id)}:
            self._pass(node_id, {"player": player_id, "identity": asdict(identity)})

    def _tail(self, stream: str) -> Position:
        return self._node.engine.log(stream).position

    def _pass(self, node_id: str, news: JSONObject) -> None:
        if not self._news:
            self._node.call_later(GATHER, lambda: self._node.spawn(self._tell_news()))
        self._news.setdefault(node_id, []).append(news)

    async def _tell_news(self) -> None:
        gathered, self._news = self._news, {}
        for node_id, news in gathered.items():
            try:
                await self._node.control.tell(node_id, "news", {"news": news})
            except EngineError as error:
                # The next ping is answered as well, and the next acknowledgement says more.
                log.info("news_not_told", to=node_id, reason=error.cause)

    def _heard(self, sender: str, data: JSONObject) -> None:
        now = self._node.clock.now()
        for each in data["news"]:
            player = self._node.hub.players.get(each["player"])
            if player is None:
                continue
            connection = player.connections.get(each.get("connection", ""))
            if connection is not None:
                connection.ponged(each["n"], now)
            if "cursor" in each:
                player.acknowledge(parse_cursor(each["cursor"]), self._tail)
            if "identity" in each:
                identity = Identity(**each["identity"])
                for local in player.connections.values():
                    local.identity = identity

    # What became of an event there

    async def report(
        self, player_id: str, position: Position, timeout: float
    ) -> tuple[ConnectionReport, ...]:
        """What became of an event on a player's connections on other nodes.

        Args:
            player_id: whose.
            position: of the event in the player's stream.
            timeout: seconds to wait at most; a node that does not answer reports nothing.
        """
        nodes = {each.node for each in self.connections(player_id)}
        asking = (self._ask("report", each, player_id, position, timeout) for each in nodes)
        return tuple(
            ConnectionReport(connection_id=name, connection_type=kind, outcome=outcome)
            for answer in await asyncio.gather(*asking)
            for name, kind, outcome in answer.get("connections", ())
        )

    async def acknowledged(
        self, player: LocalPlayer | None, player_id: str, report: DeliveryReport, timeout: float
    ) -> bool:
        """Wait until a client acknowledges an event, whatever node it says so to.

        Args:
            player: the player on this node; ``None`` for one who is not here.
            player_id: who.
            report: of the event.
            timeout: seconds to wait at most.
        """
        nodes = {each.node for each in self.connections(player_id)}
        waits = [
            asyncio.ensure_future(self._acknowledged_at(each, player_id, report.position, timeout))
            for each in nodes
        ]
        if player is not None:
            waits.append(asyncio.ensure_future(player.wait_acknowledged(report.position, timeout)))
        try:
            for each in asyncio.as_completed(waits):
                if await each:
                    return True
            return False
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    async def _acknowledged_at(
        self, node_id: str, player_id: str, position: Position, timeout: float
    ) -> bool:
        answer = await self._ask("confirm", node_id, player_id, position, timeout)
        return answer.get("acknowledged") is True

    async def _ask(
        self, what: str, node_id: str, player_id: str, position: Position, timeout: float
    ) -> JSONObject:
        question = secrets.token_hex(8)
        future: asyncio.Future[JSONObject] = asyncio.get_running_loop().create_future()
        self._reports[question] = future
        wanted = {"player": player_id, "position": position, "timeout": timeout}
        try:
            async with asyncio.timeout(timeout + ON_THE_WAY):
                await self._node.control.tell(node_id, what, {**wanted, "question": question})
                return await future
        except (TimeoutError, EngineError):
            return {}
        finally:
            del self._reports[question]

    def _report_asked(self, sender: str, data: JSONObject) -> None:
        self._node.spawn(self._answer(sender, data, self._written))

    def _confirm_asked(self, sender: str, data: JSONObject) -> None:
        self._node.spawn(self._answer(sender, data, self._confirmed))

    async def _answer(
        self,
        sender: str,
        data: JSONObject,
        find: Callable[[LocalPlayer, Position, float], Awaitable[JSONObject]],
    ) -> None:
        node, position = self._node, Position(*data["position"])
        until = node.clock.now() + data["timeout"]
        player, answer = node.hub.players.get(data["player"]), {}
        if player is not None and await self._arrived(player.stream, position, until):
            answer = await find(player, position, max(0.0, until - node.clock.now()))
        try:
            await node.control.tell(sender, "reported", {**answer, "question": data["question"]})
        except EngineError as error:
            log.info("report_not_told", to=sender, reason=error.cause)

    async def _written(self, player: LocalPlayer, position: Position, left: float) -> JSONObject:
        entry = self._node.engine.log(player.stream).at(position.offset)
        if entry is None or type(entry.body) is not Event:
            return {}
        reports = await written(list(player.connections.values()), entry, left)
        found = [(each.connection_id, each.connection_type, each.outcome) for each in reports]
        return {"connections": found}

    async def _confirmed(self, player: LocalPlayer, position: Position, left: float) -> JSONObject:
        return {"acknowledged": await player.wait_acknowledged(position, left)}

    async def _arrived(self, stream: str, position: Position, until: float) -> bool:
        """Whether an entry of a stream has come here in time."""
        node = self._node
        while node.engine.log(stream).position < position:
            if node.clock.now() >= until:
                return False
            await node.clock.sleep(LOOK)
        return True

    def _reported(self, sender: str, data: JSONObject) -> None:
        future = self._reports.get(data["question"])
        if future is not None and not future.done():
            future.set_result(data)

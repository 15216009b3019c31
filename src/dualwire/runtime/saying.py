"""What is said to one connection alone, wherever it is.

A client asks by HTTP, and neither its request nor the node that takes it need be where the
connection is. Ids say where that is (:mod:`dualwire.core.connection_ids`), so what is for another
node is told to it, and it answers whether the connection took it. While one entry is on its way,
what comes for the same node waits for the next one and shares it: a lone word is at once there, and
many cost the engine few entries.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING

import structlog

from ..core.connection_ids import known
from ..core.encoding import Frame
from ..exceptions import EngineError
from ..types import JSONObject
from .connection import Connection

if TYPE_CHECKING:
    from .node import Node

__all__ = ["Saying"]

log = structlog.get_logger("dualwire")

PATIENCE = 1.0
"""Seconds that another node has to answer; one that died never does."""

TOGETHER = 100
"""Words in one entry at the most, so that an entry stays within what a stream keeps."""


class Saying:
    """One node's way to a connection, outside all streams.

    Args:
        node: the node.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._waiting: dict[str, asyncio.Future[bool]] = {}
        """Who waits for what a connection elsewhere did, by question."""
        self._parcels: dict[tuple[str, str], list[JSONObject]] = {}
        """What is to be told next, by node and handler; there while something is on its way."""
        node.control.handlers |= {"say": self._asked, "said": self._answered}

    async def say(self, connection_id: str, payload: bytes) -> bool:
        """Say something to a connection.

        Args:
            connection_id: which one, on whatever node.
            payload: an event, as JSON.

        Returns:
            Whether it took it.
        """
        node = self._node
        connection = node.connections.get(connection_id)
        if connection is not None:
            return self.direct(connection, payload)
        place = known(connection_id)
        if place is None or not node.elsewhere.is_elsewhere(connection_id):
            return False
        question = secrets.token_hex(8)
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting[question] = future
        word = {"question": question, "connection": connection_id, "event": payload.decode()}
        try:
            async with asyncio.timeout(PATIENCE):
                await node.start()
                self._tell(place.node, "say", [word])
                return await future
        except (TimeoutError, EngineError):
            return False
        finally:
            del self._waiting[question]

    def direct(self, connection: Connection, payload: bytes) -> bool:
        """Say an event to a connection of this node."""
        return self.push(connection, connection.encoding.direct(payload))

    def push(self, connection: Connection, frame: Frame) -> bool:
        """Give a frame to a connection of this node, unless it does not read what it is given."""
        if connection.transport is None or connection.ended:
            return False
        if connection.waiting > self._node.config.limits.connection:
            return False
        self._node.hub.push(connection, frame)
        return True

    # Between nodes

    def _tell(self, node_id: str, do: str, words: list[JSONObject]) -> None:
        on_its_way = (node_id, do) in self._parcels
        self._parcels.setdefault((node_id, do), []).extend(words)
        if not on_its_way:
            self._node.spawn(self._carry(node_id, do))

    async def _carry(self, node_id: str, do: str) -> None:
        parcel = self._parcels[node_id, do]
        try:
            while parcel:
                words = parcel[:TOGETHER]
                del parcel[:TOGETHER]
                await self._node.control.tell(node_id, do, {"words": words})
        except EngineError as error:
            # Whoever waits is told that nothing was taken; what is direct is never repeated.
            log.info("word_not_told", to=node_id, reason=error.cause)
        finally:
            del self._parcels[node_id, do]

    def _asked(self, sender: str, data: JSONObject) -> None:
        answers: list[JSONObject] = []
        for word in data["words"]:
            connection = self._node.connections.get(word["connection"])
            took = connection is not None and self.direct(connection, word["event"].encode())
            answers.append({"question": word["question"], "took": took})
        self._tell(sender, "said", answers)

    def _answered(self, sender: str, data: JSONObject) -> None:
        for answer in data["words"]:
            future = self._waiting.get(answer["question"])
            if future is not None and not future.done():
                future.set_result(answer["took"] is True)

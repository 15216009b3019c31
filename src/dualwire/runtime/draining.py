"""Draining: a node that stops lets clients connect elsewhere before it ends their connections.

First every connection that can be asked to move is asked, batch by batch, over the first half of
the grace; then those that cannot (``plain``) are ended, batch by batch, over the second half; what
is left at the end is ended. WebSockets come before SSE streams in both, so that a player's two
connections do not move at the same moment.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import structlog

from ..codes import DRAINING
from ..core.encoding.json import encode_object
from .connection import Connection

if TYPE_CHECKING:
    from .node import Node

__all__ = ["Draining", "ask_to_move"]

log = structlog.get_logger("dualwire")

STEP = 0.1
"""Seconds between two batches."""

BATCH = 64
"""Connections of a batch at the least: a small node is done in a few steps."""


class Draining:
    """Empties one node.

    Args:
        node: the node.
        grace: seconds until the last connection is ended.
    """

    def __init__(self, node: Node, grace: float) -> None:
        self._node = node
        self._grace = grace
        self._until = node.clock.now() + grace

    async def run(self) -> None:
        """Return when no connection is left, at the latest when the grace is over."""
        node = self._node
        log.info("node_draining", node=node.id, connections=len(node.connections))
        node.emptied.clear()
        tasks = [asyncio.create_task(self._empty()), asyncio.create_task(node.emptied.wait())]
        try:
            if node.connections:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        log.info("node_drained", node=node.id, left=len(node.connections))

    async def _empty(self) -> None:
        half = self._until - self._grace / 2
        await self._each_batch(lambda each: each.encoding.contiguous, half, self._ask)
        await self._sleep_until(half)
        await self._each_batch(lambda each: not each.encoding.contiguous, self._until, self._end)
        await self._sleep_until(self._until)
        for connection in list(self._node.connections.values()):
            self._end(connection)

    def _ask(self, connection: Connection) -> None:
        if connection.transport is None:
            self._end(connection)
        elif not connection.ended:
            ask_to_move(self._node, connection, self._until - self._node.clock.now())

    def _end(self, connection: Connection) -> None:
        self._node.end(connection, DRAINING)

    async def _each_batch(
        self,
        wanted: Callable[[Connection], bool],
        until: float,
        act: Callable[[Connection], None],
    ) -> None:
        """Act on connections of one kind, spread over the time until a deadline."""
        for kind in ("websocket", "sse"):
            connections = [
                each
                for each in self._node.connections.values()
                if each.connection_type == kind and wanted(each)
            ]
            left = until - self._node.clock.now()
            # The first type takes one half of the time, the second the rest.
            steps = max(1.0, (left / 2 if kind == "websocket" else left) / STEP - 1.0)
            size = max(BATCH, -int(-len(connections) // steps))
            for batch in _batches(connections, size):
                for connection in batch:
                    act(connection)
                await self._node.clock.sleep(STEP)

    async def _sleep_until(self, at: float) -> None:
        await self._node.clock.sleep(at - self._node.clock.now())


def ask_to_move(node: Node, connection: Connection, within: float) -> None:
    """Ask a client to open another connection in place of an open one, elsewhere.

    Args:
        node: where the connection is.
        connection: one that speaks ``dualwire.v1``; another has nothing to be asked by.
        within: seconds after which it will be ended.
    """
    warning = {"type": "warning", "reason": DRAINING.name, "message": DRAINING.reason}
    payload = encode_object({**warning, "within": round(max(0.0, within), 3)})
    node.hub.push(connection, connection.encoding.own(payload))


def _batches(connections: Sequence[Connection], size: int) -> list[Sequence[Connection]]:
    return [connections[first : first + size] for first in range(0, len(connections), size)]

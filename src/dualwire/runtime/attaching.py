"""What the engine is told of a node's connections, also when it does not answer at the moment."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from ..codes import DRAINING
from ..exceptions import EngineError
from .connection import Connection

if TYPE_CHECKING:
    from .node import Node

__all__ = ["Positions", "attach", "detach"]

log = structlog.get_logger("dualwire")

AGAIN = 5.0
"""Seconds after which a client whose connection nobody could be told of should try again."""


async def attach(node: Node, connection: Connection) -> bool | None:
    """Tell that a connection lives.

    Returns:
        Whether its player arrived by that; ``None`` if nobody could be told, so that it was ended.
    """
    player_id = connection.player.id
    try:
        arrived = await node.engine.attach(player_id, connection.id)
    except EngineError as error:
        log.warning("connection_not_attached", connection=connection.id, reason=error.cause)
        node.end(connection, DRAINING, retry_after=AGAIN)
        return None
    if connection.ended:
        # It ended meanwhile, and may have been detached before it was attached.
        await node.engine.detach(player_id, connection.id)
    return arrived


async def detach(node: Node, connection: Connection) -> None:
    """Tell that a connection ended, and up to where its session was written."""
    player = connection.player
    if node.shared:
        try:
            await node.engine.save_written(player.id, connection.session_id, player.written)
        except EngineError as error:
            # Whoever resumes without a cursor may get again what was written since the last save.
            log.info("position_not_saved", player=player.id, reason=error.cause)
    await node.engine.detach(player.id, connection.id)


class Positions:
    """Saves what plain connections were written, so that they can go on elsewhere.

    Clients of ``dualwire.v1`` bring a cursor; a plain one has only what its session was written,
    and its node may die without a word.

    Args:
        node: whose connections.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._saved: dict[str, int] = {}
        """By connection: the number of the newest event that is known to the engine as written."""

    async def save(self) -> None:
        """Save what was written since the last time."""
        node, saved, work = self._node, {}, []
        for connection in node.connections.values():
            if connection.encoding.contiguous or not connection.carries:
                continue
            n = saved[connection.id] = connection.written_n
            place = node.hub.written(connection)
            if n != self._saved.get(connection.id, 0) and place is not None:
                player_id, session_id = connection.player.id, connection.session_id
                work.append(node.engine.save_written(player_id, session_id, place.positions))
        self._saved = saved
        for outcome in await asyncio.gather(*work, return_exceptions=True):
            if isinstance(outcome, EngineError):
                # What is not known now is saved with the next event, or when the connection ends.
                self._saved.clear()
                return
            if isinstance(outcome, BaseException):
                raise outcome

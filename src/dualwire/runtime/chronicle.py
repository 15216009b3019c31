"""What happens to connections and players, told once to everybody who wants to know: the counters,
the journal, the log, and the application's hooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from ..codes import PEER_GONE, STALE, Code
from ..exceptions import RefusedError
from ..types import ConnectionType
from .connection import Connection

if TYPE_CHECKING:
    from .node import Node

__all__ = ["Chronicle"]

log = structlog.get_logger("dualwire")


class Chronicle:
    """Tells what happens on one node.

    Args:
        node: the node.
    """

    def __init__(self, node: Node) -> None:
        self._node = node

    def opened(self, connection: Connection, *, arrived: bool) -> None:
        """A connection carries from now on; perhaps its player came with it."""
        node, player_id = self._node, connection.player.id
        node.stats.opened[connection.connection_type] += 1
        node.stats.arms[connection.player.arm].opened += 1
        node.journal.note(connection, "opened", connection.encoding.name)
        log.info(
            "connection_opened",
            player=player_id,
            connection=connection.id,
            type=connection.connection_type,
            session=connection.session_id,
            encoding=connection.encoding.name,
        )
        if arrived:
            node.stats.arrivals += 1
            log.info("player_online", player=player_id)
            node.runner.run(player_id, "on_player_online", node.hooks.on_player_online, player_id)
        hook = node.hooks.on_connection_opened
        node.runner.run(player_id, "on_connection_opened", hook, player_id, connection.id)

    def refused(
        self, connection_type: ConnectionType, player_id: str | None, refusal: RefusedError
    ) -> None:
        """A connection was refused; ``None`` for a player who is not known."""
        node, code = self._node, refusal.code
        node.stats.refused[connection_type, code.name] += 1
        node.journal.note_refusal(player_id or "", connection_type, code.name)
        log.info(
            "connection_refused",
            player=player_id,
            type=connection_type,
            code=code.number,
            reason=code.name,
        )

    def closed(self, connection: Connection, code: Code) -> None:
        """A connection that was open has ended; its player's others carry on, if there are any."""
        node, player = self._node, connection.player
        arm = node.stats.arms[player.arm]
        if code in (PEER_GONE, STALE):
            hidden = any(each.carries for each in player.connections.values())
            hidden = hidden or bool(node.elsewhere.connections(player.id))
            arm.hidden_failovers += hidden
            arm.outages += not hidden
        arm.closed[code.name] += 1
        node.stats.closed[connection.connection_type, code.name] += 1
        node.journal.note(connection, "closed", code.name)
        log.info(
            "connection_closed",
            player=player.id,
            connection=connection.id,
            type=connection.connection_type,
            session=connection.session_id,
            code=code.number,
            reason=code.name,
            lasted=round(node.clock.wall() - connection.established_at, 3),
        )
        hook = node.hooks.on_connection_closed
        node.runner.run(player.id, "on_connection_closed", hook, player.id, connection.id, code)

    def departed(self, player_id: str) -> None:
        """A player left the game."""
        node = self._node
        node.stats.departures += 1
        log.info("player_offline", player=player_id)
        node.runner.run(player_id, "on_player_offline", node.hooks.on_player_offline, player_id)

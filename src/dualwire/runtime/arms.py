"""Which side of the rollout of ``dual_connections`` each player is on, and what that changes.

On: connections of one type stand beside each other. Off: the rule of older servers, by which the
newest connection of a type replaces the older one; one WebSocket and one SSE stream are left.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from ..codes import REPLACED
from ..flags import DUAL_CONNECTIONS, Flags
from ..types import ConnectionType
from .audience import LocalPlayer
from .connection import Connection

if TYPE_CHECKING:
    from .node import Node

__all__ = ["Arms"]

log = structlog.get_logger("dualwire")


class Arms:
    """Asks the flags, and keeps the older rule for those who are not on yet.

    Args:
        node: whose players.
        flags: what the operator says; ``None`` where everybody is on.
    """

    def __init__(self, node: Node, flags: Flags | None) -> None:
        self._node = node
        self.flags = flags
        self._crowded: set[str] = set()
        """Players with several open connections of one type: whom a kill switch concerns."""

    def assign(self, player: LocalPlayer) -> None:
        """Find a player's side anew, as a connection opens."""
        if self.flags is not None:
            on = self.flags.is_on(DUAL_CONNECTIONS, player.id, otherwise=True)
            player.arm = "on" if on else "off"

    def opened(self, connection: Connection) -> None:
        """A connection carries; under the older rule it replaces those of its type."""
        if self.flags is None:
            return
        player = connection.player
        if len(_open(player, connection.connection_type)) > 1:
            self._crowded.add(player.id)
            if player.arm == "off":
                self._replace(player)

    def turn(self) -> None:
        """What the operator said meanwhile reaches those whom it concerns."""
        for player_id in list(self._crowded):
            player = self._node.hub.players.get(player_id)
            if player is None or not _crowd(player):
                self._crowded.discard(player_id)
                continue
            self.assign(player)
            if player.arm == "off":
                self._replace(player)

    def _replace(self, player: LocalPlayer) -> None:
        """End all but the newest connection of each type; what waits for them is written first."""
        for older in _crowd(player):
            self._node.stats.arms["off"].replaced += 1
            self._node.end(older, REPLACED)
        self._crowded.discard(player.id)


def _open(player: LocalPlayer, connection_type: ConnectionType) -> list[Connection]:
    """A player's open connections of a type, the newest last."""
    return [
        each
        for each in player.connections.values()
        if each.connection_type == connection_type and each.transport is not None
    ]


def _crowd(player: LocalPlayer) -> list[Connection]:
    """All of a player's open connections but the newest of each type."""
    return [*_open(player, "websocket")[:-1], *_open(player, "sse")[:-1]]

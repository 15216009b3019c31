"""Looking: who is there, on which connections, and how they are. Nothing here changes anything."""

from __future__ import annotations

from ..codes import PEER_GONE
from ..runtime.node import Node
from ..types import JSONObject, player_id_of
from .picture import Picture
from .sending import PlayerId, Sending

__all__ = ["Looking"]


class Looking(Sending):
    """Shows what is, in the specification's shapes."""

    def __init__(self, node: Node) -> None:
        super().__init__(node)
        self._picture = picture = Picture(node)
        self.active_websockets = picture.active_websockets
        """The application's WebSocket objects by connection id. A live view."""
        self.player_websockets = picture.player_websockets
        """Ids of each player's WebSocket connections. A live view."""
        self.active_sse_connections = picture.active_sse_connections
        """Ids of each player's SSE connections. A live view."""
        self.connection_metadata = picture.connection_metadata
        """:class:`~dualwire.ConnectionMetadata` by connection id. A live view."""
        self.online_players = picture.online_players
        """What is known of everybody who is in the game. A live view."""
        self.room_subscriptions = picture.room_subscriptions
        """Ids of the players subscribed to each room. A live view."""
        self.message_queue = picture.message_queue
        """``message_queue.pending_messages``: what no connection has been written yet."""

    def get_room_occupants(self, room_id: str) -> list[JSONObject]:
        """What is known of the players who are subscribed to a room and present."""
        members = self.node.engine.members_of(str(room_id))
        online = self.online_players
        return [online[player_id] for player_id in sorted(members) if player_id in online]

    def get_online_players(self) -> list[JSONObject]:
        """What is known of everybody who is in the game."""
        return list(self.online_players.values())

    def get_active_connections(self, player_id: PlayerId) -> dict[str, list[str]]:
        """Get all active connections for a player.

        Returns:
            Connection ids by type; the keys ``websocket`` and ``sse`` are always there.
        """
        player = player_id_of(player_id)
        return {
            "websocket": list(self.player_websockets.get(player, ())),
            "sse": list(self.active_sse_connections.get(player, ())),
        }

    async def check_connection_health(self, player_id: PlayerId) -> dict[str, bool]:
        """Check health of all connections for a player. Reads only: it sends and ends nothing.

        Returns:
            For each type that the player has: whether some connection of it is healthy.
        """
        stats, began = self.node.stats, self.node.clock.now()
        health = self._picture.health(player_id_of(player_id))
        stats.health_checks += 1
        stats.health_check.add(self.node.clock.now() - began)
        return health

    def get_acknowledged_lag(self, player_id: PlayerId) -> dict[str, int]:
        """How many entries of each stream no client of a player has acknowledged yet.

        Returns:
            By stream, for those streams that some client of the session acknowledged at all.
        """
        player = self.node.hub.players.get(player_id_of(player_id))
        lag: dict[str, int] = {}
        for stream, seen in player.acknowledged.items() if player else ():
            tail = self.node.engine.log(stream).position
            if tail.epoch == seen.epoch:
                lag[stream] = tail.offset - seen.offset
        return lag

    async def cleanup_dead_connections(self, player_id: PlayerId) -> int:
        """Clean up connections of a player whose peer is gone; living ones are left alone.

        Returns:
            How many there were.
        """
        player = self.node.hub.players.get(player_id_of(player_id))
        dead = [
            each
            for each in (player.connections.values() if player else ())
            if each.transport is not None and not each.transport.alive
        ]
        for connection in dead:
            self.node.closed_by_peer(connection, PEER_GONE)
        return len(dead)

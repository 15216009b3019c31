"""The specification's attributes: what is, shown in its shapes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..core.cursor import merge
from ..core.encoding.json import decode_object
from ..core.health import judge
from ..core.lifecycle import State
from ..core.reading import Place
from ..runtime.audience import LocalPlayer
from ..runtime.connection import Connection
from ..runtime.node import Node
from ..types import (
    ConnectionMetadata,
    ConnectionType,
    Cursor,
    Event,
    JSONObject,
    Loss,
    Presence,
)
from .views import ListView, MapView, SetView

__all__ = ["MessageQueue", "Picture"]


class MessageQueue:
    """What waits. There is no queue behind it: each connection has its own place in the log."""

    def __init__(self, pending: MapView[str, ListView[JSONObject]]) -> None:
        self.pending_messages = pending
        """By player: the events that no connection has been written yet. A live view."""


class Picture:
    """Live views of one node in the specification's shapes."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self.active_websockets: MapView[str, object] = MapView(
            "active_websockets",
            "connect_websocket(websocket, player_id) and disconnect(connection_id)",
            lambda: [
                each.id for each in self._connections() if each.connection_type == "websocket"
            ],
            self._socket,
        )
        self.player_websockets = self._ids_view("player_websockets", "websocket")
        self.active_sse_connections = self._ids_view("active_sse_connections", "sse")
        self.connection_metadata: MapView[str, ConnectionMetadata] = MapView(
            "connection_metadata",
            "connect_websocket, connect_sse and disconnect",
            lambda: [each.id for each in self._connections()],
            lambda connection_id: self._metadata(self._connection(connection_id)),
        )
        self.online_players: MapView[str, JSONObject] = MapView(
            "online_players",
            "describe_player(player_id, ...) or disconnect_player(player_id)",
            self._presence,
            self._online,
        )
        self.room_subscriptions: MapView[str, SetView[str]] = MapView(
            "room_subscriptions",
            "subscribe_to_room(player_id, room_id) and unsubscribe_from_room(player_id, room_id)",
            self._memberships,
            self._members,
        )
        self.message_queue = MessageQueue(
            MapView(
                "message_queue.pending_messages",
                "send_personal_message(player_id, event)",
                lambda: [each for each in node.hub.players if next(self._pending(each), None)],
                lambda player_id: ListView(
                    self._pending(player_id),
                    "message_queue.pending_messages",
                    "send_personal_message(player_id, event)",
                ),
            )
        )

    def health(self, player_id: str) -> dict[str, bool]:
        """For each connection type that the player has: whether some connection is healthy."""
        healthy: dict[str, bool] = {}
        for connection in self._of(player_id):
            known = healthy.get(connection.connection_type, False)
            healthy[connection.connection_type] = known or self._is_healthy(connection)
        return healthy

    # Asked of the node each time: a server may choose another engine before the start.

    def _presence(self) -> Mapping[str, Presence]:
        return self._node.engine.presence()

    def _memberships(self) -> Mapping[str, frozenset[str]]:
        return self._node.engine.members()

    def _connections(self) -> list[Connection]:
        return [each for each in self._node.connections.values() if not each.ended]

    def _of(self, player_id: str) -> list[Connection]:
        player = self._node.hub.players.get(player_id)
        return list(player.connections.values()) if player else []

    def _connection(self, connection_id: str) -> Connection:
        connection = self._node.connections[connection_id]
        if connection.ended:
            raise KeyError(connection_id)
        return connection

    def _socket(self, connection_id: str) -> object:
        connection = self._connection(connection_id)
        if connection.connection_type != "websocket":
            raise KeyError(connection_id)
        return connection.socket

    def _ids_view(self, name: str, connection_type: ConnectionType) -> MapView[str, ListView[str]]:
        instead = f"connect_{connection_type} and disconnect(connection_id)"

        def ids(player_id: str) -> list[str]:
            return [
                each.id for each in self._of(player_id) if each.connection_type == connection_type
            ]

        def of_player(player_id: str) -> ListView[str]:
            found = ids(player_id)
            if not found:
                raise KeyError(player_id)
            return ListView(found, name, instead)

        return MapView(
            name, instead, lambda: [each for each in self._node.hub.players if ids(each)], of_player
        )

    def _metadata(self, connection: Connection) -> ConnectionMetadata:
        clock = self._node.clock
        return ConnectionMetadata(
            connection_id=connection.id,
            player_id=connection.player.id,
            connection_type=connection.connection_type,
            established_at=connection.established_at,
            last_seen=clock.wall() - (clock.now() - connection.seen_at),
            is_healthy=self._is_healthy(connection),
            session_id=connection.session_id,
        )

    def _is_healthy(self, connection: Connection) -> bool:
        now = self._node.clock.now()
        return judge(connection.vitals(0.0), now, self._node.config.heartbeat) == "healthy"

    def _members(self, room_id: str) -> SetView[str]:
        members = self._node.engine.members_of(room_id)
        if not members:
            raise KeyError(room_id)
        return SetView(members, "room_subscriptions", "subscribe_to_room(player_id, room_id)")

    def _online(self, player_id: str) -> JSONObject:
        presence = self._node.engine.presence_of(player_id)
        if presence is None:
            raise KeyError(player_id)
        connections = self._of(player_id)
        return {
            "player_name": player_id,
            **presence.info,
            "player_id": player_id,
            "connected_at": presence.connected_at,
            "connection_types": sorted({each.connection_type for each in connections}),
            "total_connections": len(presence.connections),
        }

    def _pending(self, player_id: str) -> Iterator[JSONObject]:
        """The events that no connection of a player has been written yet, oldest first."""
        player = self._node.hub.players.get(player_id)
        place = self._written(player) if player else None
        while player is not None and place is not None:
            due = player.reader.next(place)
            if due is None:
                return
            if not isinstance(due, Loss):
                body = due[1].body
                if type(body) is Event and player_id not in body.exclude:
                    yield decode_object(body.payload)

    def _written(self, player: LocalPlayer) -> Place | None:
        """Up to where some connection of a player was written."""
        written: Cursor = dict(player.written)
        for connection in player.connections.values():
            place = self._node.hub.written(connection)
            if place is not None:
                merge(written, place.positions)
        if written:
            return player.reader.at_cursor(written)
        for connection in player.connections.values():
            if connection.state is State.RESERVED and connection.place is not None:
                return Place(dict(connection.place.positions))
        return None

"""Who on this node is given what: players with their connections, streams with their audiences."""

from __future__ import annotations

from ..core.encoding import Encoding
from ..core.reading import Reader
from ..types import Cursor, Position, player_stream
from .connection import Connection

__all__ = ["Audience", "LocalPlayer"]


class LocalPlayer:
    """A player with a session on this node."""

    __slots__ = ("carrier", "connections", "id", "reader", "rooms", "stream", "written")

    def __init__(self, player_id: str, reader: Reader, rooms: set[str]) -> None:
        self.id = player_id
        self.stream = player_stream(player_id)
        self.reader = reader
        self.rooms = rooms
        """Streams of the rooms that the player is in, as of the hub's position in its stream."""
        self.connections: dict[str, Connection] = {}
        """Those that were not told to end, oldest first."""
        self.carrier: Connection | None = None
        """Where plain twins stand by: the one connection that carries the player's events."""
        self.written: Cursor = {}
        """Up to where connections of this session that have ended were written."""


class Audience:
    """The connections of this node that carry one stream, and where the hub stands in it."""

    __slots__ = ("live", "players", "position")

    def __init__(self, position: Position) -> None:
        self.position = position
        self.live: dict[Encoding, dict[Connection, None]] = {}
        self.players = 0
        """Local players who are in it, connected or not."""

    def add(self, connection: Connection) -> None:
        """A connection stands where the hub stands."""
        self.live.setdefault(connection.encoding, {})[connection] = None

    def remove(self, connection: Connection) -> None:
        """A connection does no longer."""
        group = self.live.get(connection.encoding)
        if group is not None:
            group.pop(connection, None)
            if not group:
                del self.live[connection.encoding]

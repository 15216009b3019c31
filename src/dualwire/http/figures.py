"""Figures of one moment, computed from the node's registry: nothing is counted twice or kept."""

from __future__ import annotations

from collections.abc import Sequence

from ..manager import ConnectionManager
from ..types import ConnectionMetadata

__all__ = ["Figures", "share"]

HOUR = 3600.0


class Figures:
    """The connections that carry events now, and whose they are.

    Args:
        manager: whose node is looked at.
    """

    def __init__(self, manager: ConnectionManager) -> None:
        node = manager.node
        self._wall = node.clock.wall()
        self.connections: list[ConnectionMetadata] = [
            metadata
            for connection_id, metadata in manager.connection_metadata.items()
            if node.connections[connection_id].carries
        ]
        self.by_player: dict[str, list[ConnectionMetadata]] = {}
        """Players with connections on this node."""
        for each in self.connections:
            self.by_player.setdefault(each.player_id, []).append(each)
        self.sessions: dict[str, str] = {}
        """Current sessions of players who are present (or connected here), by player."""
        for player_id in {*node.engine.presence(), *self.by_player}:
            session_id = node.engine.session_of(player_id)
            if session_id is not None:
                self.sessions[player_id] = session_id

    def count(self, connection_type: str) -> int:
        """Connections of one type."""
        return sum(each.connection_type == connection_type for each in self.connections)

    def players_with(self, *types: str) -> int:
        """Players who have connections of exactly these types."""
        wanted = set(types)
        return sum(
            {each.connection_type for each in mine} == wanted for mine in self.by_player.values()
        )

    def healthy(self, connection_type: str | None = None) -> int:
        """Healthy connections, of one type or of all."""
        return sum(
            each.is_healthy and connection_type in (None, each.connection_type)
            for each in self.connections
        )

    @property
    def ages(self) -> Sequence[float]:
        """Seconds that each connection lives."""
        return [max(0.0, self._wall - each.established_at) for each in self.connections]

    def older_than(self, seconds: float) -> int:
        """Connections that live longer than that. Age is no defect: it is reported, not judged."""
        return sum(age > seconds for age in self.ages)

    @property
    def silent(self) -> int:
        """Connections without a sign of life from the peer for an hour."""
        return sum(self._wall - each.last_seen > HOUR for each in self.connections)


def share(part: float, whole: float) -> float | None:
    """Percent, ``None`` where there is nothing to have a share in."""
    return round(100.0 * part / whole, 2) if whole else None

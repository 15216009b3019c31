"""What monitoring counts: the connections that carry, at the moment of the question.

One pass over the connections, whatever is asked: a scrape of 10,000 must not be felt by players.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from ..core.health import judge
from ..manager import ConnectionManager
from ..runtime.connection import Connection

__all__ = ["HOUR", "Carrying", "Figures", "share"]

HOUR = 3600.0


@dataclass(slots=True)
class Carrying:
    """A connection that carries events now."""

    connection: Connection
    is_healthy: bool
    waiting: int
    """Bytes given to it that the network has not taken."""


class Figures:
    """The connections that carry events now, and whose they are.

    Args:
        manager: whose node is looked at.
    """

    def __init__(self, manager: ConnectionManager) -> None:
        node = manager.node
        self._node = node
        self._wall, self._now = node.clock.wall(), node.clock.now()
        heartbeat, now = node.config.heartbeat, self._now
        self.connections: list[Carrying] = []
        self.states: Counter[str] = Counter()
        """All connections, by where they are in their life."""
        self.by_player: dict[str, list[Carrying]] = {}
        """Players with connections on this node."""
        for each in node.connections.values():
            self.states[each.state.value] += 1
            if not each.carries:
                continue
            waiting = each.waiting
            transport = each.transport
            # Most have nothing waiting, and a peer: there is nothing to judge about them.
            well = not waiting and transport is not None and transport.alive
            healthy = well or judge(each.vitals(0.0), now, heartbeat) == "healthy"
            one = Carrying(each, healthy, waiting)
            self.connections.append(one)
            self.by_player.setdefault(each.player.id, []).append(one)
        self.types: Counter[str] = Counter(
            each.connection.connection_type for each in self.connections
        )
        self._healthy: Counter[str] = Counter(
            each.connection.connection_type for each in self.connections if each.is_healthy
        )

    @property
    def sessions(self) -> int:
        """Current sessions of players who are present (or connected here)."""
        engine = self._node.engine
        players = {*engine.presence(), *self.by_player}
        return sum(engine.session_of(each) is not None for each in players)

    def count(self, connection_type: str) -> int:
        """Connections of one type."""
        return self.types[connection_type]

    def players_with(self, *types: str) -> int:
        """Players who have connections of exactly these types."""
        wanted = set(types)
        return sum(
            {each.connection.connection_type for each in mine} == wanted
            for mine in self.by_player.values()
        )

    def players_by_count(self, connection_type: str) -> Counter[int]:
        """How many players have so many connections of one type; those without are not counted."""
        found: Counter[int] = Counter()
        for mine in self.by_player.values():
            found[sum(each.connection.connection_type == connection_type for each in mine)] += 1
        del found[0]
        return found

    def healthy(self, connection_type: str | None = None) -> int:
        """Healthy connections, of one type or of all."""
        if connection_type is None:
            return self._healthy.total()
        return self._healthy[connection_type]

    @property
    def waiting(self) -> int:
        """Bytes that wait for all of them."""
        return sum(each.waiting for each in self.connections)

    @property
    def longest_waiting(self) -> int:
        """Bytes that wait for the one for which most do."""
        return max((each.waiting for each in self.connections), default=0)

    @property
    def longest_lag(self) -> int:
        """Entries of a player's own stream that no client acknowledged, of who lags most."""
        most = 0
        log = self._node.engine.log
        for player in self._node.hub.players.values():
            seen = player.acknowledged.get(player.stream)
            if seen is not None:
                tail = log(player.stream).position
                if tail.epoch == seen.epoch:
                    most = max(most, tail.offset - seen.offset)
        return most

    @property
    def arms(self) -> Counter[str]:
        """Players with connections on this node, by their side of a rollout."""
        return Counter(mine[0].connection.player.arm for mine in self.by_player.values())

    @property
    def ages(self) -> list[float]:
        """Seconds that each connection lives."""
        return [max(0.0, self._wall - each.connection.established_at) for each in self.connections]

    def older_than(self, seconds: float) -> int:
        """Connections that live longer than that. Age is no defect: it is reported, not judged."""
        return sum(age > seconds for age in self.ages)

    @property
    def silent(self) -> int:
        """Connections without a sign of life from the peer for an hour."""
        return sum(self._now - each.connection.seen_at > HOUR for each in self.connections)


def share(part: float, whole: float) -> float | None:
    """Percent, ``None`` where there is nothing to have a share in."""
    return round(100.0 * part / whole, 2) if whole else None

"""What monitoring counts: the connections that carry, at the moment of the question.

One pass over the connections that makes no object for any of them, in slices between which the
event loop turns: looking at 10,000 must not be felt by players.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from ..core.health import judge
from ..core.lifecycle import State
from ..manager import ConnectionManager
from ..runtime.audience import LocalPlayer

__all__ = ["HOUR", "WELL", "Figures", "Slow", "share"]

T = TypeVar("T")

HOUR = 3600.0
WELL = 80.0
"""Percent of healthy connections below which a session, or the whole, is called degraded."""

SLICE = 256
"""Players looked at in one turn of the loop."""

_CARRYING = (State.LIVE, State.READING)


@dataclass(frozen=True, slots=True)
class Slow:
    """A player whose connections do not take what they are given."""

    player: LocalPlayer
    waiting: int
    """Bytes that wait for them."""
    degraded: int
    """How many of them are degraded."""


class Figures:
    """The connections that carry events now, and whose they are.

    Args:
        manager: whose node is looked at.
        at_once: look at everything now; else :meth:`look` does it.
    """

    def __init__(self, manager: ConnectionManager, *, at_once: bool = True) -> None:
        node = self._node = manager.node
        self._wall, self._now = node.clock.wall(), node.clock.now()
        self.online = node.engine.presence()
        """Everybody who is present, by player."""
        self.types: Counter[str] = Counter()
        """How many there are of each type."""
        self.arms: Counter[str] = Counter()
        """Players with connections on this node, by their side of a rollout."""
        self.waiting = 0
        """Bytes that wait for all of them."""
        self.longest_waiting = 0
        """Bytes that wait for the one for which most do."""
        self.slow: list[Slow] = []
        """Players for whom something waits."""
        self.well = 0
        """Players whose connections are healthy, all but :data:`WELL` percent."""
        self._healthy: Counter[str] = Counter()
        self._combinations: Counter[tuple[int, int]] = Counter()
        self._sessions = 0
        self._established: list[float] = []
        self._seen: list[float] = []
        if at_once:
            for player in node.hub.players.values():
                self._count(player)
            for player_id in self.online:
                self._count_absent(player_id)

    @classmethod
    async def look(cls, manager: ConnectionManager) -> Figures:
        """Look at everything, in slices between which the event loop turns."""
        figures = cls(manager, at_once=False)
        await _in_slices(list(manager.node.hub.players.values()), figures._count)
        await _in_slices(list(figures.online), figures._count_absent)
        return figures

    def _count_absent(self, player_id: str) -> None:
        """A player who is present by a connection elsewhere, or in grace."""
        player = self._node.hub.players.get(player_id)
        # Who is connected here was counted.
        if player is None or not player.connections:
            self._sessions += self._node.engine.session_of(player_id) is not None

    def _count(self, player: LocalPlayer) -> None:
        if not player.connections:
            return
        heartbeat, now = self._node.config.heartbeat, self._now
        websockets = streams = healthy = waiting = 0
        for each in player.connections.values():
            if each.state not in _CARRYING:
                continue
            transport, bytes_ = each.transport, each.outbox_size
            if transport is not None:
                bytes_ += transport.buffered
            kind = each.connection_type
            if kind == "websocket":
                websockets += 1
            else:
                streams += 1
            self._established.append(each.established_at)
            self._seen.append(each.seen_at)
            if bytes_:
                waiting += bytes_
                self.longest_waiting = max(self.longest_waiting, bytes_)
            # Most have nothing waiting, and a peer: there is nothing to judge about them.
            well = not bytes_ and transport is not None and transport.alive
            if well or judge(each.vitals(0.0), now, heartbeat) == "healthy":
                healthy += 1
                self._healthy[kind] += 1
        count = websockets + streams
        self._sessions += self._node.engine.session_of(player.id) is not None
        if not count:
            return
        self.types["websocket"] += websockets
        self.types["sse"] += streams
        self.arms[player.arm] += 1
        self._combinations[websockets, streams] += 1
        self.well += 100.0 * healthy >= WELL * count
        if waiting:
            self.waiting += waiting
            self.slow.append(Slow(player, waiting, count - healthy))

    @property
    def total(self) -> int:
        """All connections."""
        return self.types.total()

    @property
    def players(self) -> int:
        """Players with connections on this node."""
        return self._combinations.total()

    @property
    def sessions(self) -> int:
        """Current sessions of players who are present (or connected here)."""
        return self._sessions

    @property
    def states(self) -> Counter[str]:
        """All connections, by where they are in their life."""
        states = Counter(each.state for each in self._node.connections.values())
        return Counter({state.value: count for state, count in states.items()})

    def count(self, connection_type: str) -> int:
        """Connections of one type."""
        return self.types[connection_type]

    def players_with(self, *types: str) -> int:
        """Players who have connections of exactly these types."""
        wanted = "websocket" in types, "sse" in types
        return sum(
            players
            for (websockets, streams), players in self._combinations.items()
            if (websockets > 0, streams > 0) == wanted
        )

    def players_by_count(self, connection_type: str) -> Counter[int]:
        """How many players have so many connections of one type; those without are not counted."""
        found: Counter[int] = Counter()
        for (websockets, streams), players in self._combinations.items():
            found[websockets if connection_type == "websocket" else streams] += players
        del found[0]
        return found

    @property
    def players_by_size(self) -> Counter[int]:
        """How many players have so many connections of both types together."""
        found: Counter[int] = Counter()
        for sizes, players in self._combinations.items():
            found[sum(sizes)] += players
        return found

    def healthy(self, connection_type: str | None = None) -> int:
        """Healthy connections, of one type or of all."""
        if connection_type is None:
            return self._healthy.total()
        return self._healthy[connection_type]

    @property
    def longest_lag(self) -> int:
        """Entries of a player's own stream that no client acknowledged, of who lags most."""
        return max(self.lags().values(), default=0)

    def lags(self) -> dict[str, int]:
        """The same for each player whose clients have something to acknowledge yet."""
        found: dict[str, int] = {}
        log = self._node.engine.log
        for player in self._node.hub.players.values():
            seen = player.acknowledged.get(player.stream)
            if seen is not None:
                tail = log(player.stream).position
                if tail.epoch == seen.epoch and tail.offset > seen.offset:
                    found[player.id] = tail.offset - seen.offset
        return found

    @property
    def ages(self) -> list[float]:
        """Seconds that each connection lives."""
        return [max(0.0, self._wall - each) for each in self._established]

    def older_than(self, seconds: float) -> int:
        """Connections that live longer than that. Age is no defect: it is reported, not judged."""
        return sum(age > seconds for age in self.ages)

    @property
    def silent(self) -> int:
        """Connections without a sign of life from the peer for an hour."""
        return sum(self._now - each > HOUR for each in self._seen)


async def _in_slices(items: Sequence[T], count: Callable[[T], None]) -> None:
    for first in range(0, len(items), SLICE):
        for item in items[first : first + SLICE]:
            count(item)
        await asyncio.sleep(0)


def share(part: float, whole: float) -> float | None:
    """Percent, ``None`` where there is nothing to have a share in."""
    return round(100.0 * part / whole, 2) if whole else None

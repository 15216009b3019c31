"""What players may do on a node: connections that they open, and how often."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from typing import TYPE_CHECKING

import structlog

from ..config import Config
from ..core.connection_ids import Known
from ..core.limits import Buckets, Rate
from ..exceptions import CapacityError
from ..types import ConnectionType, JSONObject
from .stats import Stats

if TYPE_CHECKING:
    from .audience import LocalPlayer

__all__ = ["Limiter"]

log = structlog.get_logger("dualwire")

PLAYERS = 100_000
"""Players whose openings are remembered."""

WARN_AGAIN = 10.0
"""Seconds between two warnings of one player at the least."""

MINUTE = 60.0
UNTOLD = 0.25
"""Share of a minute's openings that other nodes are not told of."""


class Limiter:
    """Refuses what is too much, and counts that.

    Args:
        config: says how much.
        stats: where it is counted.
        caution: gives a player's connections a warning.
    """

    def __init__(
        self, config: Config, stats: Stats, caution: Callable[[str, JSONObject], None]
    ) -> None:
        self._limits = config.limits
        self._retry_after = config.heartbeat.interval
        self._stats = stats
        self._caution = caution
        self._warned: dict[str, float] = {}
        """When players were warned the last time."""
        self._opened: Counter[tuple[str, str]] = Counter()
        """What players opened in this minute, of each kind."""
        self._told: Counter[tuple[str, str]] = Counter()
        """What of that other nodes were told."""
        self._minute = 0.0
        openings = config.rates.openings
        self._openings: Buckets[tuple[str, str]] | None = None
        if openings is not None:
            self._openings = Buckets(Rate(openings / 60.0, max(1.0, openings)), PLAYERS)
        self._connections = 0
        self._by_address: Counter[str] = Counter()

    def opened(self, address: str | None) -> None:
        """A connection was registered."""
        self._connections += 1
        if address is not None:
            self._by_address[address] += 1

    def ended(self, address: str | None) -> None:
        """A connection that was registered ended."""
        self._connections -= 1
        if address is not None:
            self._by_address[address] -= 1
            if not self._by_address[address]:
                del self._by_address[address]

    def check_place(self, address: str | None) -> None:
        """Refuse a connection where the node, or its address, has too many.

        Raises:
            CapacityError: it has.
        """
        most = self._limits.connections_per_node
        if most is not None and self._connections >= most:
            raise self._full("node", f"this node has {most} connections, as many as it may")
        most = self._limits.connections_per_address
        if address is not None and most is not None and self._by_address[address] >= most:
            raise self._full(
                "address", f"there are {most} connections from this address, as many as may be"
            )

    def check_player(
        self,
        player: LocalPlayer | None,
        connection_type: ConnectionType,
        elsewhere: Collection[Known] = (),
    ) -> None:
        """Refuse a connection where its player has too many.

        Args:
            player: whose; ``None`` for one who has none here.
            connection_type: of the connection.
            elsewhere: what the player has on other nodes.

        Raises:
            CapacityError: it has.
        """
        here = player.connections.values() if player is not None else ()
        kinds = [each.connection_type for each in (*here, *elsewhere)]
        most, count = self._limits.connections_per_type, kinds.count(connection_type)
        if count >= most:
            raise self._full(
                "type",
                f"a player may have {most} {connection_type} connections, "
                f"and this one has {count}; close one first",
            )
        most_of_all = self._limits.connections_per_player
        if most_of_all is not None and len(kinds) >= most_of_all:
            raise self._full(
                "player",
                f"a player may have {most_of_all} connections, "
                f"and this one has {len(kinds)}; close one first",
            )

    def open(self, player_id: str, what: str, now: float) -> None:
        """Count what a player opens.

        Args:
            player_id: who.
            what: ``websocket``, ``sse``, or ``ticket``.
            now: monotonic seconds.

        Raises:
            CapacityError: it was too much, and was not counted.
        """
        if self._openings is None:
            return
        self._turn(now)
        self._opened[player_id, what] += 1
        wait = self._openings.take((player_id, what), now)
        if wait > self._openings.rate.alarm:
            self._warn(player_id, what, now)
        if wait > 0.0:
            self._stats.rate_limited["opening", "refused"] += 1
            log.info("rate_limited", player=player_id, what=what, outcome="refused")
            raise CapacityError(
                f"too many openings ({what}) within a minute; try again in {math.ceil(wait)} s",
                retry_after=float(math.ceil(wait)),
            )

    def wait(self, player_id: str, what: str, now: float) -> float:
        """Seconds until a player may open another one; not above 0 if it may now."""
        if self._openings is None:
            return 0.0
        return self._openings.wait((player_id, what), now)

    def spent(self, now: float) -> Iterator[tuple[str, JSONObject]]:
        """Players who opened more than a quarter of what they may in this minute, with how much
        that is since this was asked the last time."""
        if self._openings is None:
            return
        self._turn(now)
        most = self._openings.rate.burst * UNTOLD
        for (player_id, what), count in self._opened.items():
            new = count - self._told[player_id, what]
            if count > most and new:
                self._told[player_id, what] = count
                yield player_id, {"what": what, "opened": new}

    def charge(self, player_id: str, what: str, opened: float, now: float) -> None:
        """Count what a player opened on another node."""
        if self._openings is not None:
            self._openings.charge((player_id, what), now, opened)

    def _turn(self, now: float) -> None:
        if now - self._minute >= MINUTE:
            self._minute = now
            self._opened.clear()
            self._told.clear()

    def _warn(self, player_id: str, what: str, now: float) -> None:
        """Tell the connections that a player has that it will soon get no more."""
        if now - self._warned.get(player_id, -WARN_AGAIN) < WARN_AGAIN:
            return
        self._warned = {each: at for each, at in self._warned.items() if now - at < WARN_AGAIN}
        self._warned[player_id] = now
        self._stats.rate_limited["opening", "warned"] += 1
        message = f"you open connections ({what}) faster than the server lets you for long; "
        message += "keep those that you have"
        self._caution(player_id, {"type": "warning", "reason": "rate_limited", "message": message})

    def _full(self, what: str, message: str) -> CapacityError:
        self._stats.rate_limited[f"{what}_connections", "refused"] += 1
        return CapacityError(message, retry_after=self._retry_after)

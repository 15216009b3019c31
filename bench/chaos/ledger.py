"""What the publisher knows: what it published, and who was where meanwhile."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from dualwire.types import GLOBAL, JSONObject, player_stream

__all__ = ["Ledger", "Stay"]


@dataclass(slots=True)
class Stay:
    """A player is due a stream's events above ``after``, up to and including ``until``."""

    after: int
    until: int | None = None
    """``None`` while it lasts."""


class Ledger:
    """The publisher's own counters: none of the server's numbers are in here."""

    def __init__(self) -> None:
        self.orders: dict[str, list[int]] = defaultdict(list)
        """By stream: the order of each of its events."""
        self.published = 0
        self._stays: dict[tuple[str, str], list[Stay]] = defaultdict(list)

    def publish(self, stream: str) -> JSONObject:
        """Number the next event of a stream; its payload."""
        self.published += 1
        self.orders[stream].append(self.published)
        return {"stream": stream, "n": len(self.orders[stream]), "order": self.published}

    def enter(self, player: str, stream: str) -> None:
        """The player is due what comes from now on."""
        self._stays[player, stream].append(Stay(after=self.count(stream)))

    def leave(self, player: str, stream: str) -> None:
        """The player is due nothing more."""
        self._stays[player, stream][-1].until = self.count(stream)

    def is_in(self, player: str, stream: str) -> bool:
        """Whether the player is due what comes."""
        stays = self._stays[player, stream]
        return bool(stays) and stays[-1].until is None

    def count(self, stream: str) -> int:
        """Events of a stream so far."""
        return len(self.orders[stream])

    def counts(self) -> dict[str, int]:
        """Events of every stream so far."""
        return {stream: len(orders) for stream, orders in self.orders.items()}

    def streams(self, player: str) -> Iterator[str]:
        """The streams that the player was ever due anything of."""
        yield from (player_stream(player), GLOBAL)
        for who, stream in list(self._stays):
            if who == player:
                yield stream

    def stays(self, player: str, stream: str) -> list[Stay]:
        """When the player was due a stream's events."""
        if stream in (player_stream(player), GLOBAL):
            return [Stay(after=0)]
        return self._stays[player, stream]

"""What a node knows by itself of its players, to be put back into a Redis that lost it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from ...exceptions import EngineError
from ...types import EventTypes, player_stream
from .players import Known, Players
from .roster import Roster
from .streams import Streams

__all__ = ["OwnPlayers"]

FEW = 500
"""Players put back at once."""


class OwnPlayers:
    """Players with connections on this node, or whose streams it follows.

    Args:
        roster: everybody, as the index says.
        streams: what this node follows.
        players: operations on players.
    """

    def __init__(self, roster: Roster, streams: Streams, players: Players) -> None:
        self._roster = roster
        self._streams = streams
        self._players = players
        self._attached: dict[str, dict[str, None]] = {}
        self.left_out: set[str] = set()
        """Players who are still to be put back."""
        self.types: dict[str, EventTypes | None] = {}
        """What was decided about the types of events that their sessions carry."""

    def attach(self, player_id: str, connection_id: str) -> None:
        """A connection lives here."""
        self._attached.setdefault(player_id, {})[connection_id] = None

    def detach(self, player_id: str, connection_id: str) -> None:
        """A connection ended."""
        connections = self._attached.get(player_id)
        if connections is not None:
            connections.pop(connection_id, None)
            if not connections:
                del self._attached[player_id]

    def forget(self, player_id: str) -> None:
        """A player's session is over: nothing of it is put back."""
        self._attached.pop(player_id, None)
        self.types.pop(player_id, None)
        self._streams.forget_rooms(player_stream(player_id))

    def is_attached(self, player_id: str) -> bool:
        """Whether a connection of a player lives here."""
        return player_id in self._attached

    @property
    def any_attached(self) -> bool:
        """Whether any connection lives here."""
        return bool(self._attached)

    def knows(self, player_id: str) -> bool:
        """Whether a player is known here, whatever the index says."""
        followed = self._streams.follower(player_stream(player_id)) is not None
        return followed or self.is_attached(player_id)

    def is_over(self, player_id: str) -> bool:
        """Whether a player's stream is needed here although there is no session."""
        record = self._roster.get(player_id)
        wanted = self._streams.wants(player_stream(player_id))
        return wanted and (record is None or record.session is None)

    def is_lost(self, player_id: str) -> bool:
        """Whether connections of this node are missing where they should be known."""
        record = self._roster.get(player_id)
        mine = self._attached.get(player_id, {})
        return not set(mine).issubset(record.connections if record is not None else ())

    def all(self) -> list[str]:
        """Every player who is known here."""
        streams = (each.stream for each in self._streams.followed)
        followed = (stream[7:] for stream in streams if stream.startswith("player:"))
        return list(dict.fromkeys((*self._attached, *followed)))

    async def put_back(self, player_id: str) -> None:
        """Put a player back as this node knows them; what is there already counts."""
        record = self._roster.get(player_id)
        follower = self._streams.follower(player_stream(player_id))
        known = Known(
            session=(record.session if record is not None else None) or "",
            types=self.types.get(player_id),
            since=record.since if record is not None else None,
            connections=tuple(self._attached.get(player_id, ())),
            rooms=follower.rooms if follower is not None else {},
            info=record.info if record is not None else {},
        )
        await self._players.restore(player_id, known)

    async def put_all_back(self, players: Iterable[str]) -> None:
        """Put many players back; those with whom that fails are ``left_out``."""
        wanted = list(players)
        names = [each for each in wanted if self.knows(each)]
        self.left_out.difference_update(wanted)
        for start in range(0, len(names), FEW):
            batch = names[start : start + FEW]
            results = await asyncio.gather(*map(self.put_back, batch), return_exceptions=True)
            for player_id, result in zip(batch, results, strict=True):
                if isinstance(result, EngineError):
                    self.left_out.add(player_id)
                elif result is not None:
                    raise result

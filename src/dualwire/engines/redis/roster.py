"""Every player of the cluster as this node knows them: sessions, rooms, presence.

A copy of the index, which is a copy of what the players' slots say. Records carry the version that
their slot gave them, so that whatever order they come in, the newest stays.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from ...types import Presence, room_of

__all__ = ["Record", "Roster", "parse_record"]

GONE = 65_536
"""Players of whom nothing is left, remembered so that an older record does not bring them back."""


class _Written(msgspec.Struct, omit_defaults=True, array_like=False):
    s: str = ""
    p: int | None = None
    c: tuple[str, ...] = ()
    r: tuple[str, ...] = ()
    i: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Record:
    """One player."""

    player_id: str
    version: int
    session: str | None = None
    since: int | None = None
    """Milliseconds since 1970 at which the player came; ``None`` when not present."""
    connections: tuple[str, ...] = ()
    rooms: tuple[str, ...] = ()
    """Streams of the rooms."""
    info: Mapping[str, Any] = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        """Whether nothing is left of the player."""
        return self.session is None and self.since is None and not (self.connections or self.rooms)

    def text(self) -> bytes:
        """As the index has it, without the version; empty if nothing is left."""
        if self.empty:
            return b""
        written = _Written(
            self.session or "", self.since, self.connections, self.rooms, dict(self.info)
        )
        return msgspec.json.encode(written)

    @classmethod
    def of_snapshot(cls, player_id: str, snapshot: Sequence[Any]) -> tuple[Record, bytes]:
        """What a player's slot said of itself, and when somebody has to look at it."""
        version, session, since, due, connections, rooms, info = snapshot
        record = cls(
            player_id,
            int(version),
            session.decode() or None,
            int(since) if since else None,
            tuple(each.decode() for each in connections),
            tuple(each.decode() for each in rooms),
            {
                name.decode(): msgspec.json.decode(value)
                for name, value in zip(info[::2], info[1::2], strict=True)
            },
        )
        return record, due


_decoder = msgspec.json.Decoder(_Written)


def parse_record(player_id: str, text: bytes) -> Record:
    """A record as the index has it, with the version."""
    version, _, rest = text.partition(b" ")
    if not rest:
        return Record(player_id, int(version))
    written = _decoder.decode(rest)
    return Record(
        player_id, int(version), written.s or None, written.p, written.c, written.r, written.i
    )


class Roster:
    """All records, and who is in which room."""

    def __init__(self) -> None:
        self._records: dict[str, Record] = {}
        self._members: dict[str, set[str]] = {}
        self._gone: OrderedDict[str, int] = OrderedDict()

    def put(self, record: Record) -> bool:
        """Take in a record, unless a newer one is here.

        Returns:
            Whether it was news.
        """
        player_id = record.player_id
        known = self._records.get(player_id)
        if record.version <= (known.version if known else self._gone.get(player_id, -1)):
            return False
        before = known.rooms if known else ()
        for stream in set(before).difference(record.rooms):
            self._leave(player_id, stream)
        for stream in record.rooms:
            self._members.setdefault(room_of(stream), set()).add(player_id)
        self._gone.pop(player_id, None)
        if not record.empty:
            self._records[player_id] = record
            return True
        self._records.pop(player_id, None)
        self._gone[player_id] = record.version
        if len(self._gone) > GONE:
            self._gone.popitem(last=False)
        return True

    def get(self, player_id: str) -> Record | None:
        """A player's record, ``None`` if nothing is known."""
        return self._records.get(player_id)

    def forget(self, player_id: str) -> None:
        """The index has no such player (any more)."""
        record = self._records.pop(player_id, None)
        for stream in record.rooms if record else ():
            self._leave(player_id, stream)

    def players(self) -> list[str]:
        """Everybody who is known."""
        return list(self._records)

    def members_of(self, room_id: str) -> frozenset[str]:
        """Who is in a room, present or not."""
        return frozenset(self._members.get(room_id, ()))

    def members(self) -> dict[str, frozenset[str]]:
        """Who is in each room."""
        return {room_id: frozenset(players) for room_id, players in self._members.items()}

    def presence_of(self, player_id: str) -> Presence | None:
        """A player's presence, ``None`` when not present."""
        record = self._records.get(player_id)
        return _shown(record) if record is not None and record.since is not None else None

    def presence(self) -> dict[str, Presence]:
        """Everybody who is present."""
        return {
            player_id: _shown(record)
            for player_id, record in self._records.items()
            if record.since is not None
        }

    def _leave(self, player_id: str, stream: str) -> None:
        room_id = room_of(stream)
        members = self._members.get(room_id)
        if members is not None:
            members.discard(player_id)
            if not members:
                del self._members[room_id]


def _shown(record: Record) -> Presence:
    assert record.since is not None
    return Presence(
        player_id=record.player_id,
        connected_at=record.since / 1000,
        connections=frozenset(record.connections),
        info=dict(record.info),
    )

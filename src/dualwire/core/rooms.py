"""Who is in which room. Membership belongs to the player; the set of members is an index of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..types import Entry, Membership, Position, Subscribed, Unsubscribed

__all__ = ["RoomTable", "membership_at"]


class RoomTable:
    """Memberships of all players."""

    def __init__(self) -> None:
        self._rooms: dict[str, dict[str, Membership]] = {}
        self._members: dict[str, set[str]] = {}

    def enter(self, player_id: str, stream: str, tail: Position) -> Subscribed | None:
        """Put a player into a room.

        Args:
            player_id: the player.
            stream: the room's stream.
            tail: where the room's stream stands now.

        Returns:
            What to append to the player's stream; ``None`` if the player is in already.
        """
        rooms = self._rooms.setdefault(player_id, {})
        if stream in rooms:
            return None
        rooms[stream] = Membership(stream, tail)
        self._members.setdefault(stream, set()).add(player_id)
        return Subscribed(stream=stream, position=tail)

    def leave(self, player_id: str, stream: str, tail: Position) -> Unsubscribed | None:
        """Take a player out of a room.

        Returns:
            What to append to the player's stream; ``None`` if the player was not in.
        """
        rooms = self._rooms.get(player_id, {})
        membership = rooms.pop(stream, None)
        if membership is None:
            return None
        self._forget(player_id, stream)
        if not rooms:
            del self._rooms[player_id]
        return Unsubscribed(stream=stream, start=membership.start, until=tail)

    def rooms_of(self, player_id: str) -> dict[str, Membership]:
        """The player's memberships by stream; a copy."""
        return dict(self._rooms.get(player_id, {}))

    def members(self, stream: str) -> frozenset[str]:
        """Everybody who is in a room, present or not."""
        return frozenset(self._members.get(stream, ()))

    @property
    def all_members(self) -> Mapping[str, set[str]]:
        """Members of every room that has any, by stream."""
        return self._members

    def _forget(self, player_id: str, stream: str) -> None:
        members = self._members[stream]
        members.discard(player_id)
        if not members:
            del self._members[stream]


def membership_at(
    current: Mapping[str, Membership], later: Iterable[Entry]
) -> dict[str, Membership]:
    """The rooms that a player was in at an earlier position of its stream.

    Args:
        current: the memberships now.
        later: the entries of the player's stream after that position, newest first.

    Returns:
        Memberships by stream, computed by undoing ``later``.
    """
    rooms = dict(current)
    for entry in later:
        body = entry.body
        if type(body) is Subscribed:
            rooms.pop(body.stream, None)
        elif type(body) is Unsubscribed:
            rooms[body.stream] = Membership(body.stream, body.start)
    return rooms

"""Who does not want to hear whom."""

from __future__ import annotations

from collections import OrderedDict

from ..types import JSONObject

__all__ = ["Mutes"]

MOST = 100
"""People whom one player may mute."""

PLAYERS = 10_000
"""Players whose mutes are kept; the one longest without a change gives way first."""


class Mutes:
    """Keeps what a muted player says from those who muted it, at the single point of fan-out."""

    def __init__(self) -> None:
        self._muted: OrderedDict[str, dict[str, str]] = OrderedDict()

    def allows(self, player_id: str, event: JSONObject) -> bool:
        """Whether a player gets an event: ``manager.authorize``, so it holds on replay as well."""
        muted = self._muted.get(player_id)
        if not muted or event.get("event_type") != "chat_message":
            return True
        data = event.get("data")
        return not (isinstance(data, dict) and data.get("sender_id") in muted)

    def mute(self, player_id: str, other_id: str, name: str) -> bool:
        """Let a player hear nothing more of another.

        Returns:
            False if the player mutes as many as it may.
        """
        muted = self._muted.setdefault(player_id, {})
        if other_id not in muted and len(muted) >= MOST:
            return False
        self.set(player_id, {**muted, other_id: name})
        return True

    def set(self, player_id: str, muted: dict[str, str]) -> None:
        """Say whom a player does not hear: names by id."""
        self._muted[player_id] = muted
        self._muted.move_to_end(player_id)
        if len(self._muted) > PLAYERS:
            self._muted.popitem(last=False)

    def of(self, player_id: str) -> dict[str, str]:
        """Whom a player does not hear: names by id."""
        return dict(self._muted.get(player_id, {}))

    def knows(self, player_id: str) -> bool:
        """Whether a player ever said anything about it."""
        return player_id in self._muted

    def all(self) -> list[tuple[str, dict[str, str]]]:
        """Everybody who said anything about it, with whom they do not hear."""
        return list(self._muted.items())

    def unmute(self, player_id: str, name: str) -> str | None:
        """Let a player hear another again.

        Returns:
            The other's name as it is written, ``None`` if nobody of that name was muted.
        """
        muted = self._muted.get(player_id, {})
        for other_id, known in muted.items():
            if known.casefold() == name.casefold():
                del muted[other_id]
                return known
        return None

    def names(self, player_id: str) -> list[str]:
        """The names of those whom a player does not hear."""
        return sorted(self._muted.get(player_id, {}).values())

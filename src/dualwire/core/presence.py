"""Presence, derived from connections: a player is there while any of them lives, and for a grace.

=========  ==================  =========  ============================
state      what happens        becomes    effect
=========  ==================  =========  ============================
absent     session claimed     away       none: nobody is there yet
absent     first connection    present    arrived, announced once
present    last one ends       waiting
waiting    a connection        present    none: nobody noticed
waiting    grace is over       away       left, announced once
waiting    session claimed     waiting    none, but its session lives longer
away       a connection        present    arrived
away       session claimed     away       none, but its session lives longer
away       resume is over      absent     the session lapses
any        logout              absent     left at once, if announced
=========  ==================  =========  ============================
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..types import Presence

__all__ = ["PresenceTable", "Transitions"]


_NOTHING: Mapping[str, Any] = {}


@dataclass(slots=True)
class _Slot:
    connected_at: float
    # Replaced, never changed: one or two ids in a tuple are a fifth of a set.
    connections: tuple[str, ...] = ()
    info: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    present: bool = True
    grace_until: float = 0.0
    resume_until: float = 0.0


@dataclass(frozen=True, slots=True)
class Transitions:
    """What became due: who left the game, and whose session lapsed."""

    left: tuple[str, ...] = ()
    lapsed: tuple[str, ...] = ()
    over: tuple[str, ...] = ()
    """Followed players whose session ended on another node: nothing is to be announced or kept."""


class PresenceTable:
    """Presence of all players.

    Args:
        grace: seconds that a player without a connection is still present.
        resume: seconds that its session can be resumed.
    """

    def __init__(self, grace: float, resume: float) -> None:
        self._grace = grace
        self._resume = resume
        self._slots: dict[str, _Slot] = {}
        self._waiting: set[str] = set()

    def attach(self, player_id: str, connection_id: str, now: float, wall: float) -> bool:
        """A connection lives.

        Returns:
            Whether the player just arrived.
        """
        slot = self._slots.get(player_id)
        arrived = slot is None or not slot.present
        if slot is None:
            slot = self._slots[player_id] = _Slot(wall)
        elif arrived:
            slot.connected_at = wall
        slot.present = True
        if connection_id not in slot.connections:
            slot.connections += (connection_id,)
        self._waiting.discard(player_id)
        return arrived

    def expect(self, player_id: str, now: float) -> None:
        """A session was claimed for a connection to come: it lapses if none comes."""
        slot = self._slots.get(player_id)
        if slot is None:
            slot = self._slots[player_id] = _Slot(0.0, present=False)
            self._waiting.add(player_id)
        if player_id in self._waiting:
            slot.resume_until = now + self._resume

    def detach(self, player_id: str, connection_id: str, now: float) -> bool:
        """A connection ended.

        Returns:
            Whether it was the player's last one, so that the grace begins.
        """
        slot = self._slots.get(player_id)
        if slot is None or connection_id not in slot.connections:
            return False
        slot.connections = tuple([each for each in slot.connections if each != connection_id])
        if slot.connections:
            return False
        slot.grace_until = now + self._grace
        slot.resume_until = now + self._resume
        self._waiting.add(player_id)
        return True

    def leave(self, player_id: str) -> bool:
        """The player leaves the game now.

        Returns:
            Whether that has to be announced (not if the player was absent or away).
        """
        slot = self._slots.pop(player_id, None)
        self._waiting.discard(player_id)
        return slot is not None and slot.present

    def describe(self, player_id: str, info: Mapping[str, Any]) -> bool:
        """Keep what the application tells about a player, until its session ends.

        Returns:
            Whether the player is known.
        """
        slot = self._slots.get(player_id)
        if slot is None:
            return False
        slot.info = {**slot.info, **info}
        return True

    def tick(self, now: float) -> Transitions:
        """What became due until ``now``."""
        left: list[str] = []
        lapsed: list[str] = []
        for player_id in sorted(self._waiting):
            slot = self._slots[player_id]
            if slot.present and now >= slot.grace_until:
                slot.present = False
                left.append(player_id)
            if now >= slot.resume_until:
                lapsed.append(player_id)
                del self._slots[player_id]
                self._waiting.discard(player_id)
        return Transitions(tuple(left), tuple(lapsed))

    def get(self, player_id: str) -> Presence | None:
        """The player's presence, ``None`` when absent or away."""
        slot = self._slots.get(player_id)
        return self._shown(player_id, slot) if slot is not None and slot.present else None

    def all(self) -> dict[str, Presence]:
        """Everybody who is present, by player."""
        return {
            player_id: self._shown(player_id, slot)
            for player_id, slot in self._slots.items()
            if slot.present
        }

    def __contains__(self, player_id: object) -> bool:
        slot = self._slots.get(player_id) if isinstance(player_id, str) else None
        return slot is not None and slot.present

    @staticmethod
    def _shown(player_id: str, slot: _Slot) -> Presence:
        return Presence(
            player_id=player_id,
            connected_at=slot.connected_at,
            connections=frozenset(slot.connections),
            info=dict(slot.info),
        )

"""What happened to connections lately, for whoever asks about one player."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from .connection import Connection

__all__ = ["Happening", "Journal", "What"]

What: TypeAlias = Literal["opened", "closed", "refused", "health"]

KEPT = 4096
"""Happenings kept in all: about an hour of a thousand players, in less than 2 MB."""


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened."""

    at: float
    """Wall-clock seconds."""
    player_id: str
    connection_id: str
    """Empty where it concerns no single connection."""
    connection_type: str
    what: What
    detail: str
    """The code's name, the verdict, the reason."""


class Journal:
    """The newest happenings of one node.

    Args:
        wall: wall-clock seconds.
    """

    def __init__(self, wall: Callable[[], float]) -> None:
        self._wall = wall
        self._kept: deque[Happening] = deque(maxlen=KEPT)

    def note(self, connection: Connection, what: What, detail: str) -> None:
        """Keep what happened to a connection; the oldest happening gives way."""
        player_id, kind = connection.player.id, connection.connection_type
        self._kept.append(Happening(self._wall(), player_id, connection.id, kind, what, detail))

    def note_refusal(self, player_id: str, connection_type: str, reason: str) -> None:
        """Keep that a connection was refused; an unknown player is the empty one."""
        kept = Happening(self._wall(), player_id, "", connection_type, "refused", reason)
        self._kept.append(kept)

    def of(self, player_id: str, most: int = 100) -> list[Happening]:
        """A player's, newest first."""
        found = [each for each in reversed(self._kept) if each.player_id == player_id]
        return found[:most]

    def newest(self, most: int, *without: What) -> list[Happening]:
        """Everybody's, newest first, some kinds left out."""
        found: list[Happening] = []
        for each in reversed(self._kept):
            if len(found) == most:
                break
            if each.what not in without:
                found.append(each)
        return found

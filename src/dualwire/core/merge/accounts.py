"""What a receiver keeps: of each stream, and of each connection."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from ...types import Position
from .frames import Frame

__all__ = ["Account", "Carrier", "Track"]


@dataclass(slots=True)
class Track:
    """A stream that the player is due."""

    epoch: str
    next: int
    """The first offset that is still wanted."""
    since: int = 0
    """For a room: the offset of the player's stream that let the player in."""
    begin: int = 0
    """Where it began to be due: everything from here to ``next`` was handed on, or told missing."""

    def __post_init__(self) -> None:
        self.begin = self.begin or self.next


@dataclass(slots=True)
class Account:
    """How far one connection has accounted for one stream."""

    epoch: str
    next: int
    """The first offset that it will still write."""
    reason: str = "trimmed"
    """Why it cannot give what it passed over."""


@dataclass(slots=True, eq=False)
class Carrier:
    """One connection."""

    id: str
    accounts: dict[str, Account] = field(default_factory=dict)
    """By stream; empty before its ``hello``."""
    told: Position | None = None
    """Where in the player's stream its accounts say which rooms the player is in."""
    ahead: set[str] = field(default_factory=set)
    """Streams in which it has passed over what is still wanted. While there are any, it stands
    still: its frames are held."""
    held: deque[tuple[Frame, int]] = field(default_factory=deque)
    """Frames with the size of their text, in bytes."""
    held_bytes: int = 0
    firsts: int = 0

"""Words: what players may write, and how the game writes. All of it is plain text, never HTML."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from .world import Room

__all__ = ["LONGEST", "clean", "listing", "room_text"]

LONGEST = 500
"""Characters that a player may say at once."""

_OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029")
"""Characters that reorder or break the text around them: one line could pose as another."""


def clean(text: str) -> str:
    """The text without control characters and overrides, each run of white space as one space."""
    kept = (
        " " if char.isspace() else char
        for char in text
        if char.isspace()
        or (unicodedata.category(char) not in ("Cc", "Cs") and char not in _OVERRIDES)
    )
    return " ".join("".join(kept).split())


def listing(words: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def room_text(room: Room, others: Sequence[str]) -> str:
    """What somebody in a room sees.

    Args:
        room: where.
        others: names of those who are there too.
    """
    lines = [room.name, room.description]
    if others:
        lines.append(f"{listing(others)} {'is' if len(others) == 1 else 'are'} here.")
    if room.exits:
        lines.append(f"Ways out: {listing(list(room.exits))}.")
    return "\n".join(lines)

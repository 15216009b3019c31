"""What a receiver hands to the application, in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from ...types import JSONObject

__all__ = ["Delivered", "Entered", "Gap", "Item", "Left", "Replied", "Statistics"]


@dataclass(frozen=True, slots=True)
class Delivered:
    """An event, once."""

    stream: str
    offset: int
    event: JSONObject
    connection_id: str
    """The connection that was first."""


@dataclass(frozen=True, slots=True)
class Entered:
    """The player is in a room from here on."""

    room: str
    offset: int | None
    """Where the player's stream says so; ``None`` when a connection's beginning says it."""
    connection_id: str


@dataclass(frozen=True, slots=True)
class Left:
    """The player is no longer in a room."""

    room: str
    offset: int | None
    """Where the player's stream says so; ``None`` when a connection's beginning says it."""
    connection_id: str


@dataclass(frozen=True, slots=True)
class Replied:
    """The outcome of a command. May come again for one id: as the answer to a repeated command."""

    id: str
    outcome: str
    """``done``, ``refused`` or ``unknown``."""
    body: JSONObject | None
    reason: str | None
    offset: int | None
    """Where it stands in the player's stream; ``None`` for the answer to a repeated command."""
    connection_id: str


@dataclass(frozen=True, slots=True)
class Gap:
    """What the application will never get, told once, where it is missing."""

    stream: str
    first: int | None
    """The first missing offset; ``None`` when nobody can say what the lost epoch still held."""
    last: int | None
    """The last missing offset."""
    reason: str
    """``trimmed``, ``epoch``, or another word of the server's."""


Item: TypeAlias = Delivered | Entered | Left | Replied | Gap


@dataclass(frozen=True, slots=True)
class Statistics:
    """What a receiver has done so far."""

    delivered: int
    """Entries accepted: events, replies, comings and goings."""
    duplicates: int
    """Entries that another connection had brought before."""
    dropped: int
    """Frames of an older epoch, of a room that was left, or above what is due."""
    gaps: int
    firsts: Mapping[str, int]
    """By live connection: how many entries it brought first."""

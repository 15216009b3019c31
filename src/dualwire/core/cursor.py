"""Cursors: what a client says that it has seen, and what may be believed of it.

On the wire a cursor is a JSON object ``{stream: [epoch, next]}``; ``next`` is the first offset that
is still wanted, so a cursor is valid before the first event.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..exceptions import ProtocolError
from ..types import Cursor, Position

__all__ = ["clamp", "format_cursor", "merge", "parse_cursor", "parse_event_id"]

MAX_STREAMS = 1024
"""A player in more rooms than this cannot name them all; a bigger cursor is an attack."""

_EPOCH = re.compile(r"[0-9a-f]{20}")
_EVENT_ID = re.compile(r"([A-Za-z0-9_.-]{1,64})-([0-9]{1,18})")
_MAX_OFFSET = 2**53 - 1
"""The largest integer that every JSON reader keeps exactly (RFC 8259, section 6)."""


def parse_cursor(value: Any) -> Cursor:
    """Read a cursor that a peer sent.

    Args:
        value: decoded JSON.

    Raises:
        ProtocolError: it is not a cursor.
    """
    if not isinstance(value, dict):
        raise ProtocolError(f"a cursor is an object of stream to [epoch, next], got {_kind(value)}")
    if len(value) > MAX_STREAMS:
        raise ProtocolError(f"a cursor names at most {MAX_STREAMS} streams, got {len(value)}")
    cursor: Cursor = {}
    for stream, pair in value.items():
        match pair:
            case [str(epoch), int(upcoming)] if (
                type(upcoming) is int
                and _EPOCH.fullmatch(epoch)
                and 1 <= upcoming <= _MAX_OFFSET
                and isinstance(stream, str)
            ):
                cursor[stream] = Position(epoch, upcoming - 1)
            case _:
                raise ProtocolError(
                    "a cursor maps each stream to [epoch, next], epoch being 20 hexadecimal digits "
                    f"and next a number from 1; stream {str(stream)[:80]!r} has {_kind(pair)}"
                )
    return cursor


def format_cursor(cursor: Mapping[str, Position]) -> dict[str, list[str | int]]:
    """A cursor as JSON, the inverse of :func:`parse_cursor`."""
    return {stream: [at.epoch, at.offset + 1] for stream, at in cursor.items()}


def parse_event_id(text: str) -> tuple[str, int] | None:
    """Read the ``id:`` of a plain SSE message, as it comes back in ``Last-Event-ID``.

    Returns:
        The node and its number of the event, or ``None`` for an id that is not ours: it says
        nothing, and is no reason to refuse a connection.
    """
    found = _EVENT_ID.fullmatch(text)
    return (found[1], int(found[2])) if found else None


def clamp(seen: Position, tail: Position) -> Position:
    """Believe a position only as far as the stream goes."""
    if seen.epoch == tail.epoch and seen.offset > tail.offset:
        return tail
    return seen


def merge(into: Cursor, other: Mapping[str, Position]) -> None:
    """Advance ``into`` to the further position of each stream; positions never go back."""
    for stream, position in other.items():
        known = into.get(stream)
        if known is None or position > known:
            into[stream] = position


def _kind(value: Any) -> str:
    return type(value).__name__

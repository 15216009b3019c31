"""Ids of connections: unguessable, and telling other nodes what they have to know.

An id is ``NODE-KIND-RANDOM``. A node that meets the id of a connection elsewhere (in a player's
presence, in a pong) knows by it where the connection is and what it carries, without asking.
"""

from __future__ import annotations

from typing import NamedTuple

from ..types import ConnectionType

__all__ = ["Known", "connection_id", "is_plain", "known"]

_LETTERS: dict[ConnectionType, str] = {"websocket": "w", "sse": "s"}
_TYPES: dict[str, ConnectionType] = {letter: kind for kind, letter in _LETTERS.items()}


class Known(NamedTuple):
    """What an id tells."""

    node: str
    connection_type: ConnectionType
    plain: bool
    """Whether it speaks ``plain``, and so carries no positions."""


def connection_id(node: str, connection_type: ConnectionType, random: str, *, plain: bool) -> str:
    """Make an id.

    Args:
        node: where the connection is.
        connection_type: ``websocket`` or ``sse``.
        random: at least 48 bits as text without ``-``.
        plain: whether it speaks ``plain``.
    """
    return f"{node}-{_LETTERS[connection_type]}{'p' if plain else ''}-{random}"


def known(connection_id: str) -> Known | None:
    """What an id tells; ``None`` if it is none of ours."""
    node, _, rest = connection_id.rpartition("-")[0].rpartition("-")
    kind = _TYPES.get(rest[:1])
    if not node or kind is None or rest[1:] not in ("", "p"):
        return None
    return Known(node, kind, rest[1:] == "p")


def is_plain(connection_id: str) -> bool:
    """Whether a connection speaks ``plain``, by its id."""
    found = known(connection_id)
    return found is not None and found.plain

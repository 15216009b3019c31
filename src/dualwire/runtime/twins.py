"""Plain twins: whether all of a player's plain connections carry every event, or one does.

A client that speaks ``plain`` cannot tell a repeated event from a new one. Where that matters
(``standby``), exactly one of the player's connections carries, and the others stand by: the oldest
healthy WebSocket, or without one the oldest SSE stream.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from .connection import Connection
    from .hub import LocalPlayer

__all__ = ["elect"]


def elect(player: LocalPlayer, plain_twins: Literal["all", "standby"]) -> Connection | None:
    """The connection that carries the player's events alone.

    Returns:
        ``None`` where all of them carry: twins do not stand by, or some connection can tell
        duplicates apart by itself.
    """
    candidates = [each for each in player.connections.values() if each.transport is not None]
    if any(each.encoding.name != "plain" for each in candidates):
        return None
    if plain_twins == "all" and not any(each.standby_wanted for each in candidates):
        return None

    def rank(connection: Connection) -> tuple[bool, bool]:
        return _stalled(connection), connection.connection_type != "websocket"

    # ``min`` keeps the first of equals, and the oldest comes first.
    return min(candidates, key=rank, default=None)


def _stalled(connection: Connection) -> bool:
    return connection.verdict != "healthy"

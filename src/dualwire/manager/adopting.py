"""Taking over the connection tables of an old manager."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ..types import player_id_of

if TYPE_CHECKING:
    from . import ConnectionManager

__all__ = ["adopt"]


async def adopt(manager: ConnectionManager, old: object) -> dict[str, int]:
    """Connect an old manager's WebSockets to a new one, with their rooms.

    Understands ``player_websockets`` as ``{player: connection_id}`` and as
    ``{player: [connection_ids]}``. A WebSocket whose session the new manager refuses is closed with
    its code, as any refused connection.

    Returns:
        How many ``players``, ``connections`` and ``subscriptions`` were taken over.
    """
    sockets = _table(old, "active_websockets")
    sessions = _table(old, "player_sessions")
    taken = {"players": 0, "connections": 0, "subscriptions": 0}
    for player, ids in _table(old, "player_websockets").items():
        connected = 0
        for connection_id in _as_list(ids):
            websocket = sockets.get(connection_id)
            if websocket is not None:
                connected += await manager.connect_websocket(
                    websocket, player, sessions.get(player)
                )
        taken["players"] += connected > 0
        taken["connections"] += connected
    for player, info in _table(old, "online_players").items():
        if isinstance(info, Mapping):
            known = {key: value for key, value in info.items() if isinstance(key, str)}
            known.pop("player_id", None)
            await manager.node.engine.describe(player_id_of(player), known)
    present = manager.node.engine.presence()
    for room_id, players in _table(old, "room_subscriptions").items():
        for player in players:
            if player_id_of(player) in present:
                taken["subscriptions"] += await manager.subscribe_to_room(player, str(room_id))
    return taken


def _table(old: object, name: str) -> Mapping[Any, Any]:
    table = getattr(old, name, None)
    return table if isinstance(table, Mapping) else {}


def _as_list(ids: object) -> Iterable[Any]:
    return list(ids) if isinstance(ids, (list, tuple, set)) else [ids]

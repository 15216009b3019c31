"""What a player may know and do about its own connections."""

from __future__ import annotations

from collections import Counter

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ..exceptions import ProtocolError
from ..manager import ConnectionManager
from ..types import JSONObject
from .bodies import read_object, text_field
from .errors import NotFoundError
from .figures import Figures
from .gate import Gate

__all__ = ["ConnectionsEndpoint"]


class ConnectionsEndpoint:
    """Shows connections, and starts new game sessions.

    Args:
        manager: keeps the connections.
        gate: lets players in.
    """

    def __init__(self, manager: ConnectionManager, gate: Gate) -> None:
        self._manager = manager
        self._gate = gate

    async def stats(self, request: Request) -> Response:
        """How many players, connections and sessions there are."""
        await self._gate.admit(request, safe=True)
        figures = await Figures.look(self._manager)
        players, connected = figures.players, figures.total
        answer = {
            "presence": {
                "total_online_players": len(self._manager.online_players),
                "total_connections": connected,
                "websocket_connections": figures.count("websocket"),
                "sse_connections": figures.count("sse"),
                "connection_distribution": {
                    "websocket_only": figures.players_with("websocket"),
                    "sse_only": figures.players_with("sse"),
                    "dual_connection": figures.players_with("websocket", "sse"),
                },
                "average_connections_per_player": connected / players if players else 0.0,
            },
            "sessions": {
                "total_sessions": figures.sessions,
                "total_players_with_sessions": figures.sessions,
                "sessions_with_connections": players,
                "average_connections_per_session": connected / players if players else 0.0,
            },
            "errors": {
                "total_players": players,
                "total_connections": connected,
                "active_sessions": figures.sessions,
                "players_with_sessions": figures.sessions,
                "by_place": _by_place(self._manager.node.stats.errors),
            },
            "timestamp": self._manager.node.clock.wall(),
        }
        return JSONResponse(answer)

    async def get(self, request: Request) -> Response:
        """A player's own connections, session and health. Reads only."""
        player_id = (await self._gate.admit(request, safe=True)).player_id
        session_id = self._manager.get_player_session(player_id)
        presence = self._presence(player_id)
        if session_id is None and not presence["is_online"]:
            raise NotFoundError("the player has no session; connect first")
        answer = {
            "player_id": player_id,
            "presence": presence,
            "session": {
                "session_id": session_id,
                "session_connections": (
                    self._manager.get_session_connections(session_id) if session_id else []
                ),
                "is_valid": session_id is not None,
            },
            "health": await self._health(player_id),
            "acknowledged_lag": self._manager.get_acknowledged_lag(player_id),
            "timestamp": self._manager.node.clock.wall(),
        }
        return JSONResponse(answer, headers={"cache-control": "no-store"})

    async def new_session(self, request: Request) -> Response:
        """A new game client session: it ends all connections of the one before."""
        player_id = (await self._gate.admit(request)).player_id
        body = await read_object(request, self._manager.config.limits)
        session_id = text_field(body, "session_id")
        if session_id is None:
            raise ProtocolError("session_id: expected the new session's id, got nothing")
        return JSONResponse(await self._manager.handle_new_game_session(player_id, session_id))

    def _presence(self, player_id: str) -> JSONObject:
        manager = self._manager
        counts = manager.get_connection_count(player_id)
        mine = [
            metadata
            for metadata in manager.connection_metadata.values()
            if metadata.player_id == player_id
        ]
        online = manager.online_players.get(player_id)
        known: JSONObject = {
            name: online[name]
            for name in ("player_name", "current_room_id", "level")
            if online is not None and name in online
        }
        return {
            **known,
            "player_id": player_id,
            "is_online": online is not None,
            "connection_types": sorted({metadata.connection_type for metadata in mine}),
            "total_connections": counts["total"],
            "websocket_connections": counts["websocket"],
            "sse_connections": counts["sse"],
            "connected_at": online["connected_at"] if online is not None else None,
            "last_seen": max((metadata.last_seen for metadata in mine), default=None),
        }

    async def _health(self, player_id: str) -> JSONObject:
        manager = self._manager
        counted = Counter(
            (metadata.connection_type, metadata.is_healthy)
            for metadata in manager.connection_metadata.values()
            if metadata.player_id == player_id
        )
        sick = counted["websocket", False] + counted["sse", False]
        well = counted["websocket", True] + counted["sse", True]
        overall = "no_connections"
        if well or sick:
            overall = "healthy" if not sick else "degraded" if well else "unhealthy"
        return {
            **await manager.check_connection_health(player_id),
            "player_id": player_id,
            "websocket_healthy": counted["websocket", True],
            "websocket_unhealthy": counted["websocket", False],
            "sse_healthy": counted["sse", True],
            "sse_unhealthy": counted["sse", False],
            "overall_health": overall,
        }


def _by_place(errors: Counter[tuple[str, str]]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for (where, _), count in errors.items():
        found[where] += count
    return dict(found)

"""Names of the older manager that applications call, where they make sense here."""

from __future__ import annotations

from typing import Any

import structlog

from ..codes import LOGGED_OUT, PROTOCOL_ERROR, REVOKED, SESSION_REPLACED, UNAUTHORIZED, Code
from ..exceptions import UnknownConnectionError
from ..types import JSONObject, player_id_of
from .looking import Looking
from .revoking import Revocation
from .sending import PlayerId
from .serving import Serving

__all__ = ["OlderNames"]

log = structlog.get_logger("dualwire")

_ENDS_ALL = frozenset({"AUTHENTICATION_FAILURE", "SECURITY_VIOLATION"})
_ENDS_ONE = frozenset(
    {
        "CRITICAL_WEBSOCKET_ERROR",
        "CRITICAL_SSE_ERROR",
        "MALFORMED_DATA",
        "PROTOCOL_VIOLATION",
        "INVALID_FRAME_FORMAT",
        "PROTOCOL_ERROR",
        "MESSAGE_TOO_LARGE",
        "INVALID_EVENT_FORMAT",
    }
)


class OlderNames(Serving, Looking, Revocation):
    """The older surface, each name thin over a newer one."""

    async def force_disconnect_player(self, player_id: PlayerId) -> bool:
        """End the player's session: :meth:`disconnect_player`."""
        return await self.disconnect_player(player_id, LOGGED_OUT)

    async def handle_new_login(self, player_id: PlayerId) -> bool:
        """End what an earlier login left: :meth:`disconnect_player` with ``session_replaced``."""
        return await self.disconnect_player(player_id, SESSION_REPLACED)

    async def disconnect_connection_by_id(self, connection_id: str) -> bool:
        """End one connection: :meth:`disconnect`."""
        return await self.disconnect(connection_id)

    def mark_player_seen(self, player_id: PlayerId) -> None:
        """The application heard from a player: a sign of life on all its connections."""
        player = self.node.hub.players.get(player_id_of(player_id))
        for connection in player.connections.values() if player else ():
            connection.seen_at = self.node.clock.now()

    def has_websocket_connection(self, player_id: PlayerId) -> bool:
        """Whether the player has a WebSocket."""
        return bool(self.get_active_connections(player_id)["websocket"])

    def has_sse_connection(self, player_id: PlayerId) -> bool:
        """Whether the player has an SSE connection."""
        return bool(self.get_active_connections(player_id)["sse"])

    def get_connection_count(self, player_id: PlayerId) -> dict[str, int]:
        """Connections of a player: ``websocket``, ``sse``, ``total``."""
        active = self.get_active_connections(player_id)
        counts = {kind: len(ids) for kind, ids in active.items()}
        return {**counts, "total": sum(counts.values())}

    def get_active_connection_count(self) -> int:
        """Connections of this node."""
        return len(self.connection_metadata)

    def get_online_player_by_display_name(self, name: str) -> JSONObject | None:
        """What is known of a present player, by name, whatever the case."""
        wanted = name.casefold()
        for info in self.online_players.values():
            if str(info.get("player_name", "")).casefold() == wanted:
                return info
        return None

    def get_pending_messages(self, player_id: PlayerId) -> list[JSONObject]:
        """What no connection of the player has been written yet. Reads only; nothing is popped."""
        return list(self.message_queue.pending_messages.get(player_id_of(player_id), ()))

    def get_player_session(self, player_id: PlayerId) -> str | None:
        """The player's current session."""
        return self.node.engine.session_of(player_id_of(player_id))

    def validate_session(self, player_id: PlayerId, session_id: str) -> bool:
        """Whether this is the player's current session."""
        return self.get_player_session(player_id) == session_id

    def get_session_connections(self, session_id: str) -> list[str]:
        """Ids of the connections of a session on this node."""
        return [
            connection_id
            for connection_id, metadata in self.connection_metadata.items()
            if metadata.session_id == session_id
        ]

    async def detect_and_handle_error_state(
        self,
        player_id: PlayerId,
        error_type: str,
        error_details: Any = "",
        connection_id: str | None = None,
    ) -> JSONObject:
        """Report an error: what is fatal ends the connection that had it, and only revoked or
        failed authentication ends them all.

        Args:
            player_id: the player.
            error_type: one of the older names, ``MESSAGE_TOO_LARGE`` for example.
            error_details: for the log.
            connection_id: where it happened.

        Returns:
            ``connections_terminated``, ``connections_kept``, ``fatal_error`` and what came in.

        Raises:
            UnknownConnectionError: there is no such connection.
        """
        player = player_id_of(player_id)
        before = self.get_connection_count(player)["total"]
        log.warning(
            "connection_error",
            player=player,
            connection=connection_id,
            error=error_type,
            details=str(error_details),
        )
        self.node.stats.failed("reported", "reported")
        ends_all = error_type in _ENDS_ALL
        ends_one = error_type in _ENDS_ONE
        if ends_all:
            code = UNAUTHORIZED if error_type == "AUTHENTICATION_FAILURE" else REVOKED
            await self.disconnect_player(player, code)
        elif ends_one and connection_id is not None:
            await self._end_known(player, connection_id, PROTOCOL_ERROR)
        kept = self.get_connection_count(player)["total"]
        return {
            "player_id": player,
            "error_type": error_type,
            "error_details": error_details,
            "connection_id": connection_id,
            "connections_terminated": before - kept,
            "connections_kept": kept,
            "fatal_error": ends_all or ends_one,
            "success": True,
            "errors": [],
        }

    async def _end_known(self, player_id: str, connection_id: str, code: Code) -> None:
        metadata = self.connection_metadata.get(connection_id)
        if metadata is None or metadata.player_id != player_id:
            raise UnknownConnectionError(connection_id)
        await self.disconnect(connection_id, code)

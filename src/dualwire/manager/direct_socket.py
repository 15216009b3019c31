"""What stands in ``active_websockets`` for a WebSocket whose socket is ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..codes import NORMAL, code_for

if TYPE_CHECKING:
    from .connecting import Connecting

__all__ = ["DirectSocket"]


class DirectSocket:
    """The calls of a framework's WebSocket that an application may make from outside.

    Args:
        connection_id: the connection.
        owner: holds it.
    """

    __slots__ = ("_connection_id", "_owner")

    def __init__(self, connection_id: str, owner: Connecting) -> None:
        self._connection_id = connection_id
        self._owner = owner

    async def send_json(self, data: Mapping[str, Any]) -> None:
        """Answer this connection alone: :meth:`ConnectionManager.send_to_connection`."""
        await self._owner.send_to_connection(self._connection_id, data)

    async def close(self, code: int = NORMAL.number, reason: str = "") -> None:
        """End this connection: :meth:`ConnectionManager.disconnect`."""
        await self._owner.disconnect(self._connection_id, code_for(code, reason))

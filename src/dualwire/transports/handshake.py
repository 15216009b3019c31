"""Accepting a WebSocket on any ASGI server, or refusing it so that its client learns why."""

from __future__ import annotations

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from ..codes import Code
from .websocket import SendsJSON, close_reason

__all__ = ["accept", "refuse"]


async def accept(websocket: WebSocket | SendsJSON, protocol: str = "dualwire.plain") -> None:
    """Accept a connection, unless somebody did before.

    Args:
        websocket: what to accept.
        protocol: the subprotocol to select, if the client offered it. Never the token's.
    """
    if not isinstance(websocket, WebSocket):
        own = getattr(websocket, "accept", None)
        if own is not None:
            await own()
    elif websocket.application_state is WebSocketState.CONNECTING:
        offered = websocket.scope.get("subprotocols", ())
        await websocket.accept(protocol if protocol in offered else None)


async def refuse(websocket: WebSocket | SendsJSON, code: Code, retry_after: float | None) -> None:
    """Close a connection that is not wanted, so that its client learns why: accepted first, since
    browsers hide the status of a refused handshake."""
    try:
        await accept(websocket)
        close = getattr(websocket, "close", None)
        if close is not None:
            await close(code=code.number, reason=close_reason(code, retry_after))
    except (WebSocketDisconnect, RuntimeError, OSError):
        pass  # The peer left on its own.

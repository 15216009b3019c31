"""WebSocket endpoints."""

from __future__ import annotations

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from ..exceptions import EngineError, RefusedError
from ..manager import ConnectionManager
from ..manager.terms import selected
from ..transports.direct import Unanswered
from ..transports.websocket import close_reason
from .errors import as_refusal, error_response, retry_after
from .gate import Gate
from .head import RequestHead
from .roads import Settled

__all__ = ["WebSocketEndpoint"]


class WebSocketEndpoint:
    """Serves WebSockets of admitted players.

    Args:
        manager: keeps the connections.
        gate: lets players in.
    """

    def __init__(self, manager: ConnectionManager, gate: Gate) -> None:
        self._manager = manager
        self._gate = gate

    async def serve(self, websocket: WebSocket) -> None:
        """The player's events and commands over a WebSocket."""
        try:
            admitted = await self._gate.admit(websocket, opens="websocket")
            await self._manager.serve_websocket(
                websocket,
                admitted.player_id,
                admitted.session_id,
                terms=admitted.terms,
            )
        except RefusedError as refusal:
            await _deny(websocket, refusal)
        except EngineError as error:
            failure = as_refusal(error)
            self._manager.node.note_refusal("websocket", None, failure)
            await _deny(websocket, failure)

    async def open(self, head: RequestHead, handover: Unanswered) -> Settled | None:
        """The same by the short road, for a client that is let in."""
        try:
            admitted = await self._gate.admit(head, opens="websocket")
        except Exception as refusal:
            # Raised by the long road, which answers and logs it as any other.
            return Settled(refusal=refusal)
        player_id, session_id, terms = admitted.player_id, admitted.session_id, admitted.terms
        try:
            connection = await self._manager.reserve_websocket(player_id, session_id, terms=terms)
        except Exception:
            # Nothing came of it, so it may be asked for once more.
            return Settled(admitted)
        subprotocol = selected(terms, head.scope["subprotocols"])
        handover.accept([(b"sec-websocket-protocol", subprotocol.encode())] if subprotocol else [])
        await self._manager.take_websocket(connection, handover)
        return None


async def _deny(websocket: WebSocket, refusal: RefusedError) -> None:
    """Refuse a WebSocket so that its client learns why.

    Browsers hide the status of a refused handshake. A client that speaks one of our subprotocols
    knows our close codes, so it is accepted and closed; any other gets the plain HTTP answer. So
    does everybody whom this node cannot serve now: a proxy may send a 503 on to another one.
    """
    offered = websocket.scope.get("subprotocols") or ()
    ours = next((name for name in offered if name.startswith("dualwire.")), None)
    extensions = websocket.scope.get("extensions") or {}
    can_answer = "websocket.http.response" in extensions
    if refusal.code.http == 503 and can_answer:
        ours = None
    reason = close_reason(refusal.code, retry_after(refusal))
    try:
        if websocket.application_state is not WebSocketState.CONNECTING or ours is not None:
            if websocket.application_state is WebSocketState.CONNECTING:
                await websocket.accept(ours)
            await websocket.close(refusal.code.number, reason)
        elif can_answer:
            await websocket.send_denial_response(error_response(refusal))
        else:
            await websocket.close(refusal.code.number, reason)
    except (WebSocketDisconnect, RuntimeError, OSError):
        pass  # The peer left on its own.

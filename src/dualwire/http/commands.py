"""Commands over plain HTTP, for players whose WebSocket is blocked."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ..codes import SESSION_REPLACED
from ..core.encoding.json import decode_message
from ..core.messages import ClientMessage
from ..exceptions import CapacityError, SessionError
from ..manager import ConnectionManager
from ..runtime.cautions import caution
from .bodies import read_body, text_field
from .errors import NotFoundError
from .gate import Admitted, Gate

__all__ = ["SendEndpoint"]


class SendEndpoint:
    """Takes client messages.

    Args:
        manager: acts on them.
        gate: lets players in.
    """

    def __init__(self, manager: ConnectionManager, gate: Gate) -> None:
        self._manager = manager
        self._gate = gate

    async def post(self, request: Request) -> Response:
        """Act on one client message; the answer is the body.

        ``connection``, in the query or in the message, names one of the player's connections that
        is answered too.
        """
        admitted = await self._gate.admit(request)
        self._check_session(admitted)
        body = await read_body(request, self._manager.config.limits)
        message = decode_message(body)
        is_news = self._manager.inbound.is_news(ClientMessage(str(message.get("type"))))
        self._check_pace(admitted.player_id, len(body), is_news)
        connection_id = request.query_params.get("connection") or text_field(message, "connection")
        if connection_id is not None:
            await self._check_own(admitted, connection_id)
        answer = await self._manager.inbound.answer(admitted.player_id, connection_id, body)
        if answer is None:
            return Response(status_code=204)
        if connection_id is not None:
            await self._manager.send_to_connection(connection_id, answer.body)
        malformed = answer.body.get("error_type") == "invalid_format"
        return JSONResponse(answer.body, 400 if malformed else 200)

    def _check_pace(self, player_id: str, size: int, is_news: bool) -> None:
        node = self._manager.node
        now = node.clock.now()
        flow = node.pacing.by_http(player_id, now)
        excess = node.pacing.message(flow, size, now)
        if not is_news and (excess is None or excess.outcome == "warned"):
            excess = node.pacing.command(flow, now)
        if excess is not None and excess.outcome == "warned":
            caution(node, player_id, excess.warning)
        if excess is not None and excess.outcome == "refused":
            raise CapacityError(excess.message, retry_after=excess.retry_after)

    def _check_session(self, admitted: Admitted) -> None:
        """A tab whose session was taken over does not go on acting for the player."""
        current = self._manager.get_player_session(admitted.player_id)
        if admitted.session_id is not None and current not in (None, admitted.session_id):
            raise SessionError(SESSION_REPLACED.reason, SESSION_REPLACED)

    async def _check_own(self, admitted: Admitted, connection_id: str) -> None:
        player_id, metadata = admitted.player_id, self._manager.connection_metadata
        here = metadata.get(connection_id)
        if here is not None and here.player_id == player_id:
            return
        if here is None and await self._manager.node.elsewhere.has(player_id, connection_id):
            return
        raise NotFoundError(f"the player has no connection {connection_id[:64]!r}")

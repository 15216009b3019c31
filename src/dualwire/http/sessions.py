"""Sessions and their tickets, so that no long-lived secret has to travel in a URL."""

from __future__ import annotations

import secrets

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ..abc import Ticket
from ..manager import ConnectionManager
from ..types import ConnectionType
from .bodies import read_object, text_field
from .gate import Admitted, Gate

__all__ = ["TICKET_LIFE", "SessionEndpoint"]

TICKET_LIFE = 30.0
"""Seconds in which a ticket must be spent."""


class SessionEndpoint:
    """Issues session ids and tickets.

    Args:
        manager: keeps the sessions.
        gate: lets players in.
    """

    def __init__(self, manager: ConnectionManager, gate: Gate) -> None:
        self._manager = manager
        self._gate = gate

    async def post(self, request: Request) -> Response:
        """A session id, and one ticket for each type of connection. Nothing is claimed yet."""
        admitted = await self._gate.admit(request)
        node = self._manager.node
        if admitted.terms.address is not None:
            node.limiter.open(admitted.player_id, "ticket", node.clock.now())
        body = await read_object(request, self._manager.config.limits)
        session_id = text_field(body, "session_id") or node.admission.issue_session_id(
            admitted.player_id
        )
        node.admission.check_session_id(admitted.player_id, session_id)
        origin = request.headers.get("origin")
        answer = {
            "player_id": admitted.player_id,
            "session_id": session_id,
            "tickets": {
                "websocket": await self._issue(admitted, session_id, "websocket", origin),
                "sse": await self._issue(admitted, session_id, "sse", origin),
            },
            "expires_in": TICKET_LIFE,
        }
        return JSONResponse(answer, headers={"cache-control": "no-store"})

    async def _issue(
        self,
        admitted: Admitted,
        session_id: str,
        connection_type: ConnectionType,
        origin: str | None,
    ) -> str:
        secret = secrets.token_urlsafe(16)
        ticket = Ticket(
            player_id=admitted.player_id,
            session_id=session_id,
            connection_type=connection_type,
            origin=origin,
            expires_at=self._manager.node.clock.now() + TICKET_LIFE,
            identity=admitted.identity,
        )
        await self._manager.node.engine.put_ticket(secret, ticket)
        return secret

"""The realtime endpoints, ready to be included into an application."""

from __future__ import annotations

from collections.abc import Iterable

from fastapi import APIRouter
from starlette.websockets import WebSocket

from ..abc import Authenticator
from ..manager import ConnectionManager
from .commands import SendEndpoint
from .connections import ConnectionsEndpoint
from .errors import Answer
from .events import EventsEndpoint
from .gate import Gate
from .openapi import REALTIME
from .origins import OriginPolicy
from .redaction import install_redaction
from .roads import Road, lead
from .routing import add_endpoint, add_preflight
from .sessions import SessionEndpoint
from .shutdown import watch_server
from .websocket import WebSocketEndpoint

__all__ = ["realtime_router"]


def realtime_router(
    manager: ConnectionManager,
    authenticator: Authenticator,
    *,
    allowed_origins: Iterable[str] = (),
) -> APIRouter:
    """The endpoints that players' clients use.

    ::

        app = FastAPI()
        app.include_router(realtime_router(manager, JWTAuthenticator(secret)))

    The manager starts and stops with the application, whether or not that says so itself.

    Args:
        manager: keeps the connections.
        authenticator: knows whose a token is.
        allowed_origins: pages elsewhere that may connect, ``https://game.example`` for example;
            pages of this server always may.

    Raises:
        ConfigurationError: something in ``allowed_origins`` is no origin.
    """
    install_redaction()
    watch_server(manager)
    manager.inbound.authenticate = authenticator.authenticate
    origins = OriginPolicy(allowed_origins)
    gate = Gate(manager, authenticator, origins)
    websocket = WebSocketEndpoint(manager, gate)
    events = EventsEndpoint(manager, gate, origins)
    connections = ConnectionsEndpoint(manager, gate)
    routes: list[tuple[str, dict[str, Answer]]] = [
        ("/api/events", {"GET": events.get, "POST": events.post}),
        ("/api/events/{player_id}", {"GET": events.get, "POST": events.post}),
        ("/api/session", {"POST": SessionEndpoint(manager, gate).post}),
        ("/api/send", {"POST": SendEndpoint(manager, gate).post}),
        # Before the route that would take "stats" for a player.
        ("/api/connections/stats", {"GET": connections.stats}),
        ("/api/connections/{player_id}", {"GET": connections.get}),
        ("/api/connections/{player_id}/session", {"POST": connections.new_session}),
    ]
    router = APIRouter(tags=["dualwire"], lifespan=manager.lifespan)

    async def serve(opening: WebSocket) -> None:
        await websocket.serve(opening)

    lead(serve, Road("websocket", websocket.open, lambda: gate.waits))
    by_road: dict[Answer, Road] = {events.get: Road("sse", events.open, lambda: gate.waits)}
    for path in ("/api/ws", "/api/ws/{player_id}"):
        # Starlette's own route: nothing is injected, so FastAPI's look at it would be lost time.
        router.add_websocket_route(path, serve)
    for path, methods in routes:
        for method, endpoint in methods.items():
            road = by_road.get(endpoint)
            add_endpoint(
                router,
                method,
                path,
                endpoint,
                extra=origins.cors_headers,
                road=road,
                described=REALTIME[method, path],
            )
        add_preflight(router, path, methods, origins)
    return router

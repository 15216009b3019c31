"""A served application with players, for tests that talk to a real server."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from fastapi import FastAPI

from dualwire import Config, ConnectionManager, Engine
from dualwire.http import JWTAuthenticator, realtime_router
from dualwire.testing import ManualClock

from .live import ServerName, SSEClient, WSClient, serving, sse, until, ws

SECRET = "a-secret-of-the-tests-that-is-long-enough"


@dataclass
class Game:
    """One server, its manager, and what players need to connect."""

    manager: ConnectionManager
    address: str
    clock: ManualClock
    auth: JWTAuthenticator
    app: FastAPI

    def token(self, player_id: str) -> str:
        """A valid token."""
        return self.auth.issue(player_id, name=player_id.title(), lifetime=10_000.0)

    @contextlib.asynccontextmanager
    async def websocket(
        self, player_id: str, session_id: str | None = None, query: str = ""
    ) -> AsyncIterator[WSClient]:
        """A WebSocket of a player that carries."""
        path = f"/api/ws?x=1{_session(session_id)}{query}"
        async with ws(self.address, path, self.token(player_id)) as client:
            yield client

    @contextlib.asynccontextmanager
    async def stream(
        self, player_id: str, session_id: str | None = None, query: str = "", **headers: str
    ) -> AsyncIterator[SSEClient]:
        """An SSE stream of a player that carries."""
        path = f"/api/events?x=1{_session(session_id)}{query}"
        async with sse(self.address, path, self.token(player_id), **headers) as client:
            yield client

    @contextlib.asynccontextmanager
    async def both(
        self, player_id: str, session_id: str | None = None, query: str = ""
    ) -> AsyncIterator[tuple[WSClient, SSEClient]]:
        """A player with a WebSocket and an SSE stream, both carrying."""
        async with (
            self.websocket(player_id, session_id, query) as socket,
            self.stream(player_id, session_id, query) as stream,
        ):
            await self.connected(player_id, websocket=1, sse=1)
            yield socket, stream

    async def connected(self, player_id: str, *, websocket: int = 0, sse: int = 0) -> None:
        """Wait until a player has so many open connections of each type."""
        await until(lambda: self.counts(player_id) == (websocket, sse))

    def counts(self, player_id: str) -> tuple[int, int]:
        """Open connections of a player: WebSockets, SSE streams."""
        player = self.manager.node.hub.players.get(player_id)
        kinds = [
            each.connection_type
            for each in (player.connections.values() if player else ())
            if each.transport is not None
        ]
        return kinds.count("websocket"), kinds.count("sse")


@contextlib.asynccontextmanager
async def playing(
    config: Config | None = None,
    server: ServerName = "uvicorn",
    engine: Callable[[ManualClock], Engine] | None = None,
    **options: object,
) -> AsyncIterator[Game]:
    """Serve an application of nothing but the realtime endpoints."""
    clock = ManualClock()
    made = engine(clock) if engine is not None else None
    manager = ConnectionManager(made, config, clock=clock, secret=SECRET)
    auth = JWTAuthenticator(SECRET, clock=clock)
    app = FastAPI(lifespan=manager.lifespan)
    app.include_router(realtime_router(manager, auth))
    async with serving(app, server, **options) as address:
        yield Game(manager, address, clock, auth, app)


def _session(session_id: str | None) -> str:
    return f"&session_id={session_id}" if session_id is not None else ""

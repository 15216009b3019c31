"""A served application with every endpoint, for tests of the endpoints."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
from fastapi import FastAPI

from dualwire import Authenticator, Config, ConnectionManager
from dualwire.http import JWTAuthenticator, admin_router, monitoring_router, realtime_router
from dualwire.testing import ManualClock
from tests.live import DEADLINE, ServerName, serving, until

SECRET = "a-secret-for-tests-of-at-least-32-bytes"
API_KEY = "an-api-key-for-tests"
ELSEWHERE = "https://game.example"
"""An origin that is allowed."""
EVIL = "https://evil.example"
"""An origin that is not."""


@dataclass
class Site:
    """One server and what is needed to talk to it."""

    manager: ConnectionManager
    address: str
    clock: ManualClock
    auth: JWTAuthenticator
    http: httpx.AsyncClient

    @property
    def origin(self) -> str:
        """The server's own origin."""
        return f"http://{self.address}"

    def token(self, player_id: str = "ann", lifetime: float = 3600.0) -> str:
        return self.auth.issue(player_id, lifetime=lifetime)

    def bearer(self, player_id: str = "ann", **headers: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(player_id)}", **headers}

    async def tickets(self, player_id: str = "ann", **headers: str) -> dict[str, Any]:
        """What ``POST /api/session`` answers."""
        response = await self.http.post("/api/session", headers=self.bearer(player_id, **headers))
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    async def open(self, player_id: str, *, websocket: int = 0, sse: int = 0) -> None:
        """Wait until a player has so many open connections of each type."""

        def counts() -> tuple[int, int]:
            player = self.manager.node.hub.players.get(player_id)
            kinds = [
                each.connection_type
                for each in (player.connections.values() if player else ())
                if each.transport is not None
            ]
            return kinds.count("websocket"), kinds.count("sse")

        await until(lambda: counts() == (websocket, sse))

    def refused(self, connection_type: str, reason: str) -> int:
        return self.manager.node.stats.refused[connection_type, reason]


@contextlib.asynccontextmanager
async def site_on(
    server: ServerName = "uvicorn",
    config: Config | None = None,
    authenticator: Authenticator | None = None,
    **options: Any,
) -> AsyncIterator[Site]:
    """Serve every endpoint."""
    clock = ManualClock()
    manager = ConnectionManager(config=config, clock=clock, secret=SECRET)
    auth = JWTAuthenticator(SECRET, clock=clock)
    app = FastAPI(lifespan=manager.lifespan)
    app.include_router(realtime_router(manager, authenticator or auth, allowed_origins=[ELSEWHERE]))
    app.include_router(admin_router(manager, API_KEY))
    app.include_router(monitoring_router(manager, api_key=API_KEY))
    async with (
        serving(app, server, **options) as address,
        httpx.AsyncClient(base_url=f"http://{address}", timeout=DEADLINE) as http,
    ):
        yield Site(manager, address, clock, auth, http)


@dataclass
class Program:
    """A server in a process of its own."""

    process: asyncio.subprocess.Process
    address: str
    text: str
    """What it has written so far."""

    async def finish(self) -> str:
        """Wait until it has ended; everything that it wrote."""
        rest, _ = await asyncio.wait_for(self.process.communicate(), DEADLINE)
        return self.text + rest.decode()


@contextlib.asynccontextmanager
async def program(source: str) -> AsyncIterator[Program]:
    """Run a Python program that serves with uvicorn."""
    pipe, out = asyncio.subprocess.PIPE, asyncio.subprocess.STDOUT
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", source, stdout=pipe, stderr=out
    )
    try:
        assert process.stdout is not None
        text = ""
        while "Uvicorn running on http://" not in text:
            line = await asyncio.wait_for(process.stdout.readline(), DEADLINE)
            assert line, text
            text += line.decode()
        yield Program(process, text.rpartition("http://")[2].split()[0], text)
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


def error_of(response: httpx.Response) -> dict[str, Any]:
    """The error in an answer, whose shape is checked."""
    body = response.json()
    assert set(body) == {"error", "detail"}
    error: dict[str, Any] = body["error"]
    assert set(error) == {"type", "message", "details"}
    assert body["detail"] == error["message"]
    return error

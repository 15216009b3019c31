from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Sequence

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from dualwire import ConnectionManager, ForbiddenError
from dualwire.http import (
    JWTAuthenticator,
    admin_router,
    monitoring_router,
    realtime_router,
    routes_of,
)
from dualwire.http.roads import Roads
from dualwire.http.routing import add_endpoint
from dualwire.testing import ManualClock
from tests.game import Game
from tests.live import ServerName, serving


async def hello(request: Request) -> Response:
    """Say hello.

    To everybody
    who asks.
    """
    if "fail" in request.query_params:
        raise ForbiddenError("no")
    return PlainTextResponse("hello")


async def test_an_endpoint_is_documented_and_its_errors_are_answered() -> None:
    router = APIRouter(prefix="/x")
    add_endpoint(router, "GET", "/a", hello, extra=lambda _: {"x-extra": "1"}, head=True)
    app = FastAPI()
    app.include_router(router)
    operation = app.openapi()["paths"]["/x/a"]["get"]
    assert operation["summary"] == "Say hello"
    assert operation["description"] == "To everybody who asks."
    assert operation["operationId"] == "GET /x/a"
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as http:
        assert (await http.get("/x/a")).text == "hello"
        assert (await http.head("/x/a")).status_code == 200
        refused = await http.get("/x/a?fail=1")
        assert refused.status_code == 403
        assert refused.headers["x-extra"] == "1"


SECRET = "a-secret-of-the-tests-that-is-long-enough"
KEY = "an-api-key-for-tests"
Maker = Callable[[ConnectionManager, Sequence[APIRouter]], Starlette]


def on_fastapi(manager: ConnectionManager, routers: Sequence[APIRouter]) -> Starlette:
    app = FastAPI(lifespan=manager.lifespan)
    for router in routers:
        app.include_router(router)
    return app


def on_starlette(manager: ConnectionManager, routers: Sequence[APIRouter]) -> Starlette:
    return Starlette(routes=routes_of(*routers), lifespan=manager.lifespan)


@contextlib.asynccontextmanager
async def served(make: Maker, server: ServerName) -> AsyncIterator[tuple[Game, Starlette]]:
    """All of our endpoints in an application, and what players need."""
    clock = ManualClock()
    manager, auth = ConnectionManager(clock=clock), JWTAuthenticator(SECRET, clock=clock)
    routers = (
        realtime_router(manager, auth, allowed_origins=["https://game.example"]),
        admin_router(manager, KEY),
        monitoring_router(manager),
    )
    app = make(manager, routers)
    async with serving(app, server) as address:
        yield Game(manager, address, clock, auth, app), app  # type: ignore[arg-type]


@pytest.mark.parametrize("server", ["uvicorn", "gateway"])
async def test_players_play_on_plain_starlette(server: ServerName) -> None:
    async with served(on_starlette, server) as (game, app):
        # In the gateway both are opened without the application's own routing.
        assert Roads(app)
        async with game.both("ann") as (socket, stream):
            await game.connected("ann", websocket=1, sse=1)
            await game.manager.send_personal_message("ann", {"n": 1})
            assert await socket.wait(1) == await stream.wait(1) == [{"n": 1}]
            async with httpx.AsyncClient(base_url=f"http://{game.address}") as http:
                bearer = {"Authorization": f"Bearer {game.token('ann')}"}
                answer = await http.post("/api/send", headers=bearer, json={"type": "ping"})
                assert answer.json()["type"] == "pong"
                known = await http.get("/api/connections/ann", headers=bearer)
                assert known.status_code == 200
                rooms = await http.get("/api/admin/rooms", headers={"X-API-Key": KEY})
                assert rooms.json() == {"rooms": {}}
                assert (await http.get("/healthz")).status_code == 200


REQUESTS = [
    (method, path)
    for method in ("GET", "HEAD", "OPTIONS", "POST", "DELETE")
    for path in ("/api/events", "/api/events/ann", "/api/send", "/api/session", "/healthz")
] + [("GET", "/api/nothing"), ("GET", "/api/admin/presence"), ("HEAD", "/metrics")]


async def test_what_is_answered_is_what_fastapi_answers() -> None:
    answers = []
    for make in (on_fastapi, on_starlette):
        async with (
            served(make, "gateway") as (game, _),
            httpx.AsyncClient(base_url=f"http://{game.address}") as http,
        ):
            # Without a token, so that nothing streams and every answer comes to an end.
            headers = {"Origin": "https://game.example"}
            found = [await http.request(m, path, headers=headers) for m, path in REQUESTS]
            answers.append([_told(each) for each in found])
    for request, theirs, ours in zip(REQUESTS, *answers, strict=True):
        assert ours == theirs, request


def _told(answer: httpx.Response) -> tuple[int, dict[str, str], str]:
    """Status, headers and text, but for what is another one each time, and for the words with which
    the two frameworks say that there is no such thing."""
    passing = ("date", "content-length", "content-type")
    headers = {name: value for name, value in answer.headers.items() if name not in passing}
    own = answer.status_code in (404, 405)
    return answer.status_code, headers, "" if own or answer.is_success else answer.text

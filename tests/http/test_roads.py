"""Short roads: found where nothing stands in them, and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import APIRouter, Depends, FastAPI
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Host, Mount, Route
from starlette.types import Receive, Scope, Send

from dualwire import ConnectionManager
from dualwire.codes import FORBIDDEN
from dualwire.exceptions import RefusedError
from dualwire.http import JWTAuthenticator, realtime_router
from dualwire.http.gate import Admitted
from dualwire.http.roads import SETTLED, Roads, Settled, settled_of
from dualwire.manager.terms import Terms
from dualwire.types import Identity

SECRET = "a-secret-of-the-tests-that-is-long-enough"


def router() -> APIRouter:
    return realtime_router(ConnectionManager(), JWTAuthenticator(SECRET))


def plain() -> FastAPI:
    app = FastAPI()
    app.include_router(router())
    return app


def test_the_endpoints_of_players_have_short_roads() -> None:
    roads = Roads(plain())
    assert roads
    for kind, path in (("websocket", "/api/ws"), ("sse", "/api/events")):
        found = roads.find(kind, path, "")  # type: ignore[arg-type]
        assert found is not None
        assert found[0].connection_type == kind
        assert found[1] == {}
        found = roads.find(kind, f"{path}/ann", "")
        assert found is not None
        assert found[1] == {"player_id": "ann"}


@pytest.mark.parametrize(
    "path", ["/", "/api", "/api/ws/", "/api/ws/ann/x", "/api/wss", "/api/send"]
)
def test_nothing_else_has_one(path: str) -> None:
    roads = Roads(plain())
    assert roads.find("websocket", path, "") is None
    assert roads.find("sse", path, "") is None


def test_a_road_is_for_its_own_kind() -> None:
    roads = Roads(plain())
    assert roads.find("sse", "/api/ws", "") is None
    assert roads.find("websocket", "/api/events", "") is None


def test_a_prefix_is_part_of_the_road() -> None:
    inner = APIRouter(prefix="/inner")
    inner.include_router(router())
    app = FastAPI()
    app.include_router(inner, prefix="/game")
    roads = Roads(app)
    assert roads.find("websocket", "/game/inner/api/ws", "") is not None
    assert roads.find("sse", "/game/inner/api/events/ann", "") is not None
    assert roads.find("websocket", "/api/ws", "") is None


def test_a_root_path_is_cut_as_starlette_cuts_it() -> None:
    roads = Roads(plain())
    assert roads.find("websocket", "/game/api/ws", "/game") is not None
    assert roads.find("websocket", "/api/ws", "/game") is not None
    assert roads.find("websocket", "/gameapi/ws", "/game") is None
    app = plain()
    app.root_path = "/game"
    assert Roads(app).find("websocket", "/game/api/ws", "") is not None


def test_routes_that_come_first_are_asked_first() -> None:
    async def own(request: Request) -> Response:
        return Response()

    app = FastAPI()
    app.add_route("/api/events", own)
    app.add_route("/api/events/{name}", own, methods=["POST"])
    app.include_router(router())
    app.add_route("/{anything:path}", own)
    roads = Roads(app)
    assert roads.find("sse", "/api/events", "") is None
    assert roads.find("sse", "/api/events/ann", "") is not None, "that one is for POST only"
    assert roads.find("websocket", "/api/ws", "") is not None


def test_what_stands_in_the_way_closes_it() -> None:
    def nobody() -> None:
        """Somebody's dependency."""

    depending = FastAPI()
    depending.include_router(router(), dependencies=[Depends(nobody)])
    assert Roads(depending).find("sse", "/api/events", "") is None

    mounted = FastAPI()
    mounted.mount("/api", Starlette())
    mounted.include_router(router())
    assert Roads(mounted).find("sse", "/api/events", "") is None
    assert Roads(mounted).find("websocket", "/api/ws", "") is None

    hosted = Starlette(routes=[Host("game.example", Starlette()), *plain().routes])
    assert Roads(hosted).find("sse", "/api/events", "") is None


def test_only_applications_as_they_come_have_roads() -> None:
    class Own(FastAPI):
        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            await super().__call__(scope, receive, send)

    class Derived(FastAPI):
        """Nothing of its own that would be missed."""

    async def function(scope: Scope, receive: Receive, send: Send) -> None:
        """An application without anything."""

    def with_router(app: FastAPI) -> FastAPI:
        app.include_router(router())
        return app

    assert Roads(with_router(Derived()))
    assert not Roads(with_router(Own()))
    assert not Roads(with_router(FastAPI(middleware=[Middleware(GZipMiddleware)])))
    assert not Roads(function)
    assert not Roads(Starlette(routes=[Mount("/game", plain())]))
    assert not Roads(Starlette(routes=[Route("/", function)]))
    instrumented = with_router(FastAPI())
    vars(instrumented)["build_middleware_stack"] = lambda: None
    assert not Roads(instrumented)


def test_what_was_settled_is_not_asked_again() -> None:
    admitted = Admitted(identity=Identity(player_id="ann"), session_id=None, terms=Terms())
    assert Settled(admitted).result() is admitted
    with pytest.raises(RefusedError):
        Settled(refusal=RefusedError("no", FORBIDDEN)).result()


def test_only_our_own_word_counts_as_settled() -> None:
    settled = Settled()
    scope: dict[str, Any] = {"extensions": {SETTLED: settled}}
    assert settled_of(scope) is settled
    assert settled_of({}) is None
    assert settled_of({"extensions": None}) is None
    assert settled_of({"extensions": {SETTLED: "yes"}}) is None

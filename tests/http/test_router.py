from __future__ import annotations

import warnings

import pytest
from fastapi import FastAPI

from dualwire import ConfigurationError, ConnectionManager
from dualwire.http import (
    JWTAuthenticator,
    admin_router,
    monitoring_router,
    realtime_router,
)
from tests.http.site import ELSEWHERE, EVIL, SECRET, Site
from tests.live import ServerName, serving, sse, ws


@pytest.mark.parametrize("server", ["uvicorn", "hypercorn"])
@pytest.mark.parametrize("own_lifespan", [True, False])
async def test_the_manager_starts_and_stops_with_the_application(
    server: ServerName, own_lifespan: bool
) -> None:
    manager = ConnectionManager()
    auth = JWTAuthenticator(SECRET)
    app = FastAPI(lifespan=manager.lifespan) if own_lifespan else FastAPI()
    app.include_router(realtime_router(manager, auth))
    async with serving(app, server) as address:
        assert manager.node.ready
        async with ws(address, token=auth.issue("ann")) as client:
            await manager.broadcast_global({"n": 1})
            await client.wait(1)
    assert manager.node.started_at is None
    assert not manager.node.connections


async def test_a_mounted_application_starts_it_by_the_first_request() -> None:
    manager = ConnectionManager()
    auth = JWTAuthenticator(SECRET)
    inner = FastAPI()
    inner.include_router(realtime_router(manager, auth))
    app = FastAPI()
    app.mount("/game", inner)
    async with serving(app) as address:
        assert manager.node.started_at is None
        async with (
            ws(address, "/game/api/ws/ann", auth.issue("ann")) as socket,
            sse(address, "/game/api/events", auth.issue("ann")) as stream,
        ):
            await manager.broadcast_global({"n": 1})
            assert await socket.wait(1) == await stream.wait(1) == [{"n": 1}]
    await manager.stop()


async def test_a_browser_asks_before_it_sends_a_token(each_site: Site) -> None:
    ask = {"Access-Control-Request-Method": "POST", "Origin": ELSEWHERE}
    for path in ("/api/events", "/api/session", "/api/send", "/api/connections/ann/session"):
        answer = await each_site.http.options(path, headers=ask)
        assert answer.status_code == 204
        assert answer.headers["access-control-allow-origin"] == ELSEWHERE
        assert "POST" in answer.headers["access-control-allow-methods"]
        assert "Authorization" in answer.headers["access-control-allow-headers"]
        answer = await each_site.http.options(path, headers=ask | {"Origin": EVIL})
        assert "access-control-allow-origin" not in answer.headers
        answer = await each_site.http.options(path)
        assert answer.status_code == 204
        assert "POST" in answer.headers["allow"]


async def test_a_page_elsewhere_may_read_refusals(site: Site) -> None:
    answer = await site.http.get("/api/events", headers={"Origin": ELSEWHERE})
    assert answer.status_code == 401
    assert answer.headers["access-control-allow-origin"] == ELSEWHERE


def test_what_is_no_origin_is_told_at_once() -> None:
    with pytest.raises(ConfigurationError, match="allowed_origins"):
        realtime_router(ConnectionManager(), JWTAuthenticator(SECRET), allowed_origins=["*"])


def test_the_endpoints_are_documented() -> None:
    manager = ConnectionManager()
    app = FastAPI()
    app.include_router(realtime_router(manager, JWTAuthenticator(SECRET)))
    app.include_router(admin_router(manager, "key"))
    app.include_router(monitoring_router(manager))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        paths = app.openapi()["paths"]
    operations = [operation for path in paths.values() for operation in path.values()]
    assert len({operation["operationId"] for operation in operations}) == len(operations)
    assert all(operation["summary"] for operation in operations)
    assert paths["/api/session"]["post"]["summary"].startswith("A session id")

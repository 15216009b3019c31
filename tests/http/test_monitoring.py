from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI

from dualwire import ConnectionManager
from dualwire.http import monitoring_router
from tests.http.site import API_KEY, Site, error_of
from tests.live import serving, sse, ws

GUARDED = (
    "/metrics",
    "/monitoring/dual-connections",
    "/monitoring/performance",
    "/monitoring/connection-health",
    "/monitoring/health",
    "/api/monitoring/dual-connections",
    "/api/monitoring/performance",
    "/api/monitoring/connection-health",
    "/api/monitoring/health",
)


async def get(site: Site, path: str) -> Any:
    answer = await site.http.get(path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return answer.json()


async def test_dual_connections(each_site: Site) -> None:
    site = each_site
    async with (
        ws(site.address, token=site.token("ann")),
        sse(site.address, token=site.token("ann")),
        ws(site.address, token=site.token("bob")),
        sse(site.address, token=site.token("cid")),
        sse(site.address, token=site.token("cid")),
    ):
        await site.open("ann", websocket=1, sse=1)
        await site.open("bob", websocket=1)
        await site.open("cid", sse=2)
        site.clock.shift(2 * 3600.0)
        answer = await get(site, "/monitoring/dual-connections")
    assert answer == {
        "connection_distribution": {
            "total_players": 3,
            "websocket_only_players": 1,
            "sse_only_players": 1,
            "dual_connection_players": 1,
            "dual_connection_percentage": 33.33,
        },
        "connection_health": {
            "total_connections": 5,
            "healthy_connections": 5,
            "unhealthy_connections": 0,
            "health_percentage": 100.0,
        },
        "session_metrics": {
            "total_sessions": 3,
            "total_session_connections": 5,
            "session_connection_distribution": {"1": 1, "2": 2},
            "avg_connections_per_session": pytest.approx(5 / 3),
        },
        "connection_lifecycle": {
            "avg_connection_age_seconds": 7200.0,
            "max_connection_age_seconds": 7200.0,
            "min_connection_age_seconds": 7200.0,
            "connections_older_than_1h": 5,
            "connections_older_than_24h": 0,
        },
        "performance_metrics": {
            "total_websocket_connections": 2,
            "total_sse_connections": 3,
            "avg_connections_per_player": pytest.approx(5 / 3),
        },
        "timestamp": site.clock.wall(),
    }


async def test_what_was_not_measured_is_null(site: Site) -> None:
    answer = await get(site, "/monitoring/performance")
    assert answer["connection_establishment"]["total_connections"] == 0
    assert answer["connection_establishment"]["avg_sse_establishment_ms"] is None
    assert answer["message_delivery"]["max_delivery_time_ms"] is None
    assert answer["health_monitoring"]["total_health_checks"] is None
    answer = await get(site, "/monitoring/connection-health")
    assert answer["overall_health"]["health_percentage"] is None
    assert answer["connection_type_health"]["sse_health_percentage"] is None
    answer = await get(site, "/monitoring/dual-connections")
    assert answer["connection_lifecycle"]["avg_connection_age_seconds"] is None
    assert answer["connection_distribution"]["dual_connection_percentage"] is None


async def test_performance(site: Site) -> None:
    async with ws(site.address, token=site.token()), sse(site.address, token=site.token()):
        await site.open("ann", websocket=1, sse=1)
        site.manager.node.stats.establishment["sse"].add(0.5)
        await site.manager.deliver("ann", {"n": 1})
        await site.manager.handle_new_game_session("ann", "another.session")
        await site.open("ann")
        answer = await get(site, "/api/monitoring/performance")
    assert answer["connection_establishment"]["total_connections"] == 2
    assert answer["connection_establishment"]["max_sse_establishment_ms"] == 500.0
    assert answer["message_delivery"]["timed_messages"] == 1
    assert answer["message_delivery"]["avg_delivery_time_ms"] is not None
    assert answer["session_management"]["total_session_switches"] == 1
    assert answer["disconnections"]["total_disconnections"] == 2


async def test_connection_health(site: Site) -> None:
    async with ws(site.address, token=site.token()), sse(site.address, token=site.token()):
        await site.open("ann", websocket=1, sse=1)
        answer = await get(site, "/monitoring/connection-health")
    assert answer["overall_health"]["healthy_connections"] == 2
    assert answer["connection_type_health"] == {
        "websocket_connections": 1,
        "sse_connections": 1,
        "websocket_health_percentage": 100.0,
        "sse_health_percentage": 100.0,
    }
    assert answer["session_health"]["healthy_sessions"] == 1
    assert answer["session_health"]["session_health_percentage"] == 100.0
    assert set(answer["health_trends"]) == {
        "connections_older_than_1h",
        "connections_older_than_24h",
        "connections_older_than_7d",
    }
    assert answer["connection_lifecycle"]["stale_connections"] == 0


async def test_health_and_readiness(site: Site) -> None:
    site.clock.shift(5.0)
    answer = await get(site, "/monitoring/health")
    assert answer["status"] == "healthy"
    assert answer["uptime_seconds"] == 5.0
    assert answer["alerts"] == []
    assert set(answer["components"]) == {"server", "connections", "engine"}
    assert (await site.http.get("/healthz")).status_code == 200
    assert (await site.http.get("/readyz")).status_code == 200
    site.manager.node.ready = False
    assert (await site.http.get("/healthz")).status_code == 200
    answer = await site.http.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"ready": False})
    answer = await site.http.get("/monitoring/health")
    assert answer.status_code == 503
    assert answer.json()["status"] == "unhealthy"
    assert answer.json()["alerts"] == ["The server does not take new connections."]


async def test_others_need_the_key(each_site: Site) -> None:
    through_a_proxy = {"X-Forwarded-For": "127.0.0.1"}
    for path in GUARDED:
        answer = await each_site.http.get(path, headers=through_a_proxy)
        assert answer.status_code == 401, path
        error_of(answer)
        with_key = through_a_proxy | {"X-API-Key": API_KEY}
        assert (await each_site.http.get(path, headers=with_key)).status_code == 200, path
        assert (await each_site.http.head(path)).status_code == 200, path
    for path in ("/healthz", "/readyz"):
        assert (await each_site.http.get(path, headers=through_a_proxy)).status_code == 200


async def test_an_application_that_starts_nothing_becomes_ready(site: Site) -> None:
    app = FastAPI()
    manager = ConnectionManager()
    app.include_router(monitoring_router(manager))
    async with serving(app) as address:
        answer = await site.http.get(f"http://{address}/readyz")
        assert answer.status_code == 200
        answer = await site.http.get(
            f"http://{address}/metrics", headers={"X-Forwarded-For": "10.0.0.1"}
        )
        assert answer.status_code == 403
    await manager.stop()

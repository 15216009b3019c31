from __future__ import annotations

from typing import Any

import pytest

from tests.http.site import Site, error_of
from tests.live import sse, ws


async def test_stats_is_no_player(each_site: Site) -> None:
    site = each_site
    async with (
        ws(site.address, token=site.token("ann")),
        sse(site.address, token=site.token("ann")),
        sse(site.address, token=site.token("bob")),
    ):
        await site.open("ann", websocket=1, sse=1)
        await site.open("bob", sse=1)
        answer = (await site.http.get("/api/connections/stats", headers=site.bearer())).json()
    assert set(answer) == {"presence", "sessions", "errors", "timestamp"}
    assert answer["presence"] == {
        "total_online_players": 2,
        "total_connections": 3,
        "websocket_connections": 1,
        "sse_connections": 2,
        "connection_distribution": {"websocket_only": 0, "sse_only": 1, "dual_connection": 1},
        "average_connections_per_player": 1.5,
    }
    assert answer["sessions"]["total_sessions"] == 2
    assert answer["timestamp"] == site.clock.wall()


async def test_looking_changes_nothing(site: Site) -> None:
    async with (
        ws(site.address, "/api/ws?session_id=my.session", site.token()) as socket,
        sse(site.address, token=site.token()) as stream,
    ):
        await site.open("ann", websocket=1, sse=1)
        answers: list[dict[str, Any]] = []
        for _ in range(3):
            answer = await site.http.get("/api/connections/ann", headers=site.bearer())
            answers.append(answer.json())
        assert answers[0] == answers[2]
        assert set(answers[0]) == {
            "player_id",
            "presence",
            "session",
            "acknowledged_lag",
            "health",
            "timestamp",
        }
        assert answers[0]["session"]["session_id"] == "my.session"
        assert len(answers[0]["session"]["session_connections"]) == 2
        assert answers[0]["presence"]["connection_types"] == ["sse", "websocket"]
        assert answers[0]["presence"]["connected_at"] == site.clock.wall()
        health = answers[0]["health"]
        assert (health["websocket"], health["sse"]) == (True, True)
        assert health["overall_health"] == "healthy"
        assert (health["websocket_healthy"], health["websocket_unhealthy"]) == (1, 0)
        await site.manager.send_personal_message("ann", {"n": 1})
        assert await socket.wait(1) == await stream.wait(1) == [{"n": 1}]


async def test_only_ones_own(site: Site) -> None:
    for method, path in (
        ("GET", "/api/connections/bob"),
        ("POST", "/api/connections/bob/session"),
    ):
        assert (await site.http.request(method, path)).status_code == 401
        answer = await site.http.request(method, path, headers=site.bearer("ann"))
        assert answer.status_code == 403
        assert error_of(answer)["type"] == "forbidden"
    answer = await site.http.get("/api/connections/ann", headers=site.bearer())
    assert answer.status_code == 404
    assert error_of(answer)["type"] == "not_found"
    assert (await site.http.get("/api/connections/stats")).status_code == 401


async def test_a_new_game_session(each_site: Site) -> None:
    site = each_site
    path = "/api/connections/ann/session"
    async with (
        ws(site.address, "/api/ws?session_id=the.first", site.token()) as socket,
        sse(site.address, token=site.token()) as stream,
    ):
        await site.open("ann", websocket=1, sse=1)
        body = {"session_id": "the.second"}
        for expected in (2, 0):
            answer = await site.http.post(path, headers=site.bearer(), json=body)
            assert answer.status_code == 200
            assert answer.json()["connections_disconnected"] == expected
        assert await socket.wait_end() == 4409
        await stream.wait_end()
        assert stream.bye is not None
        assert stream.bye["code"] == 4409
    retired = await site.http.post(path, headers=site.bearer(), json={"session_id": "the.first"})
    assert retired.status_code == 409


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"{", b"[]", b'{"session_id": 12345678}', b'{"session_id": "a b c d e"}', b"\x00"],
)
async def test_bad_input_is_never_our_fault(site: Site, body: bytes) -> None:
    answer = await site.http.post(
        "/api/connections/ann/session", headers=site.bearer(), content=body
    )
    assert answer.status_code == 400
    assert error_of(answer)["message"]


async def test_a_session_id_issued_to_somebody_else(site: Site) -> None:
    issued = (await site.tickets("bob"))["session_id"]
    answer = await site.http.post(
        "/api/connections/ann/session", headers=site.bearer(), json={"session_id": issued}
    )
    assert answer.status_code == 403

from __future__ import annotations

import uuid
from typing import Any

import pytest
from fastapi import FastAPI

from dualwire import ConnectionManager
from dualwire.codes import CODES
from dualwire.http import admin_router
from tests.http.site import API_KEY, Site, error_of
from tests.live import sse, ws

KEY = {"X-API-Key": API_KEY}


async def post(site: Site, path: str, body: Any, **headers: str) -> Any:
    answer = await site.http.post(f"/api/admin{path}", headers=KEY | headers, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_backend_publishes(each_site: Site) -> None:
    site = each_site
    async with (
        ws(site.address, token=site.token("ann")) as ann,
        sse(site.address, token=site.token("bob")) as bob,
    ):
        await site.open("ann", websocket=1)
        await site.open("bob", sse=1)
        await site.manager.subscribe_to_room("ann", "hall")
        await site.manager.subscribe_to_room("bob", "hall")
        sent = await post(site, "/publish", {"player_id": "ann", "event": {"n": 1}})
        assert (sent["stream"], sent["accepted"]) == ("player:ann", 1)
        room = {"room": "hall", "event": {"n": 2}}
        first = await post(site, "/publish", room, **{"Idempotency-Key": "k1"})
        again = await post(site, "/publish", room, **{"Idempotency-Key": "k1"})
        assert (first["epoch"], first["offset"]) == (again["epoch"], again["offset"])
        await post(site, "/publish", room | {"event": {"n": 3}, "exclude_player": "bob"})
        await post(site, "/broadcast", {"event": {"n": 4}})
        assert await ann.wait(4) == [{"n": 1}, {"n": 2}, {"n": 3}, {"n": 4}]
        assert await bob.wait(2) == [{"n": 2}, {"n": 4}]


async def test_a_backend_looks(site: Site) -> None:
    async with ws(site.address, token=site.token("ann")):
        await site.open("ann", websocket=1)
        await site.manager.describe_player("ann", character=uuid.UUID(int=1))
        await site.manager.subscribe_to_room("ann", "hall")
        await post(site, "/publish", {"player_id": "ann", "event": {"n": 1}})
        answer = (await site.http.get("/api/admin/presence", headers=KEY)).json()
        assert answer["total"] == 1
        assert answer["players"][0]["player_id"] == "ann"
        assert answer["players"][0]["character"] == str(uuid.UUID(int=1))
        answer = (await site.http.get("/api/admin/rooms", headers=KEY)).json()
        assert answer == {"rooms": {"hall": ["ann"]}}
        path = "/api/admin/history?stream=player:ann"
        answer = (await site.http.get(path, headers=KEY)).json()
        assert [entry["type"] for entry in answer["entries"]] == ["subscribed", "event"]
        assert answer["entries"][1]["event"] == {"n": 1}
        assert (answer["first"], answer["last"]) == (1, 2)
        answer = (await site.http.get(f"{path}&after=1&limit=1", headers=KEY)).json()
        assert [entry["offset"] for entry in answer["entries"]] == [2]


async def test_history_tells_no_session_id(site: Site) -> None:
    await site.manager.handle_new_game_session("ann", "the.first.one")
    await site.manager.handle_new_game_session("ann", "the.second.one")
    await site.manager.subscribe_to_room("ann", "hall")
    await site.manager.unsubscribe_from_room("ann", "hall")
    answer = await site.http.get("/api/admin/history?stream=player:ann", headers=KEY)
    assert "the.first.one" not in answer.text
    assert [entry["type"] for entry in answer.json()["entries"]] == [
        "session_ended",
        "subscribed",
        "unsubscribed",
    ]


async def test_a_backend_disconnects(site: Site) -> None:
    async with (
        ws(site.address, token=site.token()) as one,
        ws(site.address, token=site.token()) as other,
    ):
        await site.open("ann", websocket=2)
        first = site.manager.get_active_connections("ann")["websocket"][0]
        assert await post(site, "/disconnect", {"connection_id": first, "code": 4001}) == {
            "disconnected": True
        }
        assert await one.wait_end() == 4001
        assert not other.ended
        await post(site, "/disconnect", {"player_id": "ann"})
        assert await other.wait_end() == 4400
    for body in ({"player_id": "ann"}, {"connection_id": first}):
        answer = await site.http.post("/api/admin/disconnect", headers=KEY, json=body)
        assert answer.status_code == 404


async def test_one_connection_is_ended_so_that_its_client_returns(site: Site) -> None:
    async with ws(site.address, token=site.token()) as one:
        await site.open("ann", websocket=1)
        (name,) = site.manager.get_active_connections("ann")["websocket"]
        await post(site, "/disconnect", {"connection_id": name})
        code = await one.wait_end()
        assert code == 4003
        assert CODES[code].reconnect
        assert site.manager.get_player_session("ann") is not None


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/publish", {"event": {}}),
        ("/publish", {"player_id": "a", "room": "b", "event": {}}),
        ("/publish", {"player_id": "a"}),
        ("/publish", {"player_id": "a", "event": "text"}),
        ("/publish", {"player_id": 7, "event": {}}),
        ("/broadcast", {"event": [1]}),
        ("/broadcast", {"event": {}, "exclude_player": 7}),
        ("/disconnect", {}),
        ("/disconnect", {"player_id": "a", "connection_id": "b"}),
        ("/disconnect", {"player_id": "a", "code": 1}),
        ("/disconnect", {"player_id": "a", "code": [1]}),
    ],
)
async def test_bad_bodies(site: Site, path: str, body: Any) -> None:
    answer = await site.http.post(f"/api/admin{path}", headers=KEY, json=body)
    assert answer.status_code == 400
    assert "expected" in error_of(answer)["message"]


@pytest.mark.parametrize(
    "query",
    [
        "",
        "stream=x",
        "stream=room:",
        "stream=global&after=-1",
        "stream=global&limit=0",
        "stream=global&limit=1001",
        "stream=global&limit=x",
        "stream=global&after=99999999999999999",
    ],
)
async def test_bad_queries(site: Site, query: str) -> None:
    answer = await site.http.get(f"/api/admin/history?{query}", headers=KEY)
    assert answer.status_code == 400


async def test_a_bad_idempotency_key(site: Site) -> None:
    for key in ("", "k" * 129):
        answer = await site.http.post(
            "/api/admin/broadcast", headers=KEY | {"Idempotency-Key": key}, json={"event": {}}
        )
        assert answer.status_code == 400


async def test_without_the_key_nothing(site: Site) -> None:
    routes = [("POST", path) for path in ("publish", "broadcast", "disconnect")]
    routes += [("GET", path) for path in ("presence", "history", "rooms")]
    for method, path in routes:
        for headers in ({}, {"X-API-Key": "wrong"}, site.bearer(), {"X-API-Key": API_KEY[:-1]}):
            answer = await site.http.request(
                method, f"/api/admin/{path}", headers=headers, json={"event": {}}
            )
            assert answer.status_code == 401, path
    bearer = {"Authorization": f"Bearer {API_KEY}"}
    assert (await site.http.get("/api/admin/rooms", headers=bearer)).status_code == 200


@pytest.mark.parametrize("key", [None, ""])
async def test_without_a_key_set_there_are_no_such_endpoints(key: str | None) -> None:
    app = FastAPI()
    app.include_router(admin_router(ConnectionManager(), key))
    assert not [path for path in app.openapi()["paths"] if "admin" in path]

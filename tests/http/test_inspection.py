from __future__ import annotations

from tests.http.site import API_KEY, Site, error_of
from tests.live import sse, until, ws

KEY = {"X-API-Key": API_KEY}
ELSEWHERE = {"X-Forwarded-For": "203.0.113.7"}


async def test_one_player_with_every_connection_and_what_happened(site: Site) -> None:
    token = site.token("ann")
    async with ws(site.address, token=token), sse(site.address, token=token) as stream:
        await site.open("ann", websocket=1, sse=1)
        await site.manager.subscribe_to_room("ann", "hall")
        site.clock.shift(60.0)
        await stream.close()
        await site.open("ann", websocket=1)
        answer = (await site.http.get("/monitoring/players/ann")).json()
    assert (answer["online"], answer["arm"], answer["rooms"]) == (True, "on", ["hall"])
    (connection,) = answer["connections"]
    assert connection["type"] == "websocket"
    assert connection["health"] == "healthy"
    assert connection["established_at"] == site.clock.wall() - 60.0
    told = [(each["what"], each["type"]) for each in answer["history"]]
    assert told == [("closed", "sse"), ("opened", "sse"), ("opened", "websocket")]
    assert "session" not in str(answer), "its id is a secret of the client that has it"


async def test_a_player_who_left_is_still_told_and_a_stranger_is_not(site: Site) -> None:
    async with ws(site.address, token=site.token("ann")):
        await site.open("ann", websocket=1)
    await site.manager.disconnect_player("ann")
    await until(lambda: not site.manager.node.connections)
    answer = (await site.http.get("/monitoring/players/ann")).json()
    assert (answer["online"], answer["connections"], answer["arm"]) == (False, [], None)
    assert answer["history"]
    missing = await site.http.get("/monitoring/players/nobody")
    assert missing.status_code == 404
    assert "'nobody'" in error_of(missing)["message"]


async def test_the_node(site: Site) -> None:
    token = site.token("ann")
    async with ws(site.address, token=token), sse(site.address, token=token):
        await site.open("ann", websocket=1, sse=1)
        await site.clock.advance(3.0)
        answer = (await site.http.get("/monitoring/node")).json()
    assert answer["node"] == site.manager.node.id
    assert answer["uptime_seconds"] == 3.0
    assert answer["connections"] == {"websocket": 1, "sse": 1}
    assert answer["states"] == {"live": 2}
    assert answer["resources"]["memory_bytes"] > 1_000_000
    assert answer["resources"]["cpu_seconds"] > 0
    assert answer["resources"]["loop_lag_ms"]["count"] == 3
    assert answer["times_ms"]["round_trip"]["sse"]["p99"] is None


async def test_from_elsewhere_the_key_is_needed(site: Site) -> None:
    for path in ("/monitoring/node", "/monitoring/players/ann"):
        assert (await site.http.get(path, headers=ELSEWHERE)).status_code == 401
        answer = await site.http.get(path, headers=ELSEWHERE | KEY)
        assert answer.status_code in (200, 404)

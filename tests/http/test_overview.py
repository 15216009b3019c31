from __future__ import annotations

import asyncio
from typing import Any

from dualwire.http.figures import SLICE, Figures
from dualwire.http.overview import LAGS, RECENT, TOP
from tests.http.site import API_KEY, Site
from tests.live import sse, until, ws

ELSEWHERE = {"X-Forwarded-For": "203.0.113.7"}


async def overview(site: Site) -> dict[str, Any]:
    site.clock.shift(1.0)  # What was made before is too old then.
    answer = await site.http.get("/monitoring/ops")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


async def test_what_matters_is_told_though_hundreds_come_and_go(site: Site) -> None:
    node = site.manager.node
    node.journal.note_refusal("eve", "sse", "unauthorized")
    async with ws(site.address, token=site.token("ann")):
        await site.open("ann", websocket=1)
        (connection,) = node.connections.values()
        for _ in range(500):
            node.journal.note(connection, "opened", "dualwire.v1")
        found = (await overview(site))["recent"]
    assert [each["player"] for each in found if each["what"] == "refused"] == ["eve"]
    assert len(found) <= 5 * RECENT
    assert found == sorted(found, key=lambda each: -each["at"])


async def test_what_the_dashboard_shows_is_what_is(site: Site) -> None:
    async with (
        ws(site.address, token=site.token("ann")) as socket,
        sse(site.address, token=site.token("ann")),
        sse(site.address, token=site.token("bob")),
    ):
        await site.open("ann", websocket=1, sse=1)
        await site.open("bob", sse=1)
        await site.manager.subscribe_to_room("ann", "hall")
        await site.manager.subscribe_to_room("bob", "hall")
        await site.manager.subscribe_to_room("bob", "attic")
        await site.manager.broadcast_global({"n": 1})
        await socket.wait(1)
        await site.clock.advance(3.0)
        socket.socket.transport.abort()
        await site.open("ann", sse=1)
        found = await overview(site)
    assert found["node"]["id"] == site.manager.node.id
    assert found["node"]["ready"] is True
    assert found["players"] == {
        "online": 2,
        "connected": 2,
        "dual": 0,
        "websocket_only": 0,
        "sse_only": 2,
    }
    assert found["connections"]["websocket"]["open"] == 0
    assert found["connections"]["websocket"]["opened"] == 1
    assert found["connections"]["sse"]["open"] == 2
    assert found["totals"]["hidden_failovers"] == 1
    assert found["closes"] == [{"type": "websocket", "code": "peer_gone", "count": 1}]
    assert found["rooms"] == {
        "total": 2,
        "top": [{"room": "hall", "players": 2}, {"room": "attic", "players": 1}],
    }
    assert found["recent"][0]["what"] == "closed"
    assert found["recent"][0]["player"] == "ann"
    assert found["delivery"]["published"] == 1
    assert found["timeline"]["websocket"] == [1, 1, 1]
    assert {len(each) for each in found["timeline"].values()} == {3}
    assert found["rollout"]["arms"]["on"]["players"] == 2


async def test_an_answer_is_made_once_a_second_whoever_looks(site: Site) -> None:
    before = await overview(site)
    async with ws(site.address, token=site.token("ann")):
        await site.open("ann", websocket=1)
        assert (await site.http.get("/monitoring/ops")).json() == before
        assert (await overview(site))["players"]["connected"] == 1


async def test_who_lags_most_comes_first(site: Site) -> None:
    async with ws(site.address, "/api/ws?protocol=dualwire.v1", site.token("ann")) as socket:
        await site.open("ann", websocket=1)
        hello = (await until(lambda: socket.events))[0]
        epoch, first = hello["streams"]["player:ann"]
        await socket.send({"type": "ack", "cursor": {"player:ann": [epoch, first]}})
        await until(lambda: site.manager.get_acknowledged_lag("ann") == {"player:ann": 0})
        for n in range(LAGS):
            # Whoever plays is a little behind, and not slow.
            assert (await overview(site))["slowest"] == []
            await site.manager.send_personal_message("ann", {"n": n})
        (slowest,) = (await overview(site))["slowest"]
    assert (slowest["player"], slowest["lag"]) == ("ann", LAGS)


async def test_a_long_list_ends_with_the_others(site: Site) -> None:
    for n in range(TOP + 5):
        site.manager.node.stats.errors["hook", f"Error{n:02}"] += 20 - n
    errors = (await overview(site))["errors"]
    assert len(errors) == TOP + 1
    assert errors[0] == {"where": "hook", "class": "Error00", "count": 20}
    assert errors[-1] == {"class": "others", "count": sum(20 - n for n in range(TOP, TOP + 5))}


async def test_elsewhere_the_key_is_needed(site: Site) -> None:
    assert (await site.http.get("/monitoring/ops", headers=ELSEWHERE)).status_code == 401
    key = {"X-API-Key": API_KEY}
    assert (await site.http.get("/monitoring/ops", headers=ELSEWHERE | key)).status_code == 200


class Socket:
    """An application's own object for a connection, whose peer takes everything."""

    async def send_json(self, event: object) -> None:
        """Nobody listens."""


async def test_a_crowd_is_looked_at_in_slices_and_answered_as_shortly(site: Site) -> None:
    manager = site.manager
    for n in range(4 * SLICE):
        assert await manager.connect_websocket(Socket(), f"player-{n}")
        await manager.subscribe_to_room(f"player-{n}", f"room-{n % 100}")
    turns = 0

    def turned() -> None:
        nonlocal turns
        turns += 1
        asyncio.get_running_loop().call_soon(turned)

    turned()
    figures = await Figures.look(manager)
    assert turns > 4, "others have their turn meanwhile"
    assert figures.total == 4 * SLICE
    before = turns
    answer = await site.http.get("/monitoring/ops")
    assert turns > before + 4
    assert answer.json()["connections"]["websocket"]["open"] == 4 * SLICE
    assert answer.json()["rooms"]["total"] == 100
    assert len(answer.content) < 16_000

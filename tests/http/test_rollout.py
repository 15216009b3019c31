"""A rollout, driven and watched over HTTP."""

from __future__ import annotations

import pytest

from dualwire.core.rollout import Rollout
from dualwire.flags import RolloutFlags
from tests.http.site import API_KEY, Site, error_of
from tests.http.test_metrics import scrape, value
from tests.live import ws

KEY = {"X-API-Key": API_KEY}


@pytest.fixture
def flags(site: Site) -> RolloutFlags:
    flags = RolloutFlags()
    site.manager.node.arms.flags = flags
    return flags


async def test_what_is_not_said_stays_as_it_is(site: Site, flags: RolloutFlags) -> None:
    for body in ({"percentage": 25}, {"allow": ["ann"]}, {"enabled": False}):
        answer = await site.http.post("/api/admin/rollout", json=body, headers=KEY)
        assert answer.status_code == 200
    expected = {"enabled": False, "percentage": 25.0, "allow": ["ann"], "deny": []}
    assert answer.json() == expected
    assert (await site.http.get("/api/admin/rollout", headers=KEY)).json() == expected
    assert flags.rollout == Rollout(enabled=False, percentage=25.0, allow=frozenset(("ann",)))


async def test_what_cannot_be_used_is_refused_by_name(site: Site, flags: RolloutFlags) -> None:
    answer = await site.http.post("/api/admin/rollout", json={"percentage": 150}, headers=KEY)
    assert answer.status_code == 400
    assert error_of(answer)["message"] == "percentage: expected 0 to 100, got 150.0"
    assert flags.rollout == Rollout()


async def test_without_a_key_nobody_changes_anything(site: Site, flags: RolloutFlags) -> None:
    answer = await site.http.post("/api/admin/rollout", json={"enabled": False})
    assert answer.status_code == 401
    assert flags.rollout == Rollout()


async def test_flags_of_another_provider_are_not_kept_here(site: Site) -> None:
    for method in ("GET", "POST"):
        answer = await site.http.request(method, "/api/admin/rollout", json={}, headers=KEY)
        assert answer.status_code == 404
        assert "RolloutFlags" in error_of(answer)["message"]


async def test_both_sides_are_told_beside_each_other(site: Site, flags: RolloutFlags) -> None:
    flags.rollout = Rollout(percentage=0, allow=frozenset(("ann",)))
    async with (
        ws(site.address, token=site.token("ann")),
        ws(site.address, token=site.token("ann")) as broken,
        ws(site.address, token=site.token("bob")),
        ws(site.address, token=site.token("bob")) as newest,
    ):
        await site.open("ann", websocket=2)
        await site.open("bob", websocket=1)
        broken.socket.transport.abort()
        await site.open("ann", websocket=1)
        newest.socket.transport.abort()
        await site.open("bob")
        answer = (await site.http.get("/monitoring/rollout")).json()
        samples = await scrape(site)
    on, off = answer["arms"]["on"], answer["arms"]["off"]
    assert answer["rollout"]["allow"] == ["ann"]
    assert (on["players"], off["players"]) == (1, 0)
    assert (on["opened"], off["opened"]) == (2, 2)
    assert (on["hidden_failovers"], on["outages"], on["hidden_percentage"]) == (1, 0, 100.0)
    assert (off["hidden_failovers"], off["outages"], off["hidden_percentage"]) == (0, 1, 0.0)
    assert (on["replaced"], off["replaced"]) == (0, 1)
    assert off["closed_by_code"] == {"replaced": 1, "peer_gone": 1}
    assert value(samples, "arm_players", arm="on") == 1
    assert value(samples, "arm_outages_total", arm="off") == 1
    assert value(samples, "arm_closed_total", arm="off", code="replaced") == 1

"""Who tries with worthless proofs is told to wait, and who comes back with a valid one is not."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from dualwire import Config, Rates
from dualwire.http.credentials import COOKIE
from tests.http.site import ELSEWHERE, EVIL, Site, error_of, site_on
from tests.live import sse, ws

STRICT = Config(rates=Rates(failures=3.0, trusted=""))
"""Three failures a minute, and loopback is as strange as any other place."""


EVENTS = "text/event-stream"


async def get(site: Site, **headers: str) -> httpx.Response:
    return await site.http.get("/api/connections/stats", headers=headers)


async def fail(site: Site, times: int, token: str = "rubbish") -> list[int]:
    answers = [await get(site, Authorization=f"Bearer {token}") for _ in range(times)]
    return [each.status_code for each in answers]


async def test_worthless_proofs_are_counted() -> None:
    async with site_on(config=STRICT) as site:
        assert await fail(site, 5) == [401, 401, 401, 429, 429]
        answer = await get(site, Authorization="Bearer other")
        assert answer.status_code == 429
        assert answer.headers["retry-after"] == "20"
        error = error_of(answer)
        assert error["type"] == "rate_limited"
        assert error["details"]["retry_after"] == 20.0
        assert site.manager.node.stats.rate_limited["failure", "refused"] == 3
        site.clock.shift(20.0)
        assert await fail(site, 2) == [401, 429]


async def test_a_valid_one_passes_meanwhile_by_whatever_road() -> None:
    async with site_on(config=STRICT) as site:
        tickets = (await site.tickets())["tickets"]
        assert (await fail(site, 6))[-1] == 429
        assert (await get(site, **site.bearer())).status_code == 200
        async with (
            ws(site.address, f"/api/ws?ticket={tickets['websocket']}"),
            sse(site.address, f"/api/events?ticket={tickets['sse']}"),
            ws(site.address, token=site.token()),
        ):
            await site.open("ann", websocket=2, sse=1)


async def test_an_attack_is_not_looked_at() -> None:
    async with site_on(config=STRICT) as site:
        assert await fail(site, 31) == [401] * 3 + [429] * 28
        answer = await get(site, **site.bearer())
        assert answer.status_code == 429
        assert answer.headers["retry-after"] == "2"
        async with ws(site.address, token=site.token(), subprotocols=["dualwire.v1"]) as refused:
            assert await refused.wait_end() == 4005
            assert "retry_after=2" in (refused.socket.close_reason or "")
        site.clock.shift(2.0)
        assert (await get(site, **site.bearer())).status_code == 200


async def test_what_is_no_attempt_does_not_count() -> None:
    async with site_on(config=STRICT) as site:
        expired = site.token(lifetime=1.0)
        site.clock.shift(2.0)
        for _ in range(10):
            assert (await get(site)).status_code == 401
            assert (await get(site, Authorization=f"Bearer {expired}")).status_code == 401
            # Another site's page must not be able to lock its visitors out.
            cookie = f"{COOKIE}=rubbish"
            answer = await site.http.post("/api/session", headers={"Cookie": cookie})
            assert answer.status_code == 403
            answer = await site.http.post("/api/session", headers=site.bearer(Origin=EVIL))
            assert answer.status_code == 403
        assert await fail(site, 1) == [401]


async def test_unknown_tickets_count() -> None:
    async with site_on(config=STRICT) as site:
        for status in (401, 401, 401, 429):
            async with sse(site.address, "/api/events?ticket=guessed", Accept=EVENTS) as stream:
                # A plain stream gets the only answer that lets EventSource come back.
                assert stream.response.status_code == (200 if status == 429 else 401)
        assert stream.bye is not None
        assert stream.bye["code"] == 4005


async def test_a_storm_of_those_who_come_back_is_welcome() -> None:
    async with site_on(config=STRICT) as site:
        token = site.token()
        for _ in range(40):
            async with (
                ws(site.address, "/api/ws?session_id=the.session", token),
                sse(site.address, "/api/events?session_id=the.session", token, Origin=ELSEWHERE),
            ):
                await site.open("ann", websocket=1, sse=1)
            await site.open("ann")
        assert not site.manager.node.stats.rate_limited


async def test_this_machine_is_trusted_by_default() -> None:
    async with site_on(config=Config(rates=Rates(failures=1.0))) as site:
        assert await fail(site, 15) == [401] * 15


async def test_the_address_behind_a_proxy_is_the_forwarded_one() -> None:
    async with site_on(config=Config(rates=Rates(failures=2.0))) as site:
        for _ in range(5):
            answer = await get(site, Authorization="Bearer x", X_Forwarded_For="203.0.113.9")
        assert answer.status_code == 401, "uvicorn knows no such header"
        headers = {"Authorization": "Bearer x", "X-Forwarded-For": "203.0.113.9"}
        assert [(await get(site, **headers)).status_code for _ in range(3)] == [401, 401, 429]
        headers["X-Forwarded-For"] = "203.0.113.10"
        assert (await get(site, **headers)).status_code == 401


@pytest.mark.parametrize("failures", [None, 0.5])
async def test_off_and_less_than_one(failures: Any) -> None:
    async with site_on(config=Config(rates=Rates(failures=failures, trusted=""))) as site:
        expected = [401] * 4 if failures is None else [401, 429, 429, 429]
        assert await fail(site, 4) == expected

from __future__ import annotations

import pytest

from tests.http.site import ELSEWHERE, EVIL, Site, error_of
from tests.http.test_gate import denial
from tests.live import sse, ws


async def test_a_session_and_a_ticket_for_each_connection(each_site: Site) -> None:
    site = each_site
    answer = await site.tickets()
    assert answer["expires_in"] == 30.0
    assert set(answer["tickets"]) == {"websocket", "sse"}
    # 128 bits are 22 characters of base64.
    assert all(len(ticket) == 22 for ticket in answer["tickets"].values())
    assert site.manager.get_player_session("ann") is None, "issued, not claimed"
    async with (
        ws(site.address, f"/api/ws?ticket={answer['tickets']['websocket']}"),
        sse(site.address, f"/api/events/ann?ticket={answer['tickets']['sse']}"),
    ):
        await site.open("ann", websocket=1, sse=1)
        assert site.manager.get_player_session("ann") == answer["session_id"]


async def test_a_ticket_is_spent_once(each_site: Site) -> None:
    site = each_site
    tickets = (await site.tickets())["tickets"]
    async with ws(site.address, f"/api/ws?ticket={tickets['websocket']}"):
        spent = await denial(site, f"/api/ws?ticket={tickets['websocket']}")
        assert spent == (401, "unauthorized")
    path = f"/api/events?ticket={tickets['sse']}"
    async with sse(site.address, path), sse(site.address, path) as replayed:
        assert replayed.response.status_code == 401
        assert "unknown, spent or expired" in replayed.response.text


async def test_a_ticket_expires(site: Site) -> None:
    tickets = (await site.tickets())["tickets"]
    site.clock.shift(29.9)
    async with ws(site.address, f"/api/ws?ticket={tickets['websocket']}"):
        await site.open("ann", websocket=1)
    site.clock.shift(0.1)
    async with sse(site.address, f"/api/events?ticket={tickets['sse']}") as late:
        assert late.response.status_code == 401


async def test_a_ticket_of_the_other_type_is_refused_and_spent(site: Site) -> None:
    tickets = (await site.tickets())["tickets"]
    assert await denial(site, f"/api/ws?ticket={tickets['sse']}") == (403, "forbidden")
    async with sse(site.address, f"/api/events?ticket={tickets['sse']}") as stream:
        assert stream.response.status_code == 401


async def test_a_ticket_belongs_to_a_player_a_session_and_an_origin(site: Site) -> None:
    async def ticket(**headers: str) -> str:
        return str((await site.tickets(**headers))["tickets"]["websocket"])

    assert (await denial(site, f"/api/ws/bob?ticket={await ticket()}"))[0] == 403
    path = f"/api/ws?ticket={await ticket()}&session_id=another.one"
    assert (await denial(site, path))[0] == 403
    path = f"/api/ws?ticket={await ticket(Origin=ELSEWHERE)}"
    assert (await denial(site, path))[0] == 403
    path = f"/api/ws?ticket={await ticket(Origin=ELSEWHERE)}"
    assert (await denial(site, path, origin=site.origin))[0] == 403
    path = f"/api/ws?ticket={await ticket()}"
    assert (await denial(site, path, origin=ELSEWHERE))[0] == 403
    path = f"/api/ws?ticket={await ticket(Origin=ELSEWHERE)}"
    async with ws(site.address, path, origin=ELSEWHERE):
        await site.open("ann", websocket=1)


async def test_a_page_of_this_server_sends_no_origin_with_a_get(site: Site) -> None:
    answer = await site.tickets(Origin=site.origin)
    async with sse(site.address, f"/api/events?ticket={answer['tickets']['sse']}"):
        await site.open("ann", sse=1)


async def test_further_tickets_for_a_session(site: Site) -> None:
    first = await site.tickets()
    again = await site.http.post(
        "/api/session", headers=site.bearer(), json={"session_id": first["session_id"]}
    )
    assert again.json()["session_id"] == first["session_id"]
    assert again.json()["tickets"] != first["tickets"]
    assert again.headers["cache-control"] == "no-store"


async def test_the_end_of_the_token_ends_what_its_ticket_opened(site: Site) -> None:
    headers = {"Authorization": f"Bearer {site.token(lifetime=20.0)}"}
    tickets = (await site.http.post("/api/session", headers=headers)).json()["tickets"]
    async with ws(site.address, f"/api/ws?ticket={tickets['websocket']}") as client:
        await site.open("ann", websocket=1)
        await site.clock.advance(21.0)
        assert await client.wait_end() == 4004


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"{", 400), (b"[]", 400), (b'{"session_id": 1}', 400), (b'{"session_id": "x"}', 400)],
)
async def test_bad_bodies(site: Site, body: bytes, status: int) -> None:
    answer = await site.http.post("/api/session", headers=site.bearer(), content=body)
    assert answer.status_code == status
    error_of(answer)


async def test_a_ticket_opens_a_connection_and_nothing_else(site: Site) -> None:
    ticket = (await site.tickets())["tickets"]["websocket"]
    for path in ("/api/session", "/api/send"):
        answer = await site.http.post(f"{path}?ticket={ticket}", json={})
        assert answer.status_code == 401
    answer = await site.http.get(f"/api/connections/stats?ticket={ticket}")
    assert "send the token here" in error_of(answer)["message"]
    # It was not spent by that.
    async with ws(site.address, f"/api/ws?ticket={ticket}"):
        await site.open("ann", websocket=1)


async def test_nobody_issues_for_a_page_elsewhere(site: Site) -> None:
    answer = await site.http.post("/api/session", headers=site.bearer(Origin=EVIL))
    assert answer.status_code == 403

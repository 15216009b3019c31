"""Who comes in, and who stays: tickets, sessions, tokens and addresses in the wrong hands."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from dualwire import Config, Rates
from tests.http.site import Site, error_of, site_on
from tests.live import sse, until, ws

V1 = ["dualwire.v1"]


async def closed_with(site: Site, path: str, token: str | None = None) -> int | None:
    """The code that an opening WebSocket is refused with."""
    async with ws(site.address, path, token=token, subprotocols=V1) as client:
        return await client.wait_end()


async def status(site: Site, path: str, token: str | None = None) -> tuple[int, str]:
    """What an event stream is refused with."""
    async with sse(site.address, path, token=token) as stream:
        return stream.response.status_code, error_of(stream.response)["type"]


async def test_ticket_replay_one_of_those_who_try_at_once_gets_in(site: Site) -> None:
    secret = (await site.tickets())["tickets"]["websocket"]
    path = f"/api/ws?ticket={secret}"
    clients = [ws(site.address, path, subprotocols=V1) for _ in range(8)]
    opened = await asyncio.gather(*(each.__aenter__() for each in clients))
    await until(lambda: sum(each.ended for each in opened) == 7)
    codes = sorted(each.socket.close_code or 0 for each in opened)
    assert codes == [0] + [4401] * 7
    await asyncio.gather(*(each.__aexit__(None, None, None) for each in clients))
    assert await closed_with(site, path) == 4401


async def test_a_ticket_of_a_token_that_was_revoked_meanwhile(site: Site) -> None:
    token = site.token()
    bearer = {"Authorization": f"Bearer {token}"}
    tickets = (await site.http.post("/api/session", headers=bearer, json={})).json()["tickets"]
    token_id = (await site.auth.authenticate(token)).token_id
    assert token_id is not None
    await site.manager.revoke_token(token_id)
    assert await closed_with(site, f"/api/ws?ticket={tickets['websocket']}") == 4410
    assert await status(site, f"/api/events?ticket={tickets['sse']}") == (401, "revoked")


async def test_tombstoned_session_stays_dead(site: Site) -> None:
    token, old, new = site.token(), "session_id=the.first", "session_id=the.second"
    async with ws(site.address, f"/api/ws?{old}", token):
        await site.open("ann", websocket=1)
    await site.open("ann")
    async with ws(site.address, f"/api/ws?{new}", token) as current:
        await site.open("ann", websocket=1)
        for _ in range(2):
            assert await closed_with(site, f"/api/ws?{old}", token) == 4409
            assert await status(site, f"/api/events?{old}", token) == (409, "session_replaced")
            path = "/api/connections/ann/session"
            body = {"session_id": "the.first"}
            answer = await site.http.post(path, headers=site.bearer(), json=body)
            assert answer.status_code == 409
            # Nor after it slept through the resume window.
            site.clock.shift(600.0)
        assert not current.ended
        assert site.manager.get_player_session("ann") == "the.second"


async def test_other_players_session_ids_are_worth_nothing(site: Site) -> None:
    anns = (await site.tickets("ann"))["session_id"]
    bob = site.token("bob")
    async with ws(site.address, f"/api/ws?session_id={anns}", site.token("ann")) as mine:
        await site.open("ann", websocket=1)
        assert await closed_with(site, f"/api/ws?session_id={anns}", bob) == 4403
        assert (await status(site, f"/api/events?session_id={anns}", bob))[0] == 403
        body = {"session_id": anns}
        for path in ("/api/session", "/api/connections/bob/session"):
            answer = await site.http.post(path, headers=site.bearer("bob"), json=body)
            assert answer.status_code == 403, path
        for path in ("/api/connections/ann/session", "/api/connections/ann"):
            method = "POST" if path.endswith("session") else "GET"
            answer = await site.http.request(method, path, headers=site.bearer("bob"))
            assert answer.status_code == 403, path
        assert not mine.ended
        # A meddled one is nobody's.
        assert await closed_with(site, f"/api/ws?session_id={anns[:-1]}x", site.token()) == 4403


async def test_expired_session_that_wakes_up_with_an_old_token(site: Site) -> None:
    token = site.token(lifetime=30.0)
    path = "session_id=the.session"
    async with (
        ws(site.address, f"/api/ws?{path}", token) as socket,
        sse(site.address, f"/api/events?{path}", token) as stream,
    ):
        await site.open("ann", websocket=1, sse=1)
        for _ in range(32):
            await site.clock.advance(1.0)
        assert await socket.wait_end() == 4004
        await stream.wait_end()
        assert stream.bye is not None
        assert (stream.bye["code"], stream.bye["reconnect"]) == (4004, True)
    assert await closed_with(site, f"/api/ws?{path}", token) == 4004
    assert await status(site, f"/api/events?{path}", token) == (401, "token_expired")
    bearer = {"Authorization": f"Bearer {token}"}
    said = {"type": "refresh", "token": site.token()}
    answer = await site.http.post("/api/send", headers=bearer, json=said)
    assert error_of(answer)["type"] == "token_expired", "it cannot refresh itself any more"
    async with ws(site.address, f"/api/ws?{path}", site.token()):
        await site.open("ann", websocket=1)


@pytest.mark.parametrize("over", ["websocket", "http"])
async def test_a_refresh_in_place_keeps_both(site: Site, over: str) -> None:
    first = site.token(lifetime=30.0)
    async with (
        ws(site.address, token=first) as socket,
        sse(site.address, token=first) as stream,
    ):
        await site.open("ann", websocket=1, sse=1)
        connections = list(site.manager.node.connections.values())
        await site.clock.advance(25.0)
        second = site.token(lifetime=1000.0)
        said = {"type": "refresh", "token": second}
        if over == "websocket":
            await socket.send(said)
        else:
            bearer = {"Authorization": f"Bearer {second}"}
            answer = await site.http.post("/api/send", headers=bearer, json=said)
            assert answer.status_code == 204
        wanted = (await site.auth.authenticate(second)).expires_at
        await until(lambda: all(each.identity.expires_at == wanted for each in connections))
        for _ in range(8):
            await site.clock.advance(1.0)
        assert not socket.ended
        assert not stream.ended


async def test_expired_session_that_wakes_up_beside_its_successor(site: Site) -> None:
    """A tab slept past the resume window; somebody plays on elsewhere, and is not evicted."""
    token = site.token(lifetime=100_000.0)
    async with sse(site.address, "/api/events?session_id=the.sleeper", token):
        await site.open("ann", sse=1)
    await site.open("ann")
    for _ in range(3):
        await site.clock.advance(200.0)
    async with ws(site.address, "/api/ws?session_id=the.successor", token) as awake:
        await site.open("ann", websocket=1)
        assert await closed_with(site, "/api/ws?session_id=the.sleeper", token) == 4409
        refused = await status(site, "/api/events?session_id=the.sleeper", token)
        assert refused == (409, "session_replaced")
        assert not awake.ended
        await site.manager.send_personal_message("ann", {"n": 1})
        assert (await awake.wait(1))[-1] == {"n": 1}


async def test_other_players_names_in_a_path_or_a_body(site: Site) -> None:
    """Who somebody is, the token says and nothing else."""
    token = site.token("bob")
    async with ws(site.address, token=site.token("ann")) as anns:
        await site.open("ann", websocket=1)
        assert await closed_with(site, "/api/ws/ann", token) == 4403
        assert (await status(site, "/api/events/ann", token))[0] == 403
        said = {"type": "command", "player_id": "ann", "data": {"command": "look"}}
        seen: list[str] = []
        site.manager.on_command(lambda command: seen.append(command.player_id))
        answer = await site.http.post("/api/send", headers=site.bearer("bob"), json=said)
        assert answer.is_success
        assert seen == ["bob"]
        (connection,) = site.manager.node.connections.values()
        alive = connection.seen_at
        pong = {
            "type": "pong",
            "connection": connection.id,
            "n": 1,
            "cursor": {"player:ann": ["x", 9]},
        }
        await site.http.post("/api/send", headers=site.bearer("bob"), json=pong)
        assert connection.seen_at == alive, "nobody keeps another's connection alive"
        assert not anns.ended


async def test_a_refresh_with_what_is_not_ones_own(site: Site) -> None:
    expired = site.token(lifetime=1.0)
    site.clock.shift(2.0)
    async with ws(site.address, token=site.token(), subprotocols=V1) as socket:
        await site.open("ann", websocket=1)
        (connection,) = site.manager.node.connections.values()
        before = connection.identity
        wrong: list[Any] = [site.token("bob"), expired, "rubbish", "", None, 7, {}]
        for token in wrong:
            await socket.send({"type": "refresh", "token": token})
        await until(lambda: len([e for e in socket.events if e["type"] == "warning"]) == len(wrong))
        assert connection.identity is before


async def test_a_plain_client_refreshes_by_opening_anew(site: Site) -> None:
    async with ws(site.address, token=site.token(lifetime=30.0)) as old:
        await site.open("ann", websocket=1)
        await site.clock.advance(25.0)
        async with ws(site.address, token=site.token(lifetime=1000.0)) as new:
            await site.open("ann", websocket=2)
            for _ in range(8):
                await site.clock.advance(1.0)
            assert await old.wait_end() == 4004
            await site.manager.send_personal_message("ann", {"n": 1})
            assert (await new.wait(1))[-1] == {"n": 1}
            assert "ann" in site.manager.online_players


async def test_a_forged_forwarding_header_hides_nobody() -> None:
    """Only the server's own proxy is believed; another name each time is still one place."""
    config = Config(rates=Rates(failures=3.0))
    async with site_on(config=config, forwarded_allow_ips="203.0.113.1") as site:
        answers = []
        for n in range(6):
            headers = {"Authorization": "Bearer x", "X-Forwarded-For": f"198.51.100.{n}"}
            answers.append(await site.http.get("/api/connections/stats", headers=headers))
        assert [each.status_code for each in answers] == [401] * 3 + [429] * 3

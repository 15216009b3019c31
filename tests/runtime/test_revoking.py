"""Revocation over real sockets: at once, for good, and for nobody else."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from dualwire import AuthenticationError, ConnectionManager, Identity
from dualwire.codes import REVOKED
from dualwire.http.credentials import COOKIE
from dualwire.manager.terms import Terms
from dualwire.testing import ManualClock
from tests.http.site import API_KEY, Site, error_of, site_on
from tests.live import sse, until, ws


async def identity_of(site: Site, token: str) -> Identity:
    return await site.auth.authenticate(token)


async def revoke(site: Site, **body: Any) -> dict[str, Any]:
    """Over the server API."""
    answer = await site.http.post("/api/admin/revoke", json=body, headers={"X-API-Key": API_KEY})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def is_refused(site: Site, token: str, reason: str = "revoked") -> bool:
    """Whether a token is worth nothing, by whatever road."""
    bearer = {"Authorization": f"Bearer {token}"}
    answers = [
        await site.http.post("/api/session", headers=bearer, json={}),
        await site.http.post("/api/send", headers=bearer, json={"type": "ping"}),
        await site.http.get("/api/connections/stats", headers=bearer),
    ]
    async with ws(site.address, token=token, subprotocols=["dualwire.v1"]) as client:
        code = await client.wait_end()
    async with sse(site.address, token=token) as stream:
        answers.append(stream.response)
    assert code == 4410
    return all((each.status_code, error_of(each)["type"]) == (401, reason) for each in answers)


@pytest.mark.parametrize("server", ["uvicorn", "gateway"])
async def test_a_players_access_ends_at_once_and_for_good(server: Any) -> None:
    async with site_on(server) as site:
        token, bobs = site.token("ann"), site.token("bob")
        tickets = (await site.tickets("ann"))["tickets"]
        async with (
            ws(site.address, token=token) as socket,
            sse(site.address, token=token) as stream,
            ws(site.address, token=bobs) as other,
        ):
            await site.open("ann", websocket=1, sse=1)
            site.clock.shift(1.0)
            assert await revoke(site, player_id="ann") == {"revoked": True, "session_ended": True}
            assert await socket.wait_end() == 4410
            await stream.wait_end()
            assert stream.bye is not None
            assert (stream.bye["code"], stream.bye["reconnect"]) == (4410, False)
            assert await is_refused(site, token)
            # Neither a ticket that was issued before, nor the session.
            async with sse(site.address, f"/api/events?ticket={tickets['sse']}") as late:
                assert late.response.status_code == 401
            assert "ann" not in site.manager.online_players
            assert not other.ended
        site.clock.shift(1.0)
        async with ws(site.address, token=site.token("ann")):
            await site.open("ann", websocket=1)
        site.clock.shift(3000.0)
        assert await is_refused(site, token)


async def test_what_waits_is_not_written() -> None:
    async with site_on() as site, ws(site.address, token=site.token()) as socket:
        await site.open("ann", websocket=1)
        await site.manager.send_personal_message("ann", {"n": 1})
        await socket.wait(1)
        work = site.manager.revoke_player("ann")
        # In the same turn of the loop: it is in the outbox, and goes no further.
        await asyncio.gather(site.manager.send_personal_message("ann", {"n": 2}), work)
        assert await socket.wait_end() == 4410
        assert socket.events == [{"n": 1}]


async def test_one_token_ends_with_its_connections_alone() -> None:
    async with site_on() as site:
        lost, kept = site.token("ann"), site.token("ann")
        async with (
            ws(site.address, token=lost) as socket,
            sse(site.address, token=lost) as stream,
            ws(site.address, token=kept) as other,
        ):
            await site.open("ann", websocket=2, sse=1)
            identity = await identity_of(site, lost)
            await revoke(site, token_id=identity.token_id, until=identity.expires_at)
            assert await socket.wait_end() == 4410
            await stream.wait_end()
            assert await is_refused(site, lost)
            assert not other.ended
            assert "ann" in site.manager.online_players
        # By then it has expired, and nobody needs to remember it.
        site.clock.shift(3600.0)
        while len(site.manager.node.engine.revoked):
            await site.clock.advance(1.0)
        async with ws(site.address, token=lost, subprotocols=["dualwire.v1"]) as expired:
            assert await expired.wait_end() == 4004


async def test_one_session_ends_with_the_tokens_that_it_came_with() -> None:
    async with site_on() as site:
        token, newer = site.token(), site.token()
        path = "session_id=the.session"
        async with (
            ws(site.address, f"/api/ws?{path}", token) as socket,
            sse(site.address, f"/api/events?{path}", token) as stream,
        ):
            await site.open("ann", websocket=1, sse=1)
            answer = await revoke(site, player_id="ann", session_id="the.session")
            assert answer["session_ended"] is True
            assert await socket.wait_end() == 4410
            await stream.wait_end()
        await site.manager.node.wait_settled()
        assert await is_refused(site, token)
        async with sse(site.address, f"/api/events?{path}", newer) as again:
            assert error_of(again.response)["type"] == "revoked"
        async with ws(site.address, "/api/ws?session_id=another.one", newer):
            await site.open("ann", websocket=1)
            answer = await revoke(site, player_id="ann", session_id="never.seen.before")
            assert answer["session_ended"] is False
            assert site.manager.get_player_session("ann") == "another.one"
        async with sse(site.address, "/api/events?session_id=never.seen.before", newer) as again:
            assert error_of(again.response)["type"] == "revoked"


async def test_a_refresh_cannot_bring_a_revoked_token_back() -> None:
    async with site_on() as site, ws(site.address, token=site.token()) as socket:
        await site.open("ann", websocket=1)
        revoked = site.token()
        token_id = (await identity_of(site, revoked)).token_id
        assert token_id is not None
        await site.manager.revoke_token(token_id)
        await socket.send({"type": "refresh", "token": revoked})
        (warning,) = await socket.wait(1)
        assert warning["reason"] == "refresh_failed"
        assert "revoked" in warning["message"]
        assert not socket.ended


async def test_a_refreshed_connection_outlives_its_first_token() -> None:
    async with site_on() as site:
        first, second = site.token(), site.token()
        async with ws(site.address, token=first) as socket:
            await site.open("ann", websocket=1)
            await socket.send({"type": "refresh", "token": second})
            (connection,) = site.manager.node.connections.values()
            wanted = (await identity_of(site, second)).token_id
            await until(lambda: connection.identity.token_id == wanted)
            token_id = (await identity_of(site, first)).token_id
            assert token_id is not None
            await site.manager.revoke_token(token_id)
            assert not connection.ended
            assert wanted is not None
            await site.manager.revoke_token(wanted)
            assert await socket.wait_end() == 4410


class _SlowEngine:
    """Holds claims up, so that something can happen meanwhile."""

    def __init__(self, manager: ConnectionManager) -> None:
        self._claim = manager.node.engine.claim
        self.reached, self.go_on = asyncio.Event(), asyncio.Event()
        manager.node.engine.claim = self.claim  # type: ignore[method-assign]

    async def claim(self, *args: Any, **options: Any) -> Any:
        self.reached.set()
        await self.go_on.wait()
        return await self._claim(*args, **options)


async def test_revoked_while_it_connects() -> None:
    async with site_on() as site:
        slow, token = _SlowEngine(site.manager), site.token()
        async with asyncio.TaskGroup() as group:
            opening = group.create_task(open_and_wait(site, token))
            await slow.reached.wait()
            await site.manager.revoke_player("ann")
            slow.go_on.set()
        assert opening.result() == 4410
        assert not site.manager.node.connections


async def open_and_wait(site: Site, token: str) -> int | None:
    async with ws(site.address, token=token, subprotocols=["dualwire.v1"]) as client:
        return await client.wait_end()


async def test_revoked_between_the_reservation_and_the_stream() -> None:
    manager = ConnectionManager(clock=ManualClock())
    identity = Identity(player_id="ann", token_id="one")
    async with manager.lifespan():
        connection = await manager.reserve_sse("ann", terms=Terms(identity=identity))
        await manager.revoke_token("one")
        transport = await manager.open_sse(connection)
        said = b"".join([chunk async for chunk in transport.stream()])
        assert b'"code":4410' in said
        with pytest.raises(AuthenticationError) as caught:
            await manager.connect_sse("ann", terms=Terms(identity=identity))
        assert caught.value.code is REVOKED


async def test_what_another_node_revoked_is_acted_on_in_the_next_turn() -> None:
    """The engine's table changes without this node's doing, as it does where nodes share one."""
    async with site_on() as site, ws(site.address, token=site.token()) as socket:
        await site.open("ann", websocket=1)
        (connection,) = site.manager.node.connections.values()
        wall = site.clock.wall()
        site.manager.node.engine.revoked.add(
            f"token:{connection.identity.token_id}", wall, wall + 60.0
        )
        await site.clock.advance(1.0)
        await site.clock.advance(1.0)
        assert await socket.wait_end() == 4410


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"session_id": "the.session"},
        {"player_id": "ann", "token_id": "one"},
        {"token_id": "one", "session_id": "the.session"},
        {"token_id": 7},
        {"token_id": "one", "until": "soon"},
        {"token_id": "one", "until": True},
        {"token_id": "one", "until": -1},
        {"token_id": "one", "until": 1e300},
    ],
    ids=str,
)
async def test_what_cannot_be_revoked_is_told(site: Site, body: dict[str, Any]) -> None:
    key = {"X-API-Key": API_KEY}
    answer = await site.http.post("/api/admin/revoke", json=body, headers=key)
    assert answer.status_code == 400
    assert (await site.http.post("/api/admin/revoke", json=body)).status_code == 401


async def test_a_cookie_of_a_revoked_token(site: Site) -> None:
    token = site.token()
    token_id = (await identity_of(site, token)).token_id
    assert token_id is not None
    await site.manager.revoke_token(token_id)
    cookie = {"Cookie": f"{COOKIE}={token}", "Origin": site.origin}
    async with sse(site.address, **cookie) as stream:
        assert stream.response.status_code == 401


@pytest.fixture
async def site() -> Any:
    async with site_on() as served:
        yield served

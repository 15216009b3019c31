"""Caps and openings, over real sockets."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from dualwire import CapacityError, Config, ConnectionManager, Identity, Limits, Rates
from dualwire.manager.terms import Terms
from dualwire.testing import ManualClock
from tests.http.site import Site, error_of, site_on
from tests.live import sse, until, ws


async def refused(site: Site, path: str = "/api/ws", player: str = "ann") -> float:
    """Seconds after which a WebSocket that is refused may come again."""
    async with ws(site.address, path, token=site.token(player)) as client:
        assert await client.wait_end() == 4005
        return float((client.socket.close_reason or "").partition("retry_after=")[2])


async def test_a_player_has_only_so_many_of_both_types_together() -> None:
    config = Config(limits=Limits(connections_per_type=2, connections_per_player=3))
    async with site_on(config=config) as site:
        token = site.token()
        async with (
            ws(site.address, token=token) as first,
            ws(site.address, token=token),
            sse(site.address, token=token),
        ):
            await site.open("ann", websocket=2, sse=1)
            assert await refused(site) == 25.0
            async with sse(site.address, token=token, Authorization=f"Bearer {token}") as stream:
                error = error_of(stream.response)
                assert error["type"] == "rate_limited"
                assert "a player may have 3 connections" in error["message"]
            assert not first.ended
            stats = site.manager.node.stats.rate_limited
            assert stats["type_connections", "refused"] == 1
            assert stats["player_connections", "refused"] == 1
            await first.socket.close()
            await site.open("ann", websocket=1, sse=1)
            async with ws(site.address, token=token):
                await site.open("ann", websocket=2, sse=1)


async def test_a_takeover_makes_its_own_room() -> None:
    config = Config(limits=Limits(connections_per_player=1))
    async with (
        site_on(config=config) as site,
        ws(site.address, "/api/ws?session_id=the.first", site.token()) as old,
    ):
        await site.open("ann", websocket=1)
        async with ws(site.address, "/api/ws?session_id=the.second", site.token()):
            assert await old.wait_end() == 4409


async def test_an_address_has_only_so_many() -> None:
    config = Config(limits=Limits(connections_per_address=2), rates=Rates(trusted=""))
    async with (
        site_on(config=config) as site,
        ws(site.address, token=site.token("ann")) as first,
        sse(site.address, token=site.token("bob")),
    ):
        await refused(site, player="eva")
        assert site.manager.node.stats.rate_limited["address_connections", "refused"] == 1
        await first.socket.close()
        await site.open("ann")
        async with ws(site.address, token=site.token("eva")):
            await site.open("eva", websocket=1)


async def test_trusted_networks_have_no_such_cap() -> None:
    config = Config(limits=Limits(connections_per_address=1))
    async with (
        site_on(config=config) as site,
        ws(site.address, token=site.token()),
        ws(site.address, token=site.token()),
    ):
        await site.open("ann", websocket=2)


async def test_a_node_has_only_so_many() -> None:
    config = Config(limits=Limits(connections_per_node=1))
    async with site_on(config=config) as site:
        async with sse(site.address, token=site.token("ann")):
            await refused(site, player="bob")
        await site.open("ann")
        async with ws(site.address, token=site.token("bob")):
            await site.open("bob", websocket=1)


async def test_a_reservation_that_lapses_gives_its_place_back() -> None:
    clock = ManualClock()
    config = Config(limits=Limits(connections_per_node=1))
    manager = ConnectionManager(config=config, clock=clock)
    async with manager.lifespan():
        await manager.connect_sse("ann")
        with pytest.raises(CapacityError, match="this node has 1 connections"):
            await manager.connect_sse("bob")
        while manager.node.connections:
            await clock.advance(1.0)
        await manager.connect_sse("bob")


async def test_a_player_opens_only_so_many_in_a_minute() -> None:
    config = Config(rates=Rates(openings=3.0, trusted=""))
    async with site_on(config=config) as site:
        for _ in range(3):
            async with ws(site.address, token=site.token()):
                await site.open("ann", websocket=1)
            await site.open("ann")
        assert await refused(site) == 20.0
        # Types and players are counted by themselves, and so are tickets.
        async with (
            sse(site.address, token=site.token()),
            ws(site.address, token=site.token("bob")),
        ):
            await site.open("ann", sse=1)
        for _ in range(3):
            await site.tickets()
        answer = await site.http.post("/api/session", headers=site.bearer())
        assert answer.status_code == 429
        assert "(ticket)" in error_of(answer)["message"]
        site.clock.shift(20.0)
        async with ws(site.address, token=site.token()):
            await site.open("ann", websocket=1)


async def test_an_application_that_names_no_address_is_not_limited() -> None:
    manager = ConnectionManager(config=Config(rates=Rates(openings=1.0)), clock=ManualClock())
    async with manager.lifespan():
        await asyncio.gather(*(manager.connect_sse("ann") for _ in range(3)))
        terms = Terms(identity=Identity(player_id="ann"), address="203.0.113.9")
        await manager.connect_sse("ann", terms=terms)
        with pytest.raises(CapacityError, match="too many openings"):
            await manager.connect_sse("ann", terms=terms)
        await manager.connect_sse("bob", terms=replace(terms, identity=Identity(player_id="bob")))


async def test_who_opens_too_much_is_warned_before_it_is_refused() -> None:
    config = Config(rates=Rates(openings=8.0, trusted=""))
    async with site_on(config=config) as site:
        token = site.token()
        async with (
            ws(site.address, token=token, subprotocols=["dualwire.v1"]) as client,
            ws(site.address, token=token) as plain,
        ):
            await site.open("ann", websocket=2)
            for _ in range(6):
                async with ws(site.address, token=token):
                    await site.open("ann", websocket=3)
                await site.open("ann", websocket=2)
            await until(lambda: any(each["type"] == "warning" for each in client.events))
            (warning,) = [each for each in client.events if each["type"] == "warning"]
            assert warning["reason"] == "rate_limited"
            assert "you open connections (websocket) faster" in warning["message"]
            assert plain.events == []
            assert await refused(site) > 0.0
            limited = site.manager.node.stats.rate_limited
            assert (limited["opening", "warned"], limited["opening", "refused"]) == (1, 1)

"""Revocation across nodes, on a real Redis."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import httpx
import pytest
from fastapi import FastAPI
from redis.asyncio import Redis

from dualwire import ConnectionManager, Identity
from dualwire.core.revocation import player_key, token_key
from dualwire.engines.redis import RedisEngine
from dualwire.engines.redis.revocations import FEW
from dualwire.http import JWTAuthenticator, realtime_router
from dualwire.testing import ManualClock
from dualwire.types import Entry
from tests.engines.servers import RedisServer
from tests.http.site import SECRET
from tests.live import DEADLINE, serving, sse, until, ws


def nothing(stream: str, entry: Entry) -> None:
    """Nobody listens."""


@dataclass
class Pair:
    """Two nodes that live by the same clock."""

    clock: ManualClock
    one: RedisEngine
    two: RedisEngine
    make: Callable[[], RedisEngine]


@pytest.fixture
async def pair(redis_server: RedisServer) -> AsyncIterator[Pair]:
    clock, namespace = ManualClock(), secrets.token_hex(4)

    def make() -> RedisEngine:
        time = lambda: (clock.now(), clock.wall())  # noqa: E731
        return RedisEngine(redis_server.url, clock, namespace=namespace, time=time)

    async with contextlib.AsyncExitStack() as stack:
        engines = make(), make()
        for engine in engines:
            await engine.start(nothing)
            stack.push_async_callback(engine.stop)
        yield Pair(clock, *engines, make)


def token(token_id: str, issued_at: float | None = None) -> Identity:
    return Identity(player_id="ann", token_id=token_id, issued_at=issued_at)


async def test_another_node_knows_in_its_next_turn(pair: Pair) -> None:
    wall = pair.clock.wall()
    await pair.one.revoke(token_key("one"), wall, wall + 100.0)
    assert not pair.two.revoked.covers(token("one"))
    await pair.two.tick()
    assert pair.two.revoked.covers(token("one"))
    await pair.two.revoke(player_key("ann"), wall, wall + 100.0)
    await pair.one.tick()
    assert pair.one.revoked.covers(token("two", issued_at=wall))
    assert not pair.one.revoked.covers(token("two", issued_at=wall + 0.002))


async def test_a_node_that_comes_later_knows_before_it_lets_anybody_in(pair: Pair) -> None:
    wall = pair.clock.wall()
    for n in range(3):
        await pair.one.revoke(token_key(f"n{n}"), wall, wall + 100.0)
    late = pair.make()
    await late.start(nothing)
    assert all(late.revoked.covers(token(f"n{n}")) for n in range(3))
    await late.stop()


async def test_many_at_once(pair: Pair) -> None:
    wall = pair.clock.wall()
    for n in range(FEW + 5):
        await pair.one.revoke(token_key(f"n{n}"), wall, wall + 100.0)
    await pair.two.tick()
    assert len(pair.two.revoked) == FEW + 5


async def test_nothing_is_kept_for_longer_than_needed(
    pair: Pair, redis_server: RedisServer
) -> None:
    wall = pair.clock.wall()
    await pair.one.revoke(token_key("one"), wall, wall + 5.0)
    await pair.one.revoke(token_key("two"), wall, wall + 50.0)
    await pair.two.tick()
    await pair.clock.advance(6.0)
    for engine in (pair.one, pair.two):
        await engine.tick()
        assert not engine.revoked.covers(token("one"))
        assert engine.revoked.covers(token("two"))
    async with Redis.from_url(redis_server.url) as redis:
        key = [name async for name in redis.scan_iter("*revoked:{revoked}")]
        lengths = [await redis.hlen(name) for name in key]
        assert 1 in lengths


async def test_a_redis_that_came_back_empty_is_told(pair: Pair, redis_server: RedisServer) -> None:
    wall = pair.clock.wall()
    await pair.one.revoke(token_key("one"), wall, wall + 100.0)
    await pair.two.tick()
    async with Redis.from_url(redis_server.url) as redis:
        await redis.flushall()
    await pair.two.revoke(token_key("two"), wall, wall + 100.0)
    await pair.two.tick()
    await pair.one.tick()
    late = pair.make()
    await late.start(nothing)
    assert late.revoked.covers(token("one"))
    assert late.revoked.covers(token("two"))
    await late.stop()


async def test_connections_on_other_nodes_end_within_a_second_or_so(
    redis_server: RedisServer,
) -> None:
    """Real time, real sockets: a WebSocket here, an event stream there, one call."""
    namespace = secrets.token_hex(4)
    auth = JWTAuthenticator(SECRET)
    async with contextlib.AsyncExitStack() as stack:
        managers, addresses = [], []
        for _ in range(2):
            seed = ConnectionManager()
            engine = RedisEngine(redis_server.url, seed.node.clock, namespace=namespace)
            manager = ConnectionManager(engine, secret=SECRET)
            app = FastAPI(lifespan=manager.lifespan)
            app.include_router(realtime_router(manager, auth))
            managers.append(manager)
            addresses.append(await stack.enter_async_context(serving(app)))
        lost, kept = auth.issue("ann"), auth.issue("ann")
        here = await stack.enter_async_context(ws(addresses[0], token=lost))
        there = await stack.enter_async_context(sse(addresses[1], token=lost))
        other = await stack.enter_async_context(ws(addresses[1], token=kept))
        await until(lambda: "ann" in managers[1].node.hub.players)
        await until(lambda: len(managers[1].node.hub.players["ann"].connections) == 2)
        identity = await auth.authenticate(lost)
        assert identity.token_id is not None
        await managers[0].revoke_token(identity.token_id, until=identity.expires_at)
        assert await here.wait_end() == 4410
        await there.wait_end()
        assert there.bye is not None
        assert there.bye["code"] == 4410
        assert not other.ended
        async with httpx.AsyncClient(base_url=f"http://{addresses[1]}", timeout=DEADLINE) as http:
            bearer = {"Authorization": f"Bearer {lost}"}
            answer = await http.post("/api/send", json={"type": "ping"}, headers=bearer)
            assert answer.json()["error"]["type"] == "revoked"
        assert await managers[0].revoke_player("ann")
        assert await other.wait_end() == 4410

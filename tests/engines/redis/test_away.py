"""Redis is away, slow, full, empty, or another one: what callers and followers learn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from dualwire.clock import SystemClock
from dualwire.core.presence import Transitions
from dualwire.engines.redis import RedisEngine
from dualwire.exceptions import EngineError
from dualwire.testing.engine_rig import EVA, HALL, EngineRig
from dualwire.testing.suite import eventually
from dualwire.types import player_stream
from tests.engines.servers import RedisServer

OWN = player_stream(EVA)


class Node(EngineRig):
    """An engine in real time, with what was told to it."""

    def __init__(self, url: str, *, timeout: float = 2.0, wait: float = 0.0) -> None:
        super().__init__(
            RedisEngine(url, SystemClock(), timeout=timeout, wait=wait),
            None,  # type: ignore[arg-type]
        )

    async def start(self, *streams: str) -> Node:
        await self.engine.start(self.sink, self.renewed.append)
        await self.follow(*streams)
        return self


@asynccontextmanager
async def server(**options: str) -> AsyncIterator[RedisServer]:
    running = RedisServer(**options)
    try:
        await asyncio.to_thread(running.start)
        yield running
    finally:
        running.close()


@asynccontextmanager
async def node(
    url: str, *streams: str, timeout: float = 2.0, wait: float = 0.0
) -> AsyncIterator[Node]:
    rig = await Node(url, timeout=timeout, wait=wait).start(*streams)
    try:
        yield rig
    finally:
        await rig.engine.stop()


async def back(rig: Node) -> None:
    await eventually("the engine answers again", lambda: rig.engine.trouble() is None)


async def test_without_redis_nothing_starts() -> None:
    async with server() as redis:
        redis.stop()
        rig = Node(redis.url)
        with pytest.raises(EngineError, match=r"start failed: Redis: .*onnect"):
            await rig.start()
        await rig.engine.stop()


async def test_while_redis_is_away_calls_fail_at_once_and_say_why() -> None:
    async with server() as redis, node(redis.url, HALL) as rig:
        await rig.say(HALL)
        redis.stop()
        with pytest.raises(EngineError, match=r"publish failed: Redis: "):
            await rig.say(HALL)
        assert rig.engine.trouble()
        with pytest.raises(EngineError, match=r"claim failed: Redis: "):
            await rig.engine.claim(EVA, None, "session-1")
        assert await rig.engine.tick() == Transitions()
        await rig.engine.detach(EVA, "c1")
        assert rig.engine.log(HALL).offset == 1, "what is here can still be read"


async def test_a_publisher_can_wait_for_redis() -> None:
    async with server() as redis, node(redis.url, HALL, wait=20.0) as rig:
        first = (await rig.say(HALL)).position
        redis.stop()
        work = asyncio.ensure_future(rig.say(HALL, "waited"))
        await eventually("it waits", lambda: rig.engine.trouble() is not None)
        assert not work.done()
        await asyncio.to_thread(redis.start)
        published = await work
        assert published.position > first
        await eventually("it is here", lambda: rig.engine.log(HALL).position == published.position)


async def restart(redis: RedisServer, *nodes: Node) -> None:
    """Kill and start it, and return when the nodes have noticed both."""
    redis.stop()
    for rig in nodes:
        with pytest.raises(EngineError):
            await rig.engine.history(HALL, 0, 1)
    await asyncio.to_thread(redis.start)
    for rig in nodes:
        await back(rig)


async def test_a_redis_that_kept_everything_goes_on_where_it_was() -> None:
    options = {"appendonly": "yes", "appendfsync": "always"}
    async with (
        server(**options) as redis,
        node(redis.url, HALL) as one,
        node(redis.url, HALL) as two,
    ):
        for turn in range(5):
            last = (await one.say(HALL, str(turn))).position
        await eventually("followed", lambda: two.offsets(HALL) == [1, 2, 3, 4, 5])
        await restart(redis, one, two)
        after = (await one.say(HALL, "after")).position
        assert after == (last.epoch, 6)
        await eventually("goes on", lambda: two.offsets(HALL) == [1, 2, 3, 4, 5, 6])
        assert two.renewed == [HALL], "nothing was lost, so nothing was told"


async def test_a_redis_that_came_back_empty_is_told_what_nodes_know() -> None:
    async with server() as redis, node(redis.url, OWN, HALL) as rig:
        engine = rig.engine
        await engine.claim(EVA, "session-1", "x")
        await engine.attach(EVA, "c1")
        await engine.describe(EVA, {"name": "Eva"})
        start = (await rig.say(HALL)).position
        await engine.enter(EVA, "hall")
        before = {stream: engine.log(stream).position for stream in (OWN, HALL)}
        rig.renewed.clear()
        await restart(redis, rig)
        await eventually("told", lambda: {OWN, HALL} <= set(rig.renewed))
        for stream, position in before.items():
            assert engine.log(stream).position.epoch > position.epoch
        assert {room: each.start for room, each in engine.rooms_of(EVA).items()} == {HALL: start}
        joined = await engine.claim(EVA, None, "session-2")
        assert (joined.outcome, joined.session_id) == ("joined", "session-1")
        assert not await engine.attach(EVA, "c2"), "the player never left"
        await engine.tick()
        async with node(redis.url) as other:
            await other.engine.tick()
            assert other.engine.presence()[EVA].connections == {"c1", "c2"}
            assert other.engine.presence()[EVA].info == {"name": "Eva"}
            assert other.engine.members_of("hall") == {EVA}


async def test_a_connection_that_ended_while_redis_was_away_is_gone() -> None:
    options = {"appendonly": "yes", "appendfsync": "always"}
    async with server(**options) as redis, node(redis.url, OWN) as rig:
        await rig.engine.claim(EVA, "session-1", "x")
        for connection in ("c1", "c2"):
            await rig.engine.attach(EVA, connection)
        redis.stop()
        await rig.engine.detach(EVA, "c1")
        await asyncio.to_thread(redis.start)
        await back(rig)
        await rig.engine.tick()
        assert rig.engine.presence()[EVA].connections == {"c2"}


async def test_a_redis_that_hangs_is_away_after_the_timeout() -> None:
    async with server() as redis, node(redis.url, HALL, timeout=0.2) as rig:
        await rig.say(HALL)
        redis.pause()
        with pytest.raises(EngineError, match=r"publish failed: Redis: "):
            await rig.say(HALL, "hung", "id-1")
        assert rig.engine.trouble()
        redis.resume()
        await back(rig)
        again = await rig.say(HALL, "hung", "id-1")
        history = await rig.engine.history(HALL, 0, 10)
        assert history.position == again.position == (again.position.epoch, 2), "stored once"
        await eventually("it is here", lambda: rig.offsets(HALL) == [1, 2])


async def fill(rig: Node) -> int:
    """Publish until that fails; says how often it did not."""
    stored = 0
    while stored < 10_000:
        try:
            await rig.say(f"room:{stored}", "x" * 10_000)
        except EngineError as error:
            if "publish failed: Redis is full (maxmemory)" not in str(error):
                raise
            return stored
        stored += 1
    raise AssertionError("it never was full")


async def test_a_full_redis_stores_nothing_and_says_so() -> None:
    async with (
        server(maxmemory="3mb", maxmemory_policy="noeviction") as redis,
        node(redis.url, HALL, OWN) as rig,
    ):
        await rig.engine.claim(EVA, "session-1", "x")
        await rig.engine.attach(EVA, "c1")
        stored = await fill(rig)
        assert rig.engine.trouble() is None, "it answers, and what needs no memory works"
        assert (await rig.engine.history("room:0", 0, 10)).position.offset == 1
        assert (await rig.engine.history(f"room:{stored}", 0, 10)).position.offset == 0
        with pytest.raises(EngineError, match="full"):
            await rig.say(HALL)
        await rig.engine.detach(EVA, "c1")
        assert rig.engine.presence()[EVA].connections == frozenset()
        with redis.client as client:
            client.config_set("maxmemory", "100mb")
        assert (await rig.say(HALL)).position.offset == 1


async def test_scripts_that_redis_forgot_are_sent_again() -> None:
    async with server() as redis, node(redis.url, HALL) as rig:
        await rig.say(HALL)
        with redis.client as client:
            client.script_flush()
        await asyncio.gather(*(rig.say(HALL) for _ in range(20)))
        assert rig.offsets(HALL) == list(range(1, 22))


async def test_a_flushed_redis_gives_no_position_twice() -> None:
    async with server() as redis, node(redis.url, HALL, OWN) as rig:
        await rig.engine.claim(EVA, "session-1", "x")
        await rig.engine.attach(EVA, "c1")
        await rig.engine.enter(EVA, "hall")
        await rig.engine.tick()
        seen = [(await rig.say(HALL)).position, rig.engine.log(OWN).position]
        with redis.client as client:
            client.flushall()
        await rig.engine.tick()
        await rig.engine.tick()
        await eventually("a new life", lambda: rig.engine.log(OWN).position > seen[1])
        assert set(rig.engine.rooms_of(EVA)) == {HALL}
        assert (await rig.say(HALL)).position > seen[0]
        assert rig.engine.session_of(EVA) == "session-1"
        assert not await rig.engine.attach(EVA, "c2")


async def test_a_read_only_replica_is_not_written_to() -> None:
    async with server() as primary, server() as other, node(other.url, HALL) as rig:
        with other.client as client:
            client.replicaof("127.0.0.1", str(primary.port))
        with pytest.raises(EngineError, match=r"publish failed: Redis: .*replica"):
            await rig.say(HALL)
        assert rig.engine.trouble()
        with other.client as client:
            client.replicaof("NO", "ONE")
        await back(rig)
        assert (await rig.say(HALL)).position.offset == 1


async def test_a_password_is_needed_where_one_is_set() -> None:
    async with server(requirepass="s3cret") as redis:
        rig = Node(redis.url)
        with pytest.raises(EngineError, match=r"start failed: Redis: .*uthentication"):
            await rig.start()
        await rig.engine.stop()
        async with node(f"redis://:s3cret@127.0.0.1:{redis.port}", HALL) as rig:
            assert (await rig.say(HALL)).position.offset == 1

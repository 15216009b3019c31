"""A primary that dies, a replica that takes over: Sentinel's own, with real servers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from dualwire.clock import SystemClock
from dualwire.engines.redis import RedisEngine
from dualwire.exceptions import EngineError
from dualwire.testing.engine_rig import HALL, EngineRig
from dualwire.testing.suite import eventually
from tests.engines.servers import RedisServer, SentinelServer


@asynccontextmanager
async def sentinel(primary: RedisServer) -> AsyncIterator[SentinelServer]:
    running = SentinelServer()
    try:
        await asyncio.to_thread(running.start)
        with running.client as client:
            client.execute_command("SENTINEL MONITOR", "game", "127.0.0.1", primary.port, 1)
            client.execute_command("SENTINEL SET", "game", "down-after-milliseconds", 300)
            client.execute_command("SENTINEL SET", "game", "failover-timeout", 3000)
        yield running
    finally:
        running.close()


def replicates(primary: RedisServer) -> bool:
    with primary.client as client:
        replicas = client.info("replication")
        return bool(replicas["connected_slaves"] == 1 and replicas["slave0"]["state"] == "online")


async def test_nodes_follow_the_primary_that_sentinel_names() -> None:
    primary, replica = RedisServer(), RedisServer()
    try:
        for server in (primary, replica):
            await asyncio.to_thread(server.start)
        with replica.client as client:
            client.replicaof("127.0.0.1", str(primary.port))
        await eventually("a replica", lambda: replicates(primary))
        async with sentinel(primary) as watcher:
            with watcher.client as client:
                await eventually(
                    "sentinel knows it",
                    lambda: len(client.execute_command("SENTINEL REPLICAS", "game")) == 1,
                )
            await follow_the_fail_over(f"redis+sentinel://127.0.0.1:{watcher.port}/game", primary)
    finally:
        primary.close()
        replica.close()


async def follow_the_fail_over(url: str, primary: RedisServer) -> None:
    rig = EngineRig(RedisEngine(url, SystemClock()), None)  # type: ignore[arg-type]
    await rig.engine.start(rig.sink, rig.renewed.append)
    try:
        await rig.follow(HALL)
        before = (await rig.say(HALL, "before")).position
        await eventually("it is on the replica", lambda: replicates(primary))
        primary.stop()
        published = None
        while published is None:
            try:
                published = await rig.say(HALL, "after")
            except EngineError:
                await asyncio.sleep(0.05)
        assert published.position > before
        await eventually("it is here", lambda: rig.engine.log(HALL).position == published.position)
        assert rig.engine.trouble() is None
    finally:
        await rig.engine.stop()

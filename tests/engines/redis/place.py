"""Redis as a place where several nodes live, each behind a proxy of its own."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypeVar

from redis import Redis, RedisCluster

from dualwire.abc import Engine
from dualwire.engines.redis import RedisEngine
from dualwire.engines.redis.keys import Keys
from dualwire.testing import EnginePlace, FaultProxy, ManualClock
from dualwire.testing.suite import eventually
from tests.engines.servers import RedisClusterServers, RedisServer

T = TypeVar("T")


class RedisPlace(EnginePlace):
    """One namespace on one Redis, or on a cluster.

    Args:
        servers: where.
    """

    def __init__(self, servers: RedisServer | RedisClusterServers) -> None:
        self.clock = ManualClock()
        self.namespace = secrets.token_hex(4)
        self.keys = Keys(self.namespace)
        self._cluster = isinstance(servers, RedisClusterServers)
        self._servers = servers.servers if isinstance(servers, RedisClusterServers) else [servers]
        self._proxies: dict[Engine, list[FaultProxy]] = {}
        self._spare: list[list[FaultProxy]] = []
        self._stack = AsyncExitStack()

    def open(self) -> RedisEngine:
        proxies = self._spare.pop()
        ports = {s.port: p.port for s, p in zip(self._servers, proxies, strict=True)}
        scheme = "redis+cluster" if self._cluster else "redis"
        engine = RedisEngine(
            f"{scheme}://127.0.0.1:{proxies[0].port}",
            self.clock,
            namespace=self.namespace,
            time=lambda: (self.clock.now(), self.clock.wall()),
            options={"address_remap": lambda at: (at[0], ports.get(at[1], at[1]))}
            if self._cluster
            else {},
        )
        self._proxies[engine] = proxies
        self._stack.push_async_callback(engine.stop)
        return engine

    async def prepare(self, nodes: int) -> None:
        """Make proxies for nodes to come, because opening one must not wait."""
        for _ in range(nodes):
            proxies = [FaultProxy("127.0.0.1", each.port) for each in self._servers]
            for proxy in proxies:
                await self._stack.enter_async_context(proxy)
            self._spare.append(proxies)

    async def kill(self, engine: Engine) -> None:
        for proxy in self._proxies[engine]:
            proxy.rules.all.refuse()
            proxy.all.reset()
        await engine.stop()

    async def cut(self, engine: Engine) -> None:
        for proxy in self._proxies[engine]:
            proxy.all.reset()

    async def lose_reply(self, engine: Engine, call: Callable[[], Awaitable[T]]) -> T:
        proxies = self._proxies[engine]
        for proxy in proxies:
            proxy.all.swallow("to_client")
        before = self._scripts_run()
        work = asyncio.ensure_future(call())
        await eventually("the call was carried out", lambda: self._scripts_run() > before)
        for proxy in proxies:
            proxy.all.reset()
        return await work

    async def lose_end(self, stream: str, kept: int) -> None:
        client = self._client()
        if not kept:
            names = self.keys.stream(stream)[:-1]
            if stream.startswith("player:"):
                names += self.keys.player(stream[7:])[:-1]
            for name in names:
                client.delete(name)
            return
        meta, log = self.keys.stream(stream)[:2]
        client.ltrim(log, 0, kept - 1)
        client.hset(meta, "offset", kept)

    def _client(self) -> Redis:
        if not self._cluster:
            return self._servers[0].client
        first = self._servers[0]
        return RedisCluster(host="127.0.0.1", port=first.port)  # type: ignore[return-value]

    def _scripts_run(self) -> int:
        run = 0
        for server in self._servers:
            with server.client as client:
                stats = client.info("commandstats")
                run += int(stats.get("cmdstat_evalsha", {}).get("calls", 0))
        return run

    @asynccontextmanager
    async def living(self) -> AsyncIterator[RedisPlace]:
        """The place with room for three nodes; all that was opened is stopped at the end."""
        async with self._stack:
            await self.prepare(3)
            yield self

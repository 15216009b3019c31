"""The engine's contract, on one Redis and on a Redis Cluster."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from dualwire.abc import Engine
from dualwire.engines.redis import RedisEngine
from dualwire.testing import ManualClock, engine_cases
from tests.engines.servers import RedisClusterServers, RedisServer


class Places:
    """Gives fresh engines that live in one place: each in a namespace of its own."""

    def __init__(self, url: str) -> None:
        self.url = url

    @asynccontextmanager
    async def fresh(self) -> AsyncIterator[tuple[Engine, ManualClock]]:
        clock = ManualClock()
        engine = RedisEngine(
            self.url,
            clock,
            namespace=secrets.token_hex(4),
            time=lambda: (clock.now(), clock.wall()),
        )
        try:
            yield engine, clock
        finally:
            await engine.stop()


@pytest.mark.parametrize("name", engine_cases())
async def test_contract_on_redis(name: str, redis_server: RedisServer) -> None:
    await engine_cases()[name](Places(redis_server.url).fresh)


@pytest.mark.parametrize("name", engine_cases())
async def test_contract_on_a_cluster(name: str, redis_cluster: RedisClusterServers) -> None:
    await engine_cases()[name](Places(redis_cluster.url).fresh)

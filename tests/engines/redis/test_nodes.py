"""Several nodes on one Redis, and on a Redis Cluster."""

from __future__ import annotations

import pytest

from dualwire.testing import engine_place_cases
from tests.engines.redis.place import RedisPlace
from tests.engines.servers import RedisClusterServers, RedisServer


@pytest.mark.parametrize("name", engine_place_cases())
async def test_nodes_on_redis(name: str, redis_server: RedisServer) -> None:
    await engine_place_cases()[name](RedisPlace(redis_server).living)


@pytest.mark.parametrize("name", engine_place_cases())
async def test_nodes_on_a_cluster(name: str, redis_cluster: RedisClusterServers) -> None:
    await engine_place_cases()[name](RedisPlace(redis_cluster).living)

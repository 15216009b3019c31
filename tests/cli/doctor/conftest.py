"""A Redis for nodes that share one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.engines.servers import RedisServer


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    server = RedisServer()
    server.start()
    yield server
    server.close()

"""Several nodes on one real Redis, each serving on a port of its own, in the test's own loop."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from secrets import token_hex

from fastapi import FastAPI

from dualwire import Config, ConnectionManager
from dualwire.clock import SystemClock
from dualwire.engines.redis import RedisEngine
from dualwire.http import JWTAuthenticator, monitoring_router, realtime_router
from tests.engines.servers import RedisServer
from tests.game import SECRET, Game
from tests.live import serving

__all__ = ["nodes"]


@contextlib.asynccontextmanager
async def nodes(
    redis: RedisServer, count: int = 2, config: Config | None = None, secret: str = SECRET
) -> AsyncIterator[list[Game]]:
    """Games that share a namespace of their own; time is the system's."""
    namespace, config = token_hex(4), config or Config()
    async with contextlib.AsyncExitStack() as stack:
        games = []
        for _ in range(count):
            clock = SystemClock()
            engine = RedisEngine(
                redis.url, clock, config.history, config.session, namespace=namespace
            )
            manager = ConnectionManager(engine, config, clock=clock, secret=secret)
            auth = JWTAuthenticator(SECRET, clock=clock)
            app = FastAPI(lifespan=manager.lifespan)
            app.include_router(realtime_router(manager, auth))
            app.include_router(monitoring_router(manager))
            address = await stack.enter_async_context(serving(app, "gateway"))
            games.append(Game(manager, address, clock, auth, app))  # type: ignore[arg-type]
        yield games

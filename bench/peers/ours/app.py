"""An application of few lines, for measurements. ``dualwire serve bench.peers.ours.app:app``."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import time
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dualwire import ConnectionManager
from dualwire.abc import Authenticator
from dualwire.config import Config, Heartbeat
from dualwire.http import JWTAuthenticator, realtime_router, routes_of
from dualwire.types import Identity

from .pauses import Pauses

__all__ = ["app"]

HALL, EXISTING = "hall", "existing"
PADDING = "x" * 155
"""Makes a driven message as long as a published one: 200 bytes."""


class EverybodyIsSomebody(Authenticator):
    """Takes everybody's word: what is measured is not the proof."""

    waits = False

    async def authenticate(self, token: str) -> Identity:
        return Identity(player_id=token)


secret = os.environ.get("BENCH_SECRET", "")
# The load client does not answer pings; they are sent, and looked after, as always.
manager = ConnectionManager(config=Config(heartbeat=Heartbeat(pong_timeout=3600.0)))


@manager.on_player_online
async def enter(player_id: str) -> None:
    """Players are in the hall; those who see the storm come are among themselves."""
    room = EXISTING if player_id.startswith(EXISTING) else HALL
    await manager.subscribe_to_room(player_id, room)


async def publish(request: Request) -> Response:
    """``POST /pub``: to the hall, to ``?room=`` or to ``?player=``."""
    event = json.loads(await request.body())
    query = request.query_params
    if "player" in query:
        await manager.send_personal_message(query["player"], event)
    elif query.get("room") == "*":
        await manager.broadcast_global(event)
    else:
        await manager.broadcast_to_room(query.get("room", HALL), event)
    return Response(status_code=204)


async def drive(request: Request) -> Response:
    """``POST /drive``: one message to each of so many players in turn, so many times."""
    players, rounds = (int(request.query_params[each]) for each in ("players", "rounds"))
    for _ in range(rounds):
        for number in range(players):
            event = {"type": "chat", "m": f"T={time.monotonic_ns():019d};{PADDING}"}
            await manager.send_personal_message(f"p{number}", event)
        await asyncio.sleep(0)
    return Response(status_code=204)


async def tell(request: Request) -> Response:
    """``POST /tell``: so many messages to the hall, 16 at a time on their way."""
    left = iter(range(int(request.query_params["events"])))

    async def work() -> None:
        for _ in left:
            event = {"type": "chat", "m": f"T={time.monotonic_ns():019d};{PADDING}"}
            await manager.broadcast_to_room(HALL, event)

    await asyncio.gather(*(work() for _ in range(16)))
    return Response(status_code=204)


pauses = Pauses()


async def tell_pauses(_request: Request) -> Response:
    """``GET /pauses``: the longest ones since it was asked before."""
    return JSONResponse(pauses.take())


@contextlib.asynccontextmanager
async def lifespan(app: object) -> AsyncIterator[None]:
    """Served, and watched."""
    async with manager.lifespan(app), pauses.watched():
        yield


authenticator = JWTAuthenticator(secret) if secret else EverybodyIsSomebody()
app = Starlette(
    routes=[
        # First, as one would have it: a router looks at its routes one after the other.
        Route("/pub", publish, methods=["POST"]),
        Route("/tell", tell, methods=["POST"]),
        Route("/drive", drive, methods=["POST"]),
        Route("/pauses", tell_pauses),
        *routes_of(realtime_router(manager, authenticator)),
    ],
    lifespan=lifespan,
)

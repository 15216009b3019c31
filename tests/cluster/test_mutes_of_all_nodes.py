"""A mute holds wherever the player's connections are, also on a node that started later."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from secrets import token_hex

from dualwire import ConnectionManager
from dualwire.clock import SystemClock
from dualwire.demo import create_app
from dualwire.engines.redis import RedisEngine
from dualwire.http import JWTAuthenticator
from tests.demo.arkham import of
from tests.engines.servers import RedisServer
from tests.game import SECRET
from tests.live import serving, sse, until, ws

SESSION = "session_id=session-1"


@contextlib.asynccontextmanager
async def arkham(
    redis: RedisServer, namespace: str
) -> AsyncIterator[tuple[str, ConnectionManager]]:
    """A node of one game."""
    clock = SystemClock()
    engine = RedisEngine(redis.url, clock, namespace=namespace)
    manager = ConnectionManager(engine, clock=clock, secret=SECRET)
    async with serving(create_app(manager, JWTAuthenticator(SECRET)), "gateway") as address:
        yield address, manager


async def test_a_mute_holds_on_every_node(redis_server: RedisServer) -> None:
    namespace, auth = token_hex(4), JWTAuthenticator(SECRET)
    ada, bob = (auth.issue(name, name=name.title()) for name in ("ada", "bob"))
    async with (
        arkham(redis_server, namespace) as (a, first),
        arkham(redis_server, namespace) as (b, second),
        ws(a, "/api/ws", bob) as bobs,
        ws(a, f"/api/ws?{SESSION}", ada) as here,
        sse(b, f"/api/events?{SESSION}", ada) as there,
    ):
        await until(lambda: of(here, "game_state") and of(bobs, "game_state"))
        await here.send({"type": "command", "data": {"command": "mute bob"}})
        await until(lambda: of(here, "command_response"))
        said = second.authorize
        assert said is not None
        chat = {"event_type": "chat_message", "data": {"sender_id": "bob"}}
        await until(lambda: not said("ada", chat))
        await bobs.send({"type": "command", "data": {"command": "say boo"}})
        await until(lambda: of(bobs, "command_response"))
        # Behind what was said, in the same stream.
        await first.broadcast_to_room(of(here, "game_state")[0]["room_id"], {"event_type": "end"})
        await until(lambda: of(here, "end") and of(there, "end"))
        assert not of(here, "chat_message")
        assert not of(there, "chat_message")
        # A node that starts later asks for what it missed.
        async with arkham(redis_server, namespace) as (_, third):
            asked = third.authorize
            assert asked is not None
            await until(lambda: not asked("ada", chat))
            assert asked("bob", chat)
            await here.send({"type": "command", "data": {"command": "unmute bob"}})
            await until(lambda: asked("ada", chat) and said("ada", chat))

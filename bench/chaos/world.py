"""The game: a real server, rooms, and a publisher that counts what it publishes."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
from collections.abc import AsyncIterator, Callable

import uvicorn
from fastapi import FastAPI

from dualwire import Config, ConnectionManager
from dualwire.config import Heartbeat
from dualwire.http import JWTAuthenticator, realtime_router
from dualwire.types import GLOBAL, player_stream, room_stream

from .ledger import Ledger

__all__ = ["World", "serving"]

CONFIG = Config(heartbeat=Heartbeat(interval=3.0, pong_timeout=2.0))
"""Pings often enough that silent connections are found out within a short run."""

TEXT = "A door creaks somewhere in the dark, and then there is nothing but the rain again."


class World:
    """Publishes into rooms and to players; the ledger has what it did.

    Args:
        manager: the server's.
        tokens: issues them.
    """

    def __init__(self, manager: ConnectionManager, tokens: JWTAuthenticator) -> None:
        self.ledger = Ledger()
        self.room_changes = 0
        self._manager = manager
        self._tokens = tokens
        # One thing at a time, so that the ledger's order is the server's whatever its engine does.
        self._turn = asyncio.Lock()

    def token(self, player: str) -> str:
        """A token that lasts for the run."""
        return self._tokens.issue(player, lifetime=24 * 3600.0)

    async def say(self, room: str) -> None:
        """Publish into a room."""
        async with self._turn:
            event = self.ledger.publish(room_stream(room))
            await self._manager.broadcast_to_room(room, {**event, "text": TEXT})

    async def whisper(self, player: str) -> None:
        """Publish to a player."""
        async with self._turn:
            event = self.ledger.publish(player_stream(player))
            await self._manager.send_personal_message(player, {**event, "text": TEXT})

    async def shout(self) -> None:
        """Publish to everybody."""
        async with self._turn:
            event = self.ledger.publish(GLOBAL)
            await self._manager.broadcast_global({**event, "text": TEXT})

    async def enter(self, player: str, room: str) -> None:
        """A player comes into a room."""
        async with self._turn:
            await self._manager.subscribe_to_room(player, room)
            self.ledger.enter(player, room_stream(room))

    async def change(self, player: str, room: str) -> None:
        """A player comes into a room, or leaves it if it is there."""
        async with self._turn:
            self.room_changes += 1
            stream = room_stream(room)
            if self.ledger.is_in(player, stream):
                await self._manager.unsubscribe_from_room(player, room)
                self.ledger.leave(player, stream)
            else:
                await self._manager.subscribe_to_room(player, room)
                self.ledger.enter(player, stream)


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    def capture_signals(self) -> contextlib.AbstractContextManager[None]:  # type: ignore[override]
        """Signals are the bench's own business."""
        return contextlib.nullcontext()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._announce()


@contextlib.asynccontextmanager
async def serving() -> AsyncIterator[tuple[World, int]]:
    """A server in this loop; the world on it, and its port."""
    tokens = JWTAuthenticator(secrets.token_urlsafe(32))
    manager = ConnectionManager(config=CONFIG)
    app = FastAPI(lifespan=manager.lifespan)
    app.include_router(realtime_router(manager, tokens))
    started = asyncio.Event()
    config = uvicorn.Config(
        app,
        log_config=None,
        ws="websockets-sansio",
        ws_ping_interval=CONFIG.heartbeat.interval,
        ws_ping_timeout=CONFIG.heartbeat.pong_timeout,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=2,
    )
    server = _Server(config, started.set)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(2048)
        serve = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            await started.wait()
            yield World(manager, tokens), listener.getsockname()[1]
        finally:
            server.should_exit = True
            await serve

"""A player whose client is read in the background, for tests."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from random import Random
from typing import Any

from dualwire.client import Client, Delivered, Gap, Item, connect
from dualwire.exceptions import RefusedError
from dualwire.runtime.connection import Connection
from dualwire.testing import ManualClock
from dualwire.types import ConnectionType
from tests.game import Game
from tests.live import until

BOTH: tuple[ConnectionType, ConnectionType] = ("websocket", "sse")


class Reader:
    """Reads a client's iteration in the background."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.items: list[Item] = []
        self.error: RefusedError | None = None
        self.task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        try:
            async for item in self.client:
                self.items.append(item)
        except RefusedError as error:
            self.error = error

    @property
    def events(self) -> list[Any]:
        """What the application sent."""
        return [item.event for item in self.items if not isinstance(item, Gap)]

    def numbers(self) -> list[int]:
        """The publisher's own numbers, of events in streams."""
        delivered = [item.event for item in self.items if isinstance(item, Delivered)]
        return [event["n"] for event in delivered if "n" in event]

    def gaps(self) -> list[Gap]:
        return [item for item in self.items if isinstance(item, Gap)]

    def state(self) -> dict[str, str]:
        return {kind: each.state for kind, each in self.client.connections.items()}

    async def wait_both(self) -> None:
        await until(lambda: set(self.state().values()) == {"open"})


@contextlib.asynccontextmanager
async def entered(
    game: Game,
    player_id: str = "amy",
    clock: ManualClock | None = None,
    *,
    both: bool = True,
    address: str | None = None,
    **options: Any,
) -> AsyncIterator[Reader]:
    """A client that is connected, over both connections if nothing else is said."""
    client = connect(
        f"http://{address or game.address}",
        options.pop("token", None) or game.token(player_id),
        clock=clock or ManualClock(),
        rng=Random(7),
        **options,
    )
    async with client:
        reader = Reader(client)
        if both:
            await reader.wait_both()
        yield reader
    if not reader.task.cancelled():
        await reader.task


async def elapse(game: Game, seconds: int, *besides: Connection) -> None:
    """Let time pass on the server, second by second, each ping answered before the next.

    Args:
        game: whose time it is.
        seconds: how much.
        besides: connections that answer nothing.
    """
    connections = game.manager.node.connections

    def answered() -> bool:
        return all(each.pong_due is None for each in connections.values() if each not in besides)

    for _ in range(seconds):
        await game.clock.advance(1.0)
        await until(answered)


def own(game: Game, kind: ConnectionType, player_id: str = "amy") -> str:
    """The id of a player's only connection of a type, as the server knows it."""
    (connection_id,) = game.manager.get_active_connections(player_id)[kind]
    return connection_id


@contextlib.asynccontextmanager
async def passing(
    clock: ManualClock, when: Callable[[], bool] = lambda: True
) -> AsyncIterator[None]:
    """Time passes by itself, a quarter of a second at a time, while a condition holds."""

    async def tick() -> None:
        while True:
            if when():
                await clock.advance(0.25)
            await asyncio.sleep(0.002)

    task = asyncio.create_task(tick())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

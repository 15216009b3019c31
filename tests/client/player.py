"""A player whose client is read in the background, for tests."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from random import Random
from typing import Any

from dualwire.client import Client, Delivered, Gap, Item, connect
from dualwire.exceptions import RefusedError
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
    await reader.task


def own(game: Game, kind: ConnectionType, player_id: str = "amy") -> str:
    """The id of a player's only connection of a type, as the server knows it."""
    (connection_id,) = game.manager.get_active_connections(player_id)[kind]
    return connection_id

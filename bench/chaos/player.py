"""A player: a proxy of its own, one client after the other, and what they say that they got."""

from __future__ import annotations

import asyncio
import contextlib
import itertools

from dualwire.client import Client, Delivered, Gap, connect
from dualwire.exceptions import RefusedError
from dualwire.testing.proxy import FaultProxy

from .judge import Witness, last_due
from .world import World

__all__ = ["Player"]

OPEN_WITHIN = 60.0
FAREWELL = 2.0
"""Seconds that a client whose session was taken over has to learn of it through its faults."""


class Player:
    """Somebody who plays through a proxy.

    Args:
        name: its id.
        world: where it plays.
        port: of the server.
    """

    def __init__(self, name: str, world: World, port: int) -> None:
        self.name = name
        self.proxy = FaultProxy("127.0.0.1", port)
        self.witnesses: list[Witness] = []
        self.takeovers = 0
        self.duplicates = 0
        self.reconnects = 0
        self._world = world
        self._client: Client | None = None
        self._reading: asyncio.Task[None] | None = None
        self._changing = asyncio.Lock()
        self._numbers = itertools.count(1)

    async def start(self) -> None:
        """Begin to play."""
        await self.proxy.start()
        async with self._changing:
            await self._connect()

    async def take_over(self) -> None:
        """Go on in another client with a session of its own, as from another device."""
        async with self._changing:
            assert self._client is not None
            assert self._reading is not None
            before, reading, witness = self._client, self._reading, self.witnesses[-1]
            witness.replaced = True
            await self._connect()
            self.takeovers += 1
            await asyncio.wait((reading,), timeout=FAREWELL)
            await self._end(before, reading)

    async def stop(self) -> None:
        """End everything."""
        async with self._changing:
            if self._client is not None and self._reading is not None:
                await self._end(self._client, self._reading)
        await self.proxy.aclose()

    @property
    def is_down(self) -> bool:
        """Whether its client has no connection."""
        client = self._client
        return client is not None and all(
            each.state != "open" for each in client.connections.values()
        )

    @property
    def has_all(self) -> bool:
        """Whether the client has the newest event of each stream that it is due."""
        witness = self.witnesses[-1]
        if witness.opened is None or self._changing.locked():
            return False
        for stream, last in last_due(self._world.ledger, self.name).items():
            newest = max(witness.seen.get(stream, ()), default=0)
            if last > max(newest, witness.opened.get(stream, 0)):
                return False
        return True

    async def _connect(self) -> None:
        session = f"{self.name}-session-{next(self._numbers)}"
        witness = Witness(self.name, session, before=self._world.ledger.counts())
        self.witnesses.append(witness)
        client = connect(
            f"http://{self.proxy.address}",
            self._world.token(self.name),
            session_id=session,
            open_timeout=OPEN_WITHIN,
        )
        await client.__aenter__()
        witness.opened = self._world.ledger.counts()
        self._client = client
        self._reading = asyncio.create_task(self._read(client, witness))

    async def _read(self, client: Client, witness: Witness) -> None:
        with contextlib.suppress(RefusedError):  # Taken over: told, as it should be.
            async for item in client:
                if isinstance(item, Delivered):
                    event = item.event
                    witness.got(event["stream"], event["n"], event["order"])
                elif isinstance(item, Gap):
                    few = 1 if item.first is None or item.last is None else item.last - item.first
                    witness.reported[item.stream] += few + 1
        if not witness.replaced:
            raise RuntimeError(f"{witness.session} ended, and nobody had taken over")

    async def _end(self, client: Client, reading: asyncio.Task[None]) -> None:
        self.duplicates += client.statistics.duplicates
        self.reconnects += client.statistics.reconnects
        reading.cancel()
        outcome = (await asyncio.gather(reading, return_exceptions=True))[0]
        await client.close()
        if isinstance(outcome, Exception):
            raise outcome

"""Somebody in the crowd: a client with both connections behind a proxy of its own."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections import Counter
from dataclasses import dataclass, field
from random import Random

from dualwire.client import Client, Delivered, Gap, connect
from dualwire.exceptions import RefusedError
from dualwire.testing.proxy import Fault, FaultProxy
from dualwire.types import ConnectionType

from .suburbs import LONG, WAYS
from .town import Town

__all__ = ["KINDS", "Tab", "Visitor"]

KINDS: tuple[ConnectionType, ConnectionType] = ("websocket", "sse")
LINES = (
    *("look", "look", "who", "say The rain again.", "say Did you hear that?", "emote shivers."),
)


@dataclass
class Tab:
    """One client, and what it got."""

    client: Client
    got: list[int] = field(default_factory=list)
    """Numbers of the publisher's events, in the order in which they were delivered."""
    gaps: list[Gap] = field(default_factory=list)
    """What it was told that it does not get."""
    ended: RefusedError | None = None
    """Why the server let it go for good."""
    reading: asyncio.Task[None] | None = None

    async def read(self) -> None:
        """Read until it is closed or let go."""
        try:
            async for item in self.client:
                if isinstance(item, Gap):
                    self.gaps.append(item)
                elif isinstance(item, Delivered) and "n" in item.event:
                    self.got.append(item.event["n"])
        except RefusedError as refusal:
            self.ended = refusal

    async def close(self) -> None:
        """Leave."""
        await self.client.close()
        if self.reading is not None:
            await self.reading


class Visitor:
    """Plays through a proxy.

    Args:
        name: its id.
        town: where.
        seed: of its chance.
    """

    def __init__(self, name: str, town: Town, seed: int) -> None:
        self.name = name
        self.proxy = FaultProxy("127.0.0.1", town.port)
        self.tabs: list[Tab] = []
        """All that it had; the last one is in use."""
        self.asked = 0
        """Commands that it gave."""
        self.outcomes: Counter[str] = Counter()
        self.takeovers = 0
        self._town = town
        self._rng = Random(seed)  # noqa: S311 - reproducible, not secret
        self._way = self._rng.choice(list(WAYS))
        self._sessions = itertools.count(1)
        self._playing: asyncio.Task[None] | None = None
        self._changing = asyncio.Lock()

    async def start(self) -> None:
        """Come, and begin to play."""
        await self.proxy.start()
        await self.open()
        await self.walk()

    async def walk(self) -> None:
        """Go from where everybody wakes up into a street, else all would hear of all."""
        for _ in range(self._rng.randint(1, LONG)):
            await self._do(f"go {self._way}")

    def play(self, every: float) -> None:
        """Give a command now and then, in the background."""
        self._playing = asyncio.create_task(self._play(every))

    async def rest(self) -> None:
        """Give no more commands, and wait for those that were given."""
        if self._playing is not None:
            self._playing.cancel()
            await asyncio.gather(self._playing, return_exceptions=True)

    async def stop(self) -> None:
        """Leave."""
        for tab in self.tabs:
            await tab.close()
        await self.proxy.aclose()

    async def open(self, session_id: str | None = None) -> Tab:
        """Open the game in a tab.

        Args:
            session_id: which session; ``None`` for a new one.
        """
        session_id = session_id or f"{self.name}-session-{next(self._sessions)}"
        url = f"http://{self.proxy.address}"
        client = connect(url, self._town.token(self.name), session_id=session_id, open_timeout=60.0)
        await client.__aenter__()
        tab = Tab(client)
        tab.reading = asyncio.create_task(tab.read())
        self.tabs.append(tab)
        return tab

    async def take_over(self) -> None:
        """Go on in another session, as from another device."""
        async with self._changing:
            await self.open()
            self.takeovers += 1

    @property
    def now(self) -> Tab:
        """The tab in use."""
        return self.tabs[-1]

    @property
    def both_open(self) -> bool:
        """Whether its client has both connections."""
        return all(each.state == "open" for each in self.now.client.connections.values())

    def opened(self, kind: ConnectionType) -> int:
        """How often connections of a type opened, as its clients saw it."""
        return sum(tab.client.connections[kind].opened for tab in self.tabs)

    def hit(self, kind: ConnectionType, fault: Fault) -> int:
        """Do a fault to its connections of a type; to how many."""
        found = [each for each in self.proxy.connections if each.kind == kind and not each.closed]
        for each in found:
            each.apply(fault)
        return len(found)

    async def _play(self, every: float) -> None:
        while True:
            await asyncio.sleep(self._rng.uniform(0.5, 1.5) * every)
            if self._changing.locked():
                continue
            # What was asked is waited for, though nobody asks more meanwhile.
            walk = f"go {self._way}", f"go {WAYS[self._way]}"
            await asyncio.shield(self._do(self._rng.choice((*LINES, *walk))))

    async def _do(self, line: str) -> None:
        self.asked += 1
        with contextlib.suppress(RefusedError, ConnectionError):
            reply = await self.now.client.command({"command": line}, timeout=20.0)
            self.outcomes[reply.outcome] += 1

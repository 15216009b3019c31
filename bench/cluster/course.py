"""One run: players with connections on different nodes, a publisher, and something that happens."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from secrets import token_hex

from dualwire import Config, ConnectionManager
from dualwire.client import Client, connect
from dualwire.clock import SystemClock
from dualwire.core.connection_ids import known
from dualwire.engines.redis import RedisEngine
from dualwire.http import JWTAuthenticator
from dualwire.types import ConnectionType

from ..children import ChildError
from ..failover.figures import Figures, observe
from ..failover.ours import Receiving
from .processes import Cluster, Node

__all__ = ["Course", "Happening", "Stage", "holding", "node_of", "staged"]

APART = 30.0
"""Seconds in which a player's connections must have come to be on different nodes."""

Happening = Callable[[Sequence[Client]], Awaitable[None]]
"""What is done to the cluster in the middle of a run."""


class Course:
    """The times of a run, in seconds."""

    def __init__(self, before: float = 1.0, after: float = 2.0, drain: float = 15.0) -> None:
        self.before = before
        """From the first event to what happens."""
        self.after = after
        """From its end to the last event."""
        self.drain = drain
        """After the last event, until what is missing counts as lost."""


class Stage:
    """Where runs take place.

    Args:
        cluster: nodes behind nginx.
        manager: a node without players, which publishes.
        tokens: issues the players' tokens.
    """

    def __init__(
        self, cluster: Cluster, manager: ConnectionManager, tokens: JWTAuthenticator
    ) -> None:
        self.cluster = cluster
        self._manager = manager
        self._tokens = tokens

    async def run(
        self, course: Course, players: int, rate: float, happening: Happening | None, least: float
    ) -> tuple[list[Figures], float]:
        """Publish to a room of players, let something happen, see what arrives.

        Args:
            course: when.
            players: how many.
            rate: events per second.
            happening: what is done; ``None`` for nothing.
            least: seconds that the middle takes at the least.

        Returns:
            Each player's figures, and how long the middle took.
        """
        # The harness keeps every arrival; its collector would hold the clients for a moment.
        gc.collect()
        gc.disable()
        try:
            return await self._run(course, players, rate, happening, least)
        finally:
            gc.enable()

    async def _run(
        self, course: Course, players: int, rate: float, happening: Happening | None, least: float
    ) -> tuple[list[Figures], float]:
        run_id = token_hex(3)
        async with contextlib.AsyncExitStack() as stack:
            clients = [
                await stack.enter_async_context(self.apart(f"player-{run_id}-{n}"))
                for n in range(players)
            ]
            for n in range(players):
                await self._manager.subscribe_to_room(f"player-{run_id}-{n}", run_id)
            receivers = [Receiving(client) for client in clients]
            for receiver in receivers:
                stack.push_async_callback(receiver.stop)
            over = asyncio.Event()
            publishing = asyncio.create_task(self._publish(run_id, rate, over))
            try:
                await asyncio.sleep(course.before)
                began = time.monotonic()
                if happening is not None:
                    await happening(clients)
                middle = time.monotonic() - began
                await asyncio.sleep(max(0.0, least - middle) + course.after)
            finally:
                over.set()
                published = await publishing
            found = [
                observe(published, await receiver.finish(published, course.drain))
                for receiver in receivers
            ]
            return found, middle

    async def _publish(self, room: str, rate: float, over: asyncio.Event) -> int:
        start, n = time.monotonic(), 0
        while not over.is_set():
            n += 1
            await asyncio.sleep(start + n / rate - time.monotonic())
            await self._manager.broadcast_to_room(room, {"n": n, "at": time.monotonic()})
        return n

    @contextlib.asynccontextmanager
    async def apart(self, player: str) -> AsyncIterator[Client]:
        """A client whose WebSocket and event stream are on different nodes.

        nginx deals connections out in turn, so opening one again brings it elsewhere.
        """
        async with connect(self.cluster.url, self._tokens.issue(player)) as client:
            deadline = time.monotonic() + APART
            while not is_apart(client):
                if time.monotonic() > deadline:
                    raise ChildError(f"{player}: both connections stay on one node")
                if all(each.state == "open" for each in client.connections.values()):
                    client.cut("sse")
                await asyncio.sleep(0.02)
            yield client


def is_apart(client: Client) -> bool:
    """Whether both connections are open, on different nodes."""
    if any(each.state != "open" for each in client.connections.values()):
        return False
    return len({node_of(client, kind) for kind in client.connections}) == 2


def node_of(client: Client, kind: ConnectionType) -> str | None:
    """The node that one of a client's connections is on; ``None`` while it is on none."""
    found = known(client.connections[kind].id or "")
    return found.node if found is not None else None


def holding(nodes: Sequence[Node], client: Client, kind: ConnectionType) -> Node:
    """The process that one of a client's connections is on."""
    return next(each for each in nodes if each.id == node_of(client, kind))


@contextlib.asynccontextmanager
async def staged(cluster: Cluster, secret: str) -> AsyncIterator[Stage]:
    """A stage on a running cluster."""
    clock, config = SystemClock(), Config()
    engine = RedisEngine(cluster.redis_url, clock, config.history, config.session)
    manager = ConnectionManager(engine, config, clock=clock, secret=secret)
    await manager.start()
    try:
        yield Stage(cluster, manager, JWTAuthenticator(secret))
    finally:
        await manager.stop()

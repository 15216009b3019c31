"""The proxy: accepts, connects on, and aims faults."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from ...exceptions import UsageError
from .connection import Listener, ProxiedConnection
from .faults import Fault, Faultable
from .script import Script, TargetName
from .sniffer import RequestKind

__all__ = ["FaultProxy", "Rules", "Statistics", "Target"]

KINDS: dict[TargetName, tuple[RequestKind, ...]] = {
    "websocket": ("websocket",),
    "sse": ("sse",),
    "other": ("other",),
    "all": ("websocket", "sse", "other"),
}


@dataclass(slots=True)
class Statistics:
    """What has happened so far."""

    faults: Counter[str] = field(default_factory=Counter)
    """By name: on how many connections it was done; one done twice counts twice."""
    connections: Counter[str] = field(default_factory=Counter)
    """By kind: how many were accepted, each counted as what its latest request asked for."""
    unreachable: int = 0
    """Connections that were reset because the server could not be reached."""


class Target(Faultable):
    """Connections of some kinds.

    Faults hit those that are open; :meth:`refuse` hits those that open later; :meth:`heal` heals
    the open ones and lifts the rules of these kinds.
    """

    def __init__(self, act: Callable[[Fault], None]) -> None:
        self._act = act

    def apply(self, fault: Fault) -> None:
        self._act(fault)


class Rules:
    """Faults for connections that open later: ``proxy.rules.sse.delay(0.2)``.

    They are done as soon as the request tells the kind, before a byte of it is passed on.
    ``proxy.rules.sse.heal()`` lifts them and leaves open connections as they are.
    """

    def __init__(self) -> None:
        self._by_kind: dict[RequestKind, list[Fault]] = {kind: [] for kind in KINDS["all"]}
        self.websocket = self._target("websocket")
        self.sse = self._target("sse")
        self.other = self._target("other")
        self.all = self._target("all")

    def of(self, kind: RequestKind) -> tuple[Fault, ...]:
        """What is done to new connections of a kind, in order."""
        return tuple(self._by_kind[kind])

    @property
    def refuses_all(self) -> bool:
        """Whether a new connection is reset whatever its kind will be."""
        return all(_refuses(faults) for faults in self._by_kind.values())

    def add(self, kinds: Collection[RequestKind], fault: Fault) -> None:
        """Make a rule; ``heal`` lifts those that are there."""
        for kind in kinds:
            if fault.name == "heal" and fault.direction == "both":
                self._by_kind[kind].clear()
            else:
                # In order, so that a heal of one direction undoes what came before it there.
                self._by_kind[kind].append(fault)

    def _target(self, name: TargetName) -> Target:
        return Target(lambda fault: self.add(KINDS[name], fault))


class FaultProxy(Listener):
    """A TCP proxy on this machine that can spoil what passes through it.

    Without faults bytes, ends of file, resets and backpressure pass as they are.

    Args:
        upstream_host: where the server is.
        upstream_port: its port.
        host: where to listen.
        port: where to listen; 0 for any free port.
        seed: of the chance in ``jitter``.
    """

    def __init__(
        self,
        upstream_host: str,
        upstream_port: int,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        seed: int = 0,
    ) -> None:
        self.upstream_host = upstream_host
        self.upstream_port = upstream_port
        self.host = host
        self.statistics = Statistics()
        self.rules = Rules()
        self.websocket = self._target("websocket")
        self.sse = self._target("sse")
        self.other = self._target("other")
        self.all = self._target("all")
        self._wanted_port = port
        self._seed = seed
        self._server: asyncio.Server | None = None
        self._open: dict[int, ProxiedConnection] = {}
        self._accepted = 0
        self._connecting: set[asyncio.Task[None]] = set()
        self._closing = False

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def start(self) -> None:
        """Listen.

        Raises:
            OSError: the address is taken.
        """
        loop = asyncio.get_running_loop()
        self._closing = False
        self._server = await loop.create_server(
            self._accept, self.host, self._wanted_port, backlog=1024
        )

    async def aclose(self) -> None:
        """Stop listening and reset every connection; returns when no socket or task is left."""
        if self._server is None:
            return
        server, self._server = self._server, None
        self._closing = True
        server.close()
        await asyncio.sleep(0)  # Clients that were just being accepted show up in this turn.
        for task in tuple(self._connecting):
            task.cancel()
        await asyncio.gather(*self._connecting, return_exceptions=True)
        for connection in self.connections:
            connection.abort()
        await asyncio.gather(*(each.wait_closed() for each in self.connections))
        await server.wait_closed()

    @property
    def port(self) -> int:
        """The port to connect to.

        Raises:
            UsageError: the proxy does not listen.
        """
        if self._server is None:
            raise UsageError("the proxy does not listen: use `async with FaultProxy(...)`")
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    @property
    def address(self) -> str:
        """``HOST:PORT`` to connect to."""
        return f"{self.host}:{self.port}"

    @property
    def connections(self) -> tuple[ProxiedConnection, ...]:
        """The open connections, oldest first."""
        return tuple(self._open.values())

    def target(self, name: TargetName) -> Target:
        """What a script calls ``websocket``, ``sse``, ``other`` or ``all``."""
        return {
            "websocket": self.websocket,
            "sse": self.sse,
            "other": self.other,
            "all": self.all,
        }[name]

    async def run(self, script: Script) -> None:
        """Do what a script says, at its times by the loop's clock; returns after the last step."""
        loop = asyncio.get_running_loop()
        start = loop.time()
        for step in script:
            await asyncio.sleep(start + step.at - loop.time())
            self.target(step.target).apply(step.fault)

    def _target(self, name: TargetName) -> Target:
        return Target(lambda fault: self._apply(KINDS[name], fault))

    def _apply(self, kinds: tuple[RequestKind, ...], fault: Fault) -> None:
        if fault.name in ("refuse", "heal"):
            self.rules.add(kinds, fault)
        if fault.name == "refuse":
            return
        for connection in self.connections:
            if connection.kind in kinds:
                connection.apply(fault)

    def _accept(self) -> asyncio.Protocol:
        self._accepted += 1
        connection = ProxiedConnection(self._accepted, self._seed, self)
        self._open[connection.connection_id] = connection
        return connection.client

    async def _connect(self, connection: ProxiedConnection) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.create_connection(
                lambda: connection.server, self.upstream_host, self.upstream_port
            )
        except OSError:
            self.statistics.unreachable += 1
            connection.abort()

    # Listener

    def on_accepted(self, connection: ProxiedConnection) -> None:
        self.statistics.connections[connection.kind] += 1
        if self._closing:
            connection.abort()
        elif self.rules.refuses_all:
            connection.apply(Fault("refuse"))
        else:
            task = asyncio.get_running_loop().create_task(self._connect(connection))
            self._connecting.add(task)
            task.add_done_callback(self._connecting.discard)

    def on_kind(self, connection: ProxiedConnection, before: RequestKind) -> None:
        self.statistics.connections[before] -= 1
        self.statistics.connections[connection.kind] += 1
        for fault in self.rules.of(connection.kind):
            connection.apply(fault)

    def on_fault(self, fault: Fault) -> None:
        self.statistics.faults[fault.name] += 1

    def on_closed(self, connection: ProxiedConnection) -> None:
        self._open.pop(connection.connection_id, None)


def _refuses(faults: list[Fault]) -> bool:
    return any(fault.name == "refuse" for fault in faults)

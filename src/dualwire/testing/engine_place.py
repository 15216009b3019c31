"""Where several engines live together, and what can happen to them there."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import TypeAlias, TypeVar

from ..abc import Engine
from .clock import ManualClock
from .engine_rig import EngineRig
from .suite import Suite, eventually

__all__ = ["EnginePlace", "PlaceFactory", "PlaceRig", "arrives", "place_case", "place_suite"]

T = TypeVar("T")


class EnginePlace(ABC):
    """A place that outlives the nodes that use it: a database, with one engine for each node."""

    clock: ManualClock
    """The time of all of them."""

    @abstractmethod
    def open(self) -> Engine:
        """The engine of another node, not started, with the default policies."""

    @abstractmethod
    async def kill(self, engine: Engine) -> None:
        """A node's process is gone, without a goodbye."""

    @abstractmethod
    async def cut(self, engine: Engine) -> None:
        """Reset all connections of a node to the place, once; new ones succeed."""

    @abstractmethod
    async def lose_reply(self, engine: Engine, call: Callable[[], Awaitable[T]]) -> T:
        """Make a call whose first reply is lost on its way, after it was carried out."""

    @abstractmethod
    async def lose_end(self, stream: str, kept: int) -> None:
        """A stream's log comes back with only its ``kept`` oldest entries, as after a fail-over; 0
        for no trace of it."""


PlaceFactory: TypeAlias = Callable[[], AbstractAsyncContextManager[EnginePlace]]
"""Gives a fresh place; what was opened in it is stopped at the end."""

place_suite: Suite[PlaceFactory] = Suite("Engine, several nodes")


class PlaceRig:
    """A place, with nodes whose sinks remember.

    Args:
        place: where they live.
    """

    def __init__(self, place: EnginePlace) -> None:
        self.place = place
        self.clock = place.clock
        self.nodes: list[EngineRig] = []

    async def node(self, *streams: str) -> EngineRig:
        """Another node, started, that follows streams."""
        rig = EngineRig(self.place.open(), self.clock)
        self.nodes.append(rig)
        await rig.engine.start(rig.sink, rig.renewed.append)
        await rig.follow(*streams)
        return rig

    async def seconds(self, seconds: float) -> None:
        """Let time pass, with a turn of housekeeping of every node each second."""
        passed = 0.0
        while passed < seconds:
            step = min(1.0, seconds - passed)
            await self.clock.advance(step)
            passed += step
            for node in self.nodes:
                node.told.append(await node.engine.tick())

    async def settled(self) -> None:
        """Let every node learn what the others did."""
        await self.seconds(1.0)
        await self.seconds(1.0)

    def left(self) -> list[str]:
        """Departures that were told to any node."""
        return [each for node in self.nodes for told in node.told for each in told.left]

    def lapsed(self) -> list[str]:
        """Lapsed sessions that were told to any node."""
        return [each for node in self.nodes for told in node.told for each in told.lapsed]


async def arrives(rig: EngineRig, stream: str, offsets: list[int]) -> None:
    """Wait until a node's sink got certain offsets of a stream, each once and in order.

    Raises:
        AssertionError: it did not, or got others.
    """
    await eventually(
        f"{stream} up to {offsets[-1:]}", lambda: len(rig.offsets(stream)) >= len(offsets)
    )
    got = rig.offsets(stream)
    if got != offsets:
        raise AssertionError(f"{stream}: expected {offsets}, got {got}")


def place_case(
    body: Callable[[PlaceRig], Awaitable[None]],
) -> Callable[[PlaceRig], Awaitable[None]]:
    """Make a function a case of the suite; it gets a place of its own."""

    async def run(factory: PlaceFactory) -> None:
        async with factory() as place:
            await body(PlaceRig(place))

    run.__doc__ = body.__doc__
    place_suite.add(body.__name__, run)
    return body

"""What a case of the engine's suite works with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import TypeAlias

from ..abc import Engine, Published
from ..core.presence import Transitions
from ..types import Body, Entry, Event, player_stream, room_stream
from .clock import ManualClock
from .suite import Suite

__all__ = ["BOB", "EVA", "HALL", "YARD", "EngineFactory", "EngineRig", "case", "engine_suite"]

EngineFactory: TypeAlias = Callable[[], AbstractAsyncContextManager[tuple[Engine, ManualClock]]]
"""Gives a fresh engine, not started, with the default policies, and the clock that it lives by."""

EVA, BOB = "eva", "bob"
HALL, YARD = room_stream("hall"), room_stream("yard")

engine_suite: Suite[EngineFactory] = Suite("Engine")


class EngineRig:
    """An engine with a sink that remembers.

    Args:
        engine: under test.
        clock: its time.
    """

    def __init__(self, engine: Engine, clock: ManualClock) -> None:
        self.engine = engine
        self.clock = clock
        self.arrived: list[tuple[str, Entry]] = []
        """What the sink was called with."""
        self.renewed: list[str] = []
        """Streams whose log was put at hand, or replaced."""
        self.told: list[Transitions] = []
        """What housekeeping told, where a case keeps it."""
        self.on_entry: Callable[[str, Entry], None] | None = None

    def sink(self, stream: str, entry: Entry) -> None:
        self.arrived.append((stream, entry))
        entry.n = len(self.arrived)
        if self.on_entry is not None:
            self.on_entry(stream, entry)

    async def follow(self, *streams: str) -> None:
        """Follow streams, and wait until they are at hand."""
        for stream in streams:
            self.engine.follow(stream)
        await self.engine.ready(streams)

    async def say(
        self, stream: str, text: str = "hello", publish_id: str | None = None
    ) -> Published:
        """Publish something."""
        event = Event(payload=b'{"text":"%b"}' % text.encode())
        return await self.engine.publish(stream, event, publish_id=publish_id)

    async def later(self, seconds: float) -> None:
        """Let time pass, then let the engine keep house."""
        await self.clock.advance(seconds)
        await self.engine.tick()

    def offsets(self, stream: str) -> list[int]:
        """What the sink got of a stream."""
        return [entry.offset for name, entry in self.arrived if name == stream]

    def bodies(self, player_id: str) -> list[Body]:
        """What the sink got of a player's stream."""
        return [entry.body for name, entry in self.arrived if name == player_stream(player_id)]


def case(body: Callable[[EngineRig], Awaitable[None]]) -> Callable[[EngineRig], Awaitable[None]]:
    """Make a function a case of the suite; it gets a started engine."""

    async def run(factory: EngineFactory) -> None:
        async with factory() as (engine, clock):
            rig = EngineRig(engine, clock)
            await engine.start(rig.sink)
            try:
                await body(rig)
            finally:
                await engine.stop()

    run.__doc__ = body.__doc__
    engine_suite.add(body.__name__, run)
    return body

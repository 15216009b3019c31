"""Joined writes: none for an idle connection, few for a busy one, and always in order."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from dualwire import Config, ConfigurationError
from dualwire.core.encoding import Frame
from dualwire.transports.direct import DirectTransport

from ..game import playing
from ..live import until


@pytest.fixture
def writes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many frames each write to a socket of ours carried."""
    counted: list[int] = []
    original = DirectTransport.write

    def write(self: DirectTransport, frames: Any) -> None:
        if any(isinstance(frame, Frame) and frame.n for frame in frames):
            counted.append(len(frames))
        original(self, frames)

    monkeypatch.setattr(DirectTransport, "write", write)
    return counted


async def test_an_idle_connection_is_written_to_in_the_next_turn(writes: list[int]) -> None:
    async with playing(Config(coalesce=30.0), server="gateway") as game, game.websocket("ann"):
        await game.connected("ann", websocket=1)
        (connection,) = game.manager.node.connections.values()
        connection.flushed_at = -100.0
        await game.manager.send_personal_message("ann", {"n": 1})
        await until(lambda: writes == [1])


async def test_what_comes_for_a_busy_connection_goes_out_together(writes: list[int]) -> None:
    config = Config(coalesce=0.05)
    async with playing(config, server="gateway") as game, game.websocket("ann") as socket:
        await game.connected("ann", websocket=1)
        (connection,) = game.manager.node.connections.values()
        connection.flushed_at = asyncio.get_running_loop().time()
        for n in range(20):
            await game.manager.send_personal_message("ann", {"n": n})
            await asyncio.sleep(0)
        assert await socket.wait(20) == [{"n": n} for n in range(20)]
        assert len(writes) < 10


async def test_it_can_be_turned_off(writes: list[int]) -> None:
    config = Config(coalesce=None)
    async with playing(config, server="gateway") as game, game.websocket("ann") as socket:
        await game.connected("ann", websocket=1)
        for n in range(10):
            await game.manager.send_personal_message("ann", {"n": n})
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        assert await socket.wait(10) == [{"n": n} for n in range(10)]
        assert len(writes) == 10


async def test_a_busy_connections_answer_does_not_overtake_its_events() -> None:
    async with playing(Config(coalesce=0.05), server="gateway") as game:
        game.manager.on_command(lambda _: {"answer": True})
        async with game.websocket("ann") as socket:
            await game.connected("ann", websocket=1)
            (connection,) = game.manager.node.connections.values()
            connection.flushed_at = asyncio.get_running_loop().time()
            await game.manager.send_personal_message("ann", {"n": 1})
            await game.manager.send_to_connection(connection.id, {"n": 2})
            await game.manager.send_personal_message("ann", {"n": 3})
            assert await socket.wait(3) == [{"n": 1}, {"n": 2}, {"n": 3}]


def test_a_coalescing_that_cannot_work_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="coalesce: expected a number above 0, or None"):
        Config(coalesce=0.0)

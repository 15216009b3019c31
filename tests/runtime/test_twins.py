"""Plain twins that stand by: who carries, and what a hand-over loses (nothing)."""

from __future__ import annotations

import asyncio
from typing import Any

from dualwire.core.lifecycle import State

from ..game import Game
from ..live import until


class Slow:
    """A WebSocket that takes events one by one, when it is told to."""

    def __init__(self) -> None:
        self.events: list[Any] = []
        self._allowed = asyncio.Semaphore(0)

    async def send_json(self, data: Any) -> None:
        await self._allowed.acquire()
        self.events.append(data)

    def take(self, count: int) -> None:
        for _ in range(count):
            self._allowed.release()


async def test_a_websocket_that_stalls_hands_over_to_the_stream_and_nothing_is_lost(
    standby_game: Game,
) -> None:
    game, slow = standby_game, Slow()
    async with game.stream("ann") as stream:
        await game.connected("ann", sse=1)
        assert await game.manager.connect_websocket(slow, "ann")
        slow.take(3)
        for n in range(10):
            await game.manager.send_personal_message("ann", {"n": n})
        await until(lambda: len(slow.events) == 3)
        assert stream.events == []
        await game.clock.advance(5.0)
        await until(lambda: len(stream.events) >= 6)
        assert game.manager.node.stats.health_changes["degraded"] == 1
        assert game.counts("ann") == (1, 1), "slowness is no reason to end it"
        # The frame that was on its way when it stalled may come twice; no other may, none is lost.
        assert slow.events + stream.events[-7:] == [{"n": n} for n in range(10)]
        await game.manager.send_personal_message("ann", {"n": 10})
        await until(lambda: stream.events[-1] == {"n": 10})
        slow.take(100)


async def test_exactly_one_carries_whatever_comes_and_goes(standby_game: Game) -> None:
    game = standby_game

    def carriers() -> list[str]:
        player = game.manager.node.hub.players["ann"]
        return [
            each.connection_type
            for each in player.connections.values()
            if each.state in (State.LIVE, State.READING)
        ]

    async with game.stream("ann"):
        await game.connected("ann", sse=1)
        assert carriers() == ["sse"]
        async with game.stream("ann"):
            await game.connected("ann", sse=2)
            assert carriers() == ["sse"]
            async with game.websocket("ann"):
                await game.connected("ann", websocket=1, sse=2)
                assert carriers() == ["websocket"]
                async with game.websocket("ann"):
                    await game.connected("ann", websocket=2, sse=2)
                    assert carriers() == ["websocket"]
                await game.connected("ann", websocket=1, sse=2)
                assert carriers() == ["websocket"]
            await game.connected("ann", sse=2)
            assert carriers() == ["sse"]
        await game.connected("ann", sse=1)
        assert carriers() == ["sse"]


async def test_those_who_stand_by_are_pinged_and_answered(standby_game: Game) -> None:
    game = standby_game
    async with game.both("ann") as (_, stream):
        (sse_id,) = game.manager.active_sse_connections["ann"]
        assert await game.manager.send_to_connection(sse_id, {"only": "you"})
        assert await stream.wait(1) == [{"only": "you"}]
        await game.clock.advance(60.0)
        await until(lambda: any(each["event"] == "ping" for each in stream.messages))
        assert await game.manager.check_connection_health("ann") == {
            "websocket": True,
            "sse": True,
        }


async def test_deliver_does_not_wait_for_those_who_stand_by(standby_game: Game) -> None:
    async with standby_game.both("ann"):
        report = await standby_game.manager.deliver("ann", {"n": 1}, timeout=30.0)
        assert [each.connection_type for each in report.connections] == ["websocket"]
        assert report.written == 1


async def test_a_peer_that_takes_nothing_for_the_resume_window_is_given_up(game: Game) -> None:
    slow = Slow()
    assert await game.manager.connect_websocket(slow, "ann")
    await game.manager.send_personal_message("ann", {"n": 1})
    await game.clock.advance(100.0)
    assert game.counts("ann") == (1, 0), "slowness is no reason to end it"
    await game.clock.advance(30.0)
    assert game.counts("ann") == (0, 0)
    assert game.manager.node.stats.closed["websocket", "stale"] == 1

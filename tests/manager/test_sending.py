"""Sending: what is accepted, what is reported, and what is refused."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any
from uuid import UUID

import pytest

from dualwire import Config, ConnectionManager, EngineError, EventError, Limits
from dualwire.types import Event

from ..game import Game
from ..live import until


class Stuck:
    """A WebSocket whose send does not return until it is let go."""

    def __init__(self) -> None:
        self.release = asyncio.Event()
        self.events: list[Any] = []

    async def send_json(self, data: Any) -> None:
        await self.release.wait()
        self.events.append(data)


@pytest.mark.parametrize(
    "event", [{"x": object()}, {"x": {1, 2, object()}}, ["no", "dict"], "text", None]
)
async def test_an_event_that_is_no_json_object_is_refused_and_nothing_is_sent(
    game: Game, event: Any
) -> None:
    async with game.both("ann") as (socket, _):
        with pytest.raises(EventError, match="must be a dict"):
            await game.manager.send_personal_message("ann", event)
        with pytest.raises(EventError):
            await game.manager.broadcast_global(event)
        with pytest.raises(EventError):
            await game.manager.send_to_connection(next(iter(game.manager.active_websockets)), event)
        await game.manager.send_personal_message("ann", {"n": 1})
        assert await socket.wait(1) == [{"n": 1}]


async def test_what_json_has_a_spelling_for_is_written(game: Game) -> None:
    async with game.websocket("ann") as socket:
        await game.connected("ann", websocket=1)
        moment = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
        await game.manager.send_personal_message(
            "ann", {"id": UUID(int=1), "at": moment, "list": (1, 2), "none": None}
        )
        assert await socket.wait(1) == [
            {
                "id": "00000000-0000-0000-0000-000000000001",
                "at": "2026-01-02T03:04:05Z",
                "list": [1, 2],
                "none": None,
            }
        ]


async def test_deliver_reports_each_connection(game: Game) -> None:
    stuck = Stuck()
    async with game.both("ann"):
        assert await game.manager.connect_websocket(stuck, "ann")
        reserved = await game.manager.connect_sse("ann")
        report = await game.manager.deliver("ann", {"n": 1}, timeout=0.1)
        assert report
        assert (report.written, report.queued, report.failed) == (2, 2, 0)
        outcomes = {each.connection_id: each.outcome for each in report.connections}
        assert outcomes[reserved] == "queued"
        assert outcomes[game.manager.connection_id_of(stuck)] == "queued"
    stuck.release.set()


async def test_deliver_reports_a_connection_that_ends_as_failed(game: Game) -> None:
    stuck = Stuck()
    assert await game.manager.connect_websocket(stuck, "ann")
    delivering = asyncio.create_task(game.manager.deliver("ann", {"n": 1}, timeout=10.0))
    await until(lambda: game.manager.node.hub.n)
    await asyncio.sleep(0)
    (connection,) = game.manager.node.connections.values()
    await game.manager.disconnect(connection.id)
    await game.clock.advance(5.0)
    report = await delivering
    assert (report.written, report.failed) == (0, 1)
    assert not report


async def test_a_publish_id_is_sent_once(game: Game) -> None:
    async with game.websocket("ann") as socket:
        await game.connected("ann", websocket=1)
        for n in range(3):
            await game.manager.broadcast_global({"n": n}, publish_id="the-same")
        await game.clock.advance(121.0)
        await game.manager.broadcast_global({"n": 9}, publish_id="the-same")
        assert await socket.wait(2) == [{"n": 0}, {"n": 9}]


async def test_a_stopped_manager_publishes_nothing_and_says_so() -> None:
    manager = ConnectionManager()
    await manager.start()
    engine = manager.node.engine
    await manager.stop()
    await engine.stop()
    with pytest.raises(EngineError, match="not started"):
        await engine.publish("global", Event(payload=b"{}"))


async def test_answers_to_a_peer_that_does_not_read_are_bounded() -> None:
    manager = ConnectionManager(config=Config(limits=Limits(connection=50_000)))
    stuck = Stuck()
    assert await manager.connect_websocket(stuck, "ann")
    (connection_id,) = manager.active_websockets
    took = 0
    for _ in range(100):
        took += await manager.send_to_connection(connection_id, {"text": "x" * 1000})
    assert took < 60
    stuck.release.set()
    await until(lambda: len(stuck.events) == took)
    await manager.stop()


async def test_a_publisher_that_never_yields_starves_nobody() -> None:
    """On ``memory`` nothing in a publish waits, so it has to let the loop turn by itself."""
    manager = ConnectionManager()
    await manager.start()
    turns, done = 0, False

    async def bystander() -> None:
        nonlocal turns
        while not done:
            turns += 1
            await asyncio.sleep(0)

    stuck = Stuck()
    assert await manager.connect_websocket(stuck, "ann")
    watching = asyncio.create_task(bystander())
    for _ in range(5000):
        await manager.broadcast_global({"text": "x" * 1000})
    done = True
    await watching
    assert turns > 1, "the loop turned while it published"
    (connection,) = manager.node.connections.values()
    assert connection.waiting < 256 * 1024, "and no outbox grew without bound"
    stuck.release.set()
    await manager.stop()


async def test_what_a_hook_publishes_comes_after_what_is_being_sent(game: Game) -> None:
    async def echo(player_id: str, connection_id: str) -> None:
        await game.manager.send_personal_message(player_id, {"hello": player_id})

    game.manager.on_connection_opened(echo)
    async with game.both("ann") as (socket, stream):
        await until(lambda: len(socket.events) == 2 and len(stream.events) == 1)
        await game.manager.send_personal_message("ann", {"n": 1})
        assert (await socket.wait(3))[-1] == {"n": 1}
        assert (await stream.wait(2))[-1] == {"n": 1}


async def test_an_authorize_hook_that_fails_lets_nothing_through(game: Game) -> None:
    def broken(player_id: str, event: dict[str, Any]) -> bool:
        raise KeyError(player_id)

    async with game.both("ann") as (socket, stream):
        game.manager.authorize = broken
        assert await game.manager.send_personal_message("ann", {"n": 1}) is False
        report = await game.manager.deliver("ann", {"n": 2})
        assert report.reason == "not authorized"
        game.manager.authorize = None
        await game.manager.send_personal_message("ann", {"n": 3})
        assert await socket.wait(1) == await stream.wait(1) == [{"n": 3}]
        assert game.manager.node.stats.errors["hook", "KeyError"] > 0


async def test_authorize_is_asked_once_per_player_and_event(game: Game) -> None:
    asked: list[str] = []

    def ask(player_id: str, event: dict[str, Any]) -> bool:
        asked.append(player_id)
        return True

    async with game.both("ann") as (socket, stream), game.both("bob"):
        game.manager.authorize = ask
        await game.manager.broadcast_global({"n": 1})
        await socket.wait(1)
        await stream.wait(1)
        assert sorted(asked) == ["ann", "bob"]

"""A node that stops: its clients are asked to move, batch by batch, before anything ends."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import httpx
import pytest
import structlog.testing

from dualwire import Config, Heartbeat
from dualwire.exceptions import ConfigurationError
from dualwire.runtime.draining import ask_to_move
from tests.client.player import entered
from tests.game import Game, playing
from tests.live import DEADLINE, until, ws

V1 = "&protocol=dualwire.v1"


@contextlib.asynccontextmanager
async def shared(grace: float | None = 20.0) -> AsyncIterator[Game]:
    """A game whose engine says that other nodes share it."""
    quiet = Heartbeat(pong_timeout=600.0)  # Nobody here answers pings.
    async with playing(Config(drain_grace=grace, heartbeat=quiet), server="gateway") as game:
        game.manager.node.engine.durable = True
        yield game


@contextlib.asynccontextmanager
async def draining(game: Game) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(game.manager.drain())
    await until(lambda: game.manager.node.draining)
    yield task
    await game.clock.advance(60.0)
    await asyncio.wait_for(task, 10.0)


def warnings(frames: list[dict[str, object]]) -> list[object]:
    return [each["within"] for each in frames if each["type"] == "warning"]


async def test_each_is_asked_once_and_closed_when_its_time_is_over() -> None:
    async with shared() as game, game.both("ann", query=V1) as (socket, stream):
        async with draining(game):
            await until(lambda: warnings(socket.events))
            assert warnings(socket.events) == [20.0]
            assert not warnings(stream.events)
            await game.clock.advance(1.0)
            await until(lambda: warnings(stream.events))
            await game.clock.advance(18.0)
            assert not socket.ended
            assert not stream.ended
            await game.clock.advance(2.0)
            assert await socket.wait_end() == 4001
            await stream.wait_end()
            assert stream.events[-1]["type"] == "bye"
            assert stream.events[-1]["code"] == 4001
        assert len(warnings(socket.events)) == len(warnings(stream.events)) == 1


async def test_a_batch_does_not_take_everybody_at_once() -> None:
    async with shared() as game, contextlib.AsyncExitStack() as stack:
        sockets = [
            await stack.enter_async_context(game.websocket(f"player-{n}", query=V1))
            for n in range(70)
        ]
        await until(lambda: len(game.manager.node.connections) == 70)
        async with draining(game):
            await until(lambda: sum(bool(warnings(each.events)) for each in sockets) == 64)
            await game.clock.advance(0.1)
            await until(lambda: all(warnings(each.events) for each in sockets))


async def test_plain_connections_stay_until_the_second_half() -> None:
    async with shared() as game, game.both("ann") as (socket, stream), draining(game):
        await game.clock.advance(9.5)
        await game.manager.send_personal_message("ann", {"n": 1})
        await socket.wait(1)
        await stream.wait(1)
        await game.clock.advance(1.0)
        assert await socket.wait_end() == 4001
        await stream.wait_end()
        assert stream.bye is not None
        assert stream.bye["code"] == 4001
        assert stream.bye["reconnect"] is True


async def test_it_is_done_as_soon_as_everybody_has_gone() -> None:
    async with shared() as game:
        async with game.websocket("ann", query=V1):
            await game.connected("ann", websocket=1)
            task = asyncio.create_task(game.manager.drain())
            await until(lambda: game.manager.node.draining)
            assert not task.done()
        await asyncio.wait_for(task, 10.0)  # No time has passed.
        await game.manager.drain()


async def test_nobody_comes_in_meanwhile_and_a_proxy_can_tell() -> None:
    async with shared() as game, game.websocket("ann", query=V1), draining(game):
        token, address = game.token("bob"), game.address
        async with httpx.AsyncClient(
            headers={"Authorization": f"Bearer {token}"}, timeout=DEADLINE
        ) as http:
            refused = await http.get(f"http://{address}/api/events?protocol=dualwire.v1")
        assert refused.status_code == 503
        assert refused.headers["connection"] == "close"
        assert refused.headers["retry-after"] == "1"
        assert refused.json()["error"]["details"]["code"] == 4001
        with pytest.raises(Exception, match="HTTP 503"):
            async with ws(address, token=token, subprotocols=["dualwire.v1"]):
                pass


@pytest.mark.parametrize("grace", [None, 20.0])
async def test_where_there_is_no_elsewhere_all_end_at_once(grace: float | None) -> None:
    async with shared(grace) as game, game.both("ann", query=V1) as (socket, stream):
        game.manager.node.engine.durable = grace is None
        await game.manager.drain()
        assert await socket.wait_end() == 1012
        await stream.wait_end()
        assert not game.manager.node.draining
        assert not warnings(socket.events)


async def test_a_server_that_is_told_to_exit_is_drained() -> None:
    async with shared() as game, game.websocket("ann", query=V1) as socket:
        await game.connected("ann", websocket=1)
        game.manager.node.stopping = lambda: True
        with structlog.testing.capture_logs() as logs:
            await game.clock.advance(1.0)
            await until(lambda: warnings(socket.events))
            await game.clock.advance(21.0)
            assert await socket.wait_end() == 4001
            await until(lambda: logs[-1]["event"] == "node_drained")
        said = [each["event"] for each in logs if each["event"].startswith("node_")]
        assert said == ["node_stopping", "node_draining", "node_drained"]


async def test_a_client_moves_without_a_break() -> None:
    """Asked by hand on a node that stays: it opens another one, and lets the first go."""
    async with shared() as game, entered(game) as amy:
        node, states = game.manager.node, []
        amy.client.on_change = lambda each: states.append((each.connection_type, each.state))
        for number in range(60):
            await game.manager.send_personal_message("amy", {"n": number})
            if number in (20, 40):
                old = list(node.connections.values())
                for connection in old:
                    ask_to_move(node, connection, 10.0)
                await until(lambda old=old: not set(old) & set(node.connections.values()))  # type: ignore[misc]
        await until(lambda: 59 in amy.numbers())
        assert amy.numbers() == list(range(60))
        assert {state for _, state in states} == {"open"}
        for each in amy.client.connections.values():
            assert (each.quality.moves, each.quality.reconnects) == (2, 0)
            assert each.warning is None
        assert amy.client.statistics.reconnects == 0
        assert amy.client.statistics.gaps == 0


@pytest.mark.parametrize("grace", [0.0, -1.0])
def test_a_grace_that_cannot_work(grace: float) -> None:
    with pytest.raises(ConfigurationError, match="drain_grace"):
        Config(drain_grace=grace)

"""Both connections of a client, against a real server."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from dualwire.client import connect
from dualwire.codes import DRAINING, LOGGED_OUT, RATE_LIMITED, SESSION_REPLACED, STALE
from dualwire.exceptions import AuthenticationError, EventError, RefusedError
from dualwire.testing import ManualClock
from dualwire.types import ConnectionType
from tests.game import Game
from tests.live import until

from .player import BOTH, entered, own, passing


async def test_both_open_as_one_session_and_an_event_comes_once(game: Game) -> None:
    async with entered(game) as amy:
        assert game.manager.get_player_session("amy") == amy.client.session_id
        for number in range(20):
            await game.manager.send_personal_message("amy", {"n": number})
        await until(lambda: len(amy.numbers()) == 20)
    assert amy.numbers() == list(range(20))


@pytest.mark.parametrize("kind", BOTH)
async def test_one_that_the_server_ends_is_back_at_once_and_nothing_is_missed(
    game: Game, kind: ConnectionType
) -> None:
    async with entered(game) as amy:
        for number in range(30):
            await game.manager.send_personal_message("amy", {"n": number})
            if number == 15:
                await game.manager.disconnect(own(game, kind), STALE)
        # Time stands still, so this was no wait.
        await until(lambda: amy.client.connections[kind].opened == 2)
        await amy.wait_both()
        await until(lambda: 29 in amy.numbers())
    assert amy.numbers() == list(range(30))


async def test_one_that_breaks_again_and_again_is_given_pauses(game: Game) -> None:
    clock = ManualClock()
    async with entered(game, clock=clock) as amy:
        sse = amy.client.connections["sse"]
        await game.manager.disconnect(own(game, "sse"), STALE)
        await until(lambda: sse.opened == 2)
        await until(lambda: game.manager.get_active_connections("amy")["sse"])
        await game.manager.disconnect(own(game, "sse"), STALE)
        await until(lambda: sse.state == "closed")
        assert sse.opened == 2
        assert sse.quality.failures == 2
        assert sse.error is not None
        assert "no sign of life" in sse.error
        await clock.advance(1.0)
        await until(lambda: sse.opened == 3)


async def test_a_wish_of_the_server_to_wait_is_obeyed(game: Game) -> None:
    clock = ManualClock()
    async with entered(game, clock=clock) as amy:
        connection = game.manager.node.connections[own(game, "sse")]
        game.manager.node.end(connection, RATE_LIMITED, retry_after=30.0)
        sse = amy.client.connections["sse"]
        await until(lambda: sse.state == "closed")
        await clock.advance(29.0)
        assert sse.state == "closed"
        await clock.advance(1.5)
        await until(lambda: sse.state == "open")


async def test_both_lost_at_once_come_back_after_jitter(game: Game) -> None:
    clock = ManualClock()
    async with entered(game, clock=clock) as amy:
        connections = list(game.manager.node.connections.values())
        await game.manager.send_personal_message("amy", {"n": 1})
        await until(lambda: amy.numbers() == [1])
        for connection in connections:
            game.manager.node.end(connection, DRAINING)
        await game.manager.send_personal_message("amy", {"n": 2})
        await until(lambda: amy.client.connections["websocket"].error)
        await until(lambda: amy.client.connections["sse"].error)
        await clock.advance(20.0)
        await amy.wait_both()
        await until(lambda: 2 in amy.numbers())


async def test_a_takeover_ends_both_with_the_reason(game: Game) -> None:
    async with entered(game) as old:
        async with entered(game) as new:
            await old.task
            assert new.client.session_id != old.client.session_id
        assert isinstance(old.error, RefusedError)
        assert old.error.code == SESSION_REPLACED
        await until(lambda: set(old.state().values()) == {"closed"})


async def test_what_arrived_before_the_end_is_given_first(game: Game) -> None:
    async with entered(game) as amy:
        for number in range(50):
            await game.manager.send_personal_message("amy", {"n": number})
        await game.manager.disconnect_player("amy", LOGGED_OUT)
        await amy.task
        assert amy.numbers() == list(range(50))
        assert isinstance(amy.error, RefusedError)
        assert amy.error.code == LOGGED_OUT


async def test_the_twin_still_brings_what_came_before_the_end(game: Game) -> None:
    async with entered(game) as amy:
        nodes = game.manager.node.connections
        websocket, sse = nodes[own(game, "websocket")], nodes[own(game, "sse")]
        game.manager.node.end(sse, LOGGED_OUT)
        await until(lambda: amy.client.connections["sse"].state == "closed")
        for number in range(5):
            await game.manager.send_personal_message("amy", {"n": number})
        game.manager.node.end(websocket, LOGGED_OUT)
        await amy.task
        assert amy.numbers() == list(range(5))


async def test_a_twin_that_does_not_end_is_not_waited_for_long(game: Game) -> None:
    clock = ManualClock()
    async with entered(game, clock=clock) as amy:
        game.manager.node.end(game.manager.node.connections[own(game, "sse")], LOGGED_OUT)
        await until(lambda: amy.client.connections["sse"].state == "closed")
        async with passing(clock):
            await amy.task
        assert isinstance(amy.error, RefusedError)


async def test_messages_go_over_the_websocket_else_by_post(game: Game) -> None:
    ways = []

    @game.manager.on_command
    def answer(command: Any) -> dict[str, Any]:
        ways.append("post" if command.connection_id is None else "websocket")
        return {"answer": command.data["command"]}

    message = {"type": "command", "data": {"command": "look"}}
    async with entered(game) as amy:
        await amy.client.send(message)
        await until(lambda: {"answer": "look"} in amy.events)
        amy.client.cut("websocket")
        await amy.client.send({"type": "command", "data": {"command": "go"}})
        await until(lambda: {"answer": "go"} in amy.events)
        with pytest.raises(EventError):
            await amy.client.send({"type": object()})
    assert ways == ["websocket", "post"]


async def test_a_bad_token_is_told_while_entering(game: Game) -> None:
    client = connect(f"http://{game.address}", "nonsense")
    with pytest.raises(AuthenticationError):
        await client.__aenter__()


async def test_nobody_there_is_told_while_entering() -> None:
    client = connect("http://127.0.0.1:9", "x", open_timeout=0.2)
    with pytest.raises(ConnectionError, match=r"127\.0\.0\.1:9.*no connection within"):
        await client.__aenter__()


async def test_closing_leaves_nothing_behind(game: Game) -> None:
    before = asyncio.all_tasks()
    async with entered(game) as amy:
        quality = amy.client.connections["websocket"].quality
        assert quality.last_seen is not None
        assert quality.failures == 0
    assert amy.error is None
    await until(lambda: not game.manager.node.connections)
    await until(lambda: not {t for t in asyncio.all_tasks() - before if "client" in repr(t)})
    with pytest.raises(ConnectionError):
        await amy.client.send({"type": "ping"})

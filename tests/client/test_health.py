"""Pings, pongs, acknowledgements and tokens of a client, against a real server."""

from __future__ import annotations

import asyncio

import pytest

from dualwire.codes import TOKEN_EXPIRED
from dualwire.exceptions import AuthenticationError
from dualwire.testing import ManualClock
from dualwire.types import player_stream
from tests.game import Game
from tests.live import until

from .player import BOTH, elapse, entered, own, passing
from .test_merging import impatient, spoiling


async def test_both_are_healthy_by_pongs(game: Game) -> None:
    async with entered(game) as amy:
        mine = [game.manager.node.connections[own(game, kind)] for kind in BOTH]
        await elapse(game, 75)
        assert [each.pings for each in mine] == [3, 3]
        await until(lambda: all(each.round_trip is not None for each in mine))
        assert amy.client.connections["websocket"].round_trip is not None
        assert [each.opened for each in amy.client.connections.values()] == [1, 1]


async def test_a_dead_websocket_does_not_take_its_twin_along(game: Game) -> None:
    clock = ManualClock()
    async with spoiling(game) as proxy, entered(game, clock=clock, address=proxy.address) as amy:
        sse = game.manager.node.connections[own(game, "sse")]
        websocket = game.manager.node.connections[own(game, "websocket")]
        proxy.websocket.swallow()
        async with passing(clock, lambda: sse.pong_due is not None):
            await elapse(game, 55, websocket)
        assert sse.pings >= 2
        assert amy.state()["sse"] == "open"
        assert amy.client.connections["sse"].opened == 1
        assert not game.manager.get_active_connections("amy")["websocket"]


@pytest.mark.parametrize("kind", BOTH)
async def test_one_that_falls_silent_is_opened_again(game: Game, kind: str) -> None:
    clock = ManualClock()
    async with spoiling(game) as proxy, entered(game, clock=clock, address=proxy.address) as amy:
        connection = amy.client.connections["websocket" if kind == "websocket" else "sse"]
        target = proxy.websocket if kind == "websocket" else proxy.sse
        target.swallow("to_client")
        await clock.advance(34.0)
        await game.manager.send_personal_message("amy", {"n": 1})
        await until(lambda: amy.numbers() == [1])
        assert connection.opened == 1
        await clock.advance(2.0)
        await until(lambda: connection.opened == 2)
        await game.manager.send_personal_message("amy", {"n": 2})
        await until(lambda: amy.numbers() == [1, 2])
        assert connection.twin.opened == 1


async def test_confirmed_at_once_when_the_application_has_it(game: Game) -> None:
    async with entered(game) as amy:
        report = await game.manager.send_confirmed("amy", {"n": 1})
        assert report.acknowledged
        assert amy.numbers() == [1]


async def test_not_confirmed_before_the_application_has_it(game: Game) -> None:
    async with entered(game) as amy:
        amy.task.cancel()
        await asyncio.gather(amy.task, return_exceptions=True)
        sending = asyncio.create_task(game.manager.send_confirmed("amy", {"n": 1}, 0.1))
        await until(lambda: list(amy.client._receiving.inbox.waiting))
        assert (await sending).reason == "not in time"


async def test_acknowledged_after_many_events(game: Game) -> None:
    async with entered(game) as amy:
        for number in range(300):
            await game.manager.send_personal_message("amy", {"n": number})
        await until(lambda: len(amy.numbers()) == 300)
        player = game.manager.node.hub.players["amy"]
        await until(lambda: player.acknowledged.get(player_stream("amy"), ("", 0))[1] >= 256)


async def test_a_fresh_token_before_the_old_one_expires(game: Game) -> None:
    clock, issued = ManualClock(), []

    async def token() -> str:
        issued.append(game.auth.issue("amy", lifetime=100.0))
        return issued[-1]

    async with entered(game, token=token, clock=clock) as amy:
        assert len(issued) == 1
        for _ in range(80):
            await elapse(game, 1)
            await clock.advance(1.0)
        await until(lambda: len(issued) == 2)
        connections = [game.manager.node.connections[own(game, kind)] for kind in BOTH]
        late = game.clock.wall() + 90.0
        await until(lambda: all((each.identity.expires_at or 0) > late for each in connections))
        assert [each.opened for each in amy.client.connections.values()] == [1, 1]


async def test_an_expired_token_is_replaced_before_coming_back(game: Game) -> None:
    clock, issued = ManualClock(), []

    def token() -> str:
        issued.append(game.auth.issue("amy", lifetime=5.0))
        return issued[-1]

    async with entered(game, token=token, clock=clock) as amy, impatient(amy, clock):
        await game.clock.advance(5.0)
        await until(lambda: [each.opened for each in amy.client.connections.values()] == [2, 2])
        assert len(issued) == 2
        await game.manager.send_personal_message("amy", {"n": 1})
        await until(lambda: amy.numbers() == [1])


async def test_without_a_fresh_token_it_is_over(game: Game) -> None:
    async with entered(game, token=game.auth.issue("amy", lifetime=5.0)) as amy:
        await game.clock.advance(5.0)
        await amy.task
        assert isinstance(amy.error, AuthenticationError)
        assert amy.error.code == TOKEN_EXPIRED


async def test_a_source_of_bad_tokens_is_not_asked_for_ever(game: Game) -> None:
    asked = []

    def token() -> str:
        asked.append(1)
        return f"nonsense {len(asked)}"

    clock = ManualClock()
    entering = asyncio.create_task(entered(game, token=token, clock=clock).__aenter__())
    while not entering.done():
        await clock.advance(0.5)
        await asyncio.sleep(0.002)
    with pytest.raises(AuthenticationError):
        await entering
    assert 2 <= len(asked) <= 4


async def test_a_source_that_fails_is_asked_again(game: Game) -> None:
    clock, asked = ManualClock(), []

    def token() -> str:
        asked.append(1)
        if len(asked) < 3:
            raise OSError("the login server is away")
        return game.token("amy")

    entering = asyncio.create_task(entered(game, token=token, clock=clock).__aenter__())
    while not entering.done():
        await clock.advance(0.5)
        await asyncio.sleep(0.002)
    amy = await entering
    assert len(asked) == 3
    await amy.client.close()
    await amy.task

"""How the event stream of a client that has nothing yet begins."""

from __future__ import annotations

import asyncio
from random import Random

import httpx
import pytest

from dualwire.client.life import Life
from dualwire.client.sse import HEAD_START, SSEConnection
from dualwire.client.tokens import Tokens
from dualwire.client.websocket import WebSocketConnection
from dualwire.testing import FaultProxy, ManualClock
from dualwire.testing.clock import settle
from dualwire.types import Cursor, Position
from tests.game import Game
from tests.live import until

from .player import entered
from .test_connection import Taker

HAD: Cursor = {"player:amy": Position("01a206db866e754abbd5", 3)}


async def test_it_begins_where_the_websocket_began(game: Game) -> None:
    at_once = iter(range(10))

    @game.manager.on_connection_opened
    async def opened(player_id: str, connection_id: str) -> None:
        await game.manager.send_personal_message(player_id, {"n": next(at_once)})

    async with entered(game) as amy:
        # It did not begin at whatever the end was, but where the client stands.
        assert game.manager.node.stats.resumes["resumed", "none"] == 1
        await until(lambda: amy.numbers() == [0, 1])
        assert not amy.gaps()


async def test_a_websocket_that_fails_is_not_waited_for(game: Game) -> None:
    host, _, port = game.address.partition(":")
    async with FaultProxy(host, int(port)) as proxy:
        proxy.websocket.refuse()
        async with entered(game, address=proxy.address, both=False) as amy:
            assert amy.state()["sse"] == "open"


@pytest.mark.parametrize("cursor", [{}, HAD])
async def test_one_that_says_nothing_is_waited_for_half_a_second(cursor: Cursor) -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(503)

    clock, tokens, taker = ManualClock(), Tokens("token"), Taker(cursor)
    options = (clock, Random(7), tokens, taker)
    async with httpx.AsyncClient(
        transport=httpx.MockTransport(answer), base_url="http://game"
    ) as http:
        stream = SSEConnection(http, "/api/events", {}, *options)
        stream.twin = WebSocketConnection("ws://game/api/ws", {}, *options)
        opening = asyncio.create_task(stream.carry("token", Life(stream, taker, clock)))
        await settle()
        await clock.advance(HEAD_START - 0.01)
        assert bool(asked) is bool(cursor)
        await clock.advance(0.02)
        await opening
        assert len(asked) == 1

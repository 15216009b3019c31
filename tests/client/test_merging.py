"""Each event once and in order, whatever happens to the connections. Judged by the publisher's
own counter inside the payload."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from random import Random

import pytest

from dualwire import Config
from dualwire.client import Delivered, Direct, Gap
from dualwire.client.opening import fits_url, fitting
from dualwire.config import HistoryPolicy
from dualwire.testing import ManualClock
from dualwire.testing.clock import settle
from dualwire.testing.proxy import FaultProxy
from tests.game import Game, playing
from tests.live import until

from .player import BOTH, Reader, entered, own, passing


@contextlib.asynccontextmanager
async def spoiling(game: Game) -> AsyncIterator[FaultProxy]:
    host, _, port = game.address.partition(":")
    async with FaultProxy(host, int(port)) as proxy:
        yield proxy


def impatient(reader: Reader, clock: ManualClock) -> contextlib.AbstractAsyncContextManager[None]:
    """Time passes while a connection is closed, so that pauses end and nothing else does."""
    return passing(clock, lambda: "closed" in reader.state().values())


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_bursts_while_connections_are_reset_at_random(game: Game, seed: int) -> None:
    rng, clock = Random(seed), ManualClock()
    async with (
        spoiling(game) as proxy,
        entered(game, clock=clock, address=proxy.address) as amy,
        impatient(amy, clock),
    ):
        for number in range(1000):
            await game.manager.send_personal_message("amy", {"n": number})
            if rng.random() < 0.04:
                rng.choice((proxy.websocket, proxy.sse, proxy.all)).reset()
            if rng.random() < 0.1:
                await settle()
            if number % 200 == 199:
                await until(lambda last=number: last in amy.numbers())  # type: ignore[misc]
        statistics = amy.client.statistics
        assert statistics.reconnects >= 5
        assert statistics.gaps == 0
    assert amy.numbers() == list(range(1000))


async def test_both_are_down_for_a_while(game: Game) -> None:
    clock = ManualClock()
    async with (
        spoiling(game) as proxy,
        entered(game, clock=clock, address=proxy.address) as amy,
        impatient(amy, clock),
    ):
        await game.manager.send_personal_message("amy", {"n": 0})
        await until(lambda: amy.numbers() == [0])
        proxy.all.refuse()
        proxy.all.reset()
        await until(lambda: "open" not in amy.state().values())
        for number in range(1, 200):
            await game.manager.send_personal_message("amy", {"n": number})
        proxy.all.heal()
        await until(lambda: 199 in amy.numbers())
    assert amy.numbers() == list(range(200))
    assert not amy.gaps()


@pytest.mark.parametrize("slow", BOTH)
async def test_rooms_change_while_one_connection_lags(game: Game, slow: str) -> None:
    manager, expected = game.manager, []
    async with spoiling(game) as proxy, entered(game, address=proxy.address) as amy:
        target = proxy.websocket if slow == "websocket" else proxy.sse
        target.delay(0.05, "to_client")
        room = "hall"
        await manager.subscribe_to_room("amy", room)
        for number in range(120):
            for each in ("hall", "attic"):
                await manager.broadcast_to_room(each, {"n": number * 10 + (each == "attic")})
            expected.append(number * 10 + (room == "attic"))
            if number % 7 == 6:
                other = "attic" if room == "hall" else "hall"
                await manager.subscribe_to_room("amy", other)
                await manager.unsubscribe_from_room("amy", room)
                room = other
        await until(lambda: expected[-1] in amy.numbers())
        lagging = amy.client.connections["websocket" if slow == "websocket" else "sse"]
        # What was said in a room that was left meanwhile is too old to be counted as repeated.
        statistics = amy.client.statistics
        await until(lambda: lagging.quality.duplicates > 2)
        assert lagging.quality.lag is not None
        assert lagging.quality.won < lagging.twin.quality.won
        assert lagging.quality.won + lagging.twin.quality.won == statistics.delivered
    assert amy.numbers() == expected


async def test_what_is_gone_is_told_where_it_is_missing() -> None:
    config = Config(history=HistoryPolicy(player_events=10))
    clock = ManualClock()
    async with (
        playing(config) as game,
        spoiling(game) as proxy,
        entered(game, clock=clock, address=proxy.address) as amy,
        impatient(amy, clock),
    ):
        await game.manager.send_personal_message("amy", {"n": 0})
        await until(lambda: amy.numbers() == [0])
        proxy.all.refuse()
        proxy.all.reset()
        await until(lambda: "open" not in amy.state().values())
        for number in range(1, 51):
            await game.manager.send_personal_message("amy", {"n": number})
        proxy.all.heal()
        await amy.wait_both()
        await until(lambda: 50 in amy.numbers())
        first, gap, *rest = amy.items
        assert isinstance(first, Delivered)
        assert isinstance(gap, Gap)
        assert gap.stream == "player:amy"
        assert gap.reason == "trimmed"
        assert (gap.first, gap.last) == (first.offset + 1, first.offset + 40)
        assert [each.event["n"] for each in rest if isinstance(each, Delivered)] == [*range(41, 51)]
        assert amy.client.statistics.gaps == 1


@pytest.mark.parametrize("rooms", [60, 200])
@pytest.mark.parametrize("only", [None, "websocket", "sse"])
async def test_a_cursor_too_large_for_a_url(game: Game, rooms: int, only: str | None) -> None:
    clock = ManualClock()
    names = [f"room-with-a-long-name-{number}" for number in range(rooms)]
    async with (
        spoiling(game) as proxy,
        entered(game, clock=clock, address=proxy.address) as amy,
        impatient(amy, clock),
    ):
        for number, name in enumerate(names):
            await game.manager.subscribe_to_room("amy", name)
            await game.manager.broadcast_to_room(name, {"n": number})
        await until(lambda: len(amy.numbers()) == rooms)
        cursor = amy.client._receiving.cursor()
        assert not fits_url(cursor)
        assert (fitting(cursor) != cursor) == (rooms == 200)
        proxy.all.refuse()
        proxy.all.reset()
        await until(lambda: "open" not in amy.state().values())
        for number, name in enumerate(names):
            await game.manager.broadcast_to_room(name, {"n": 1000 + number})
        proxy.all.heal()
        if only == "websocket":
            proxy.sse.refuse()
        if only == "sse":
            proxy.websocket.refuse()
        await until(lambda: len(amy.numbers()) == 2 * rooms)
    assert sorted(amy.numbers()) == [*range(rooms), *range(1000, 1000 + rooms)]
    assert not amy.gaps()


async def test_what_is_said_to_one_connection_is_marked(game: Game) -> None:
    async with entered(game) as amy:
        await game.manager.send_to_connection(own(game, "sse"), {"text": "only you"})
        await until(lambda: amy.items)
        assert amy.items == [Direct({"text": "only you"}, "sse")]


async def test_who_does_not_read_is_not_read_for_and_loses_nothing(game: Game) -> None:
    async with entered(game) as amy:
        amy.task.cancel()
        await asyncio.gather(amy.task, return_exceptions=True)
        for number in range(2500):
            await game.manager.broadcast_global({"n": number})
        inbox = amy.client._receiving.inbox
        await until(lambda: len(list(inbox.waiting)) >= 1000)
        assert len(list(inbox.waiting)) < 1100
        late = Reader(amy.client)
        await until(lambda: len(late.numbers()) == 2500)
        assert late.numbers() == list(range(2500))
        amy.task = late.task

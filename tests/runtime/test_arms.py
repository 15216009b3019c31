"""A rollout of ``dual_connections``, over real sockets: the older rule, the newer one, and the way
between them on which nobody loses an event."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest
from fastapi import FastAPI

from dualwire import ConnectionManager
from dualwire.core.rollout import Rollout, bucket
from dualwire.flags import RolloutFlags
from dualwire.http import JWTAuthenticator, realtime_router
from dualwire.runtime.stats import Experience
from dualwire.testing import ManualClock
from tests.game import SECRET, Game
from tests.live import ServerName, WSClient, serving, until

REPLACED = 4411


@contextlib.asynccontextmanager
async def rolled_out(
    rollout: Rollout, server: ServerName = "gateway"
) -> AsyncIterator[tuple[Game, RolloutFlags]]:
    flags = RolloutFlags(rollout)
    clock = ManualClock()
    manager = ConnectionManager(clock=clock, secret=SECRET, flags=flags)
    auth = JWTAuthenticator(SECRET, clock=clock)
    app = FastAPI(lifespan=manager.lifespan)
    app.include_router(realtime_router(manager, auth))
    async with serving(app, server) as address:
        yield Game(manager, address, clock, auth, app), flags


@pytest.mark.parametrize("server", ["uvicorn", "gateway"])
async def test_off_the_newest_of_a_type_replaces_the_older(server: ServerName) -> None:
    async with rolled_out(Rollout(percentage=0), server) as (game, _):
        async with game.both("ann") as (first, stream), game.websocket("ann") as second:
            assert await first.wait_end() == REPLACED
            await game.connected("ann", websocket=1, sse=1)
            async with game.stream("ann") as other:
                await stream.wait_end()
                assert stream.bye is not None
                assert (stream.bye["code"], stream.bye["reconnect"]) == (REPLACED, False)
                await game.connected("ann", websocket=1, sse=1)
                await game.manager.send_personal_message("ann", {"n": 1})
                assert await second.wait(1) == await other.wait(1) == [{"n": 1}]
        assert experience(game, "off").replaced == 2
        assert experience(game, "off").closed["replaced"] == 2
        assert experience(game, "on") == Experience()


async def test_on_they_stand_beside_each_other() -> None:
    async with rolled_out(Rollout()) as (game, _), game.both("ann"), game.websocket("ann"):
        await game.connected("ann", websocket=2, sse=1)
        await game.clock.advance(3.0)
        assert game.counts("ann") == (2, 1)


async def test_a_connection_that_never_opens_replaces_nobody() -> None:
    async with rolled_out(Rollout(percentage=0)) as (game, _), game.stream("ann"):
        await game.connected("ann", sse=1)
        await game.manager.connect_sse("ann")
        await game.clock.advance(15.0)
        assert game.counts("ann") == (0, 1)


async def test_the_kill_switch_reaches_those_who_are_connected_within_a_turn() -> None:
    async with (
        rolled_out(Rollout()) as (game, flags),
        game.both("ann") as (older, _),
        game.websocket("ann") as newer,
    ):
        await game.connected("ann", websocket=2, sse=1)
        flags.rollout = Rollout(enabled=False)
        await game.manager.send_personal_message("ann", {"n": 1})
        await game.clock.advance(1.0)
        assert await older.wait_end() == REPLACED
        assert older.events == await newer.wait(1) == [{"n": 1}]
        await game.connected("ann", websocket=1, sse=1)
        flags.rollout = Rollout()
        async with game.websocket("ann"):
            await game.connected("ann", websocket=2, sse=1)


async def test_allowed_players_have_it_before_everybody() -> None:
    rollout = Rollout(percentage=0, allow=frozenset(("ann",)))
    async with (
        rolled_out(rollout) as (game, _),
        game.websocket("ann"),
        game.websocket("ann"),
        game.websocket("bob") as replaced,
        game.websocket("bob"),
    ):
        assert await replaced.wait_end() == REPLACED
        await game.connected("ann", websocket=2)
        await game.connected("bob", websocket=1)


async def test_from_0_to_100_percent_and_back_nobody_loses_an_event() -> None:
    players = [f"player-{n}" for n in range(30)]
    seen: dict[str, list[WSClient]] = {player: [] for player in players}
    published = 0
    async with (
        rolled_out(Rollout(percentage=0)) as (game, flags),
        contextlib.AsyncExitStack() as opened,
    ):

        async def publish(stop: asyncio.Event) -> None:
            nonlocal published
            while not stop.is_set():
                await game.manager.broadcast_global({"n": published})
                published += 1
                await asyncio.sleep(0.002)

        async def open_one(player: str) -> None:
            seen[player].append(await opened.enter_async_context(game.websocket(player)))

        for player in players:
            await open_one(player)
            await game.connected(player, websocket=1)
        stop = asyncio.Event()
        publishing = asyncio.create_task(publish(stop))
        for percentage in (0.0, 30.0, 100.0):
            flags.rollout = Rollout(percentage=percentage)
            await asyncio.gather(*map(open_one, players))
            for player in players:
                on = bucket(player) < percentage
                await until(partial(has_its_own, game, player, on=on))
        flags.rollout = Rollout(enabled=False)
        await game.clock.advance(1.0)
        for player in players:
            await game.connected(player, websocket=1)
        stop.set()
        await publishing
        for player in players:
            await until(partial(complete, seen[player], published))
    assert experience(game, "on").opened > 0
    assert experience(game, "off").replaced > len(players)
    assert experience(game, "off").losses == experience(game, "on").losses == 0


def has_its_own(game: Game, player: str, *, on: bool) -> bool:
    """Whether a player has what its side of the rollout gives it."""
    count = game.counts(player)[0]
    return count > 1 if on else count == 1


def complete(sockets: list[WSClient], published: int) -> bool:
    """Whether some connection or other was given each event."""
    numbers: set[Any] = {event["n"] for each in sockets for event in each.events}
    return numbers == set(range(published))


def experience(game: Game, arm: str) -> Experience:
    return game.manager.node.stats.arms[arm]

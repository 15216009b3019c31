"""A client tells what its player noticed of a connection that broke."""

from __future__ import annotations

from dualwire.testing import ManualClock
from tests.game import Game
from tests.live import until

from .player import entered, passing


async def test_what_the_twin_hid_is_told_as_hidden(game: Game) -> None:
    told = game.manager.node.stats.recoveries
    clock = ManualClock()
    async with entered(game, clock=clock) as amy, passing(clock):
        amy.client.connections["sse"].cut()
        await until(lambda: amy.client.connections["sse"].opened == 2)
        await until(lambda: told.total() == 1)
    assert dict(told) == {"hidden": 1}


async def test_what_left_the_player_alone_is_told_as_noticed(game: Game) -> None:
    told = game.manager.node.stats.recoveries
    clock = ManualClock()
    async with entered(game, clock=clock) as amy, passing(clock):
        for each in amy.client.connections.values():
            each.cut()
        await until(lambda: told.total() == 2)
    assert dict(told) == {"noticed": 2}

"""Times of events, over real sockets: what is written and acknowledged is what is counted."""

from __future__ import annotations

import json

from tests.game import Game
from tests.live import WSClient, until

V1 = "&protocol=dualwire.v1"


async def ack(game: Game, socket: WSClient, offset: int) -> None:
    epoch = game.manager.node.engine.log("player:ann").position.epoch
    await socket.send({"type": "ack", "cursor": {"player:ann": [epoch, offset + 1]}})


async def test_a_written_event_was_timed_to_its_last_connection(game: Game) -> None:
    stats = game.manager.node.stats
    async with game.both("ann") as (socket, stream), game.both("bob"):
        await game.manager.broadcast_global({"n": 1})
        await socket.wait(1)
        await stream.wait(1)
        await until(lambda: stats.delivery.count == 1)
        assert 0 < stats.delivery.longest < 5
        assert stats.publish.count == 1


async def test_what_goes_to_nobody_is_not_timed(game: Game) -> None:
    await game.manager.broadcast_global({"n": 1})
    async with game.websocket("ann") as socket:
        await game.connected("ann", websocket=1)
        game.manager.authorize = lambda player_id, event: False
        await game.manager.send_personal_message("ann", {"n": 2})
        game.manager.authorize = None
        await game.manager.send_personal_message("ann", {"n": 3})
        assert await socket.wait(1) == [{"n": 3}]
        await until(lambda: game.manager.node.stats.delivery.count == 1)


async def test_an_acknowledgement_is_timed_from_the_event_that_it_covers(game: Game) -> None:
    times = game.manager.node.stats.acknowledgement
    async with game.websocket("ann", query=V1) as socket:
        await game.connected("ann", websocket=1)
        for n in range(3):
            await game.manager.send_personal_message("ann", {"n": n})
        await until(lambda: sum(each["type"] == "event" for each in socket.events) == 3)
        first = next(each["offset"] for each in socket.events if each["type"] == "event")
        await ack(game, socket, first - 1)
        await ack(game, socket, first + 2)
        await until(lambda: times["in_time"].count == 1)
        await ack(game, socket, first + 2)
        await socket.send({"type": "ping"})
        await until(lambda: any(each["type"] == "pong" for each in socket.events))
        assert times["in_time"].count == 1
        assert times["at_once"].count == 0


async def test_plain_clients_are_not_waited_for(game: Game) -> None:
    async with game.websocket("ann") as socket:
        await game.connected("ann", websocket=1)
        await game.manager.send_personal_message("ann", {"n": 1})
        assert json.dumps(await socket.wait(1)) == '[{"n": 1}]'
        await socket.send({"type": "ack", "cursor": {}})
        await socket.send({"type": "ping"})
        await socket.wait(2)
        assert game.manager.node.stats.acknowledgement["in_time"].count == 0


async def test_a_connection_that_ends_while_it_is_timed_makes_room_for_the_next(
    game: Game,
) -> None:
    node = game.manager.node
    async with game.websocket("ann") as mine, game.websocket("bob") as other:
        await game.connected("ann", websocket=1)
        await game.connected("bob", websocket=1)
        (connection,) = node.hub.players["ann"].connections.values()
        await game.manager.send_personal_message("ann", {"n": 1})
        node.give_up(connection)
        await mine.wait_end()
        await game.manager.send_personal_message("bob", {"n": 2})
        await other.wait(1)
        before = node.stats.delivery.count
        await game.manager.send_personal_message("bob", {"n": 3})
        await other.wait(2)
        await until(lambda: node.stats.delivery.count > before)

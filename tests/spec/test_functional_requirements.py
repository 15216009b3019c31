"""The specification's functional requirements 1 to 5, on real uvicorn with real connections."""

from __future__ import annotations

from dualwire import Command

from ..game import Game
from ..live import until


async def test_functional_1_a_player_holds_a_websocket_and_an_sse_connection_at_once(
    game: Game,
) -> None:
    async with game.both("ann") as (socket, stream):
        active = game.manager.get_active_connections("ann")
        assert len(active["websocket"]) == 1
        assert len(active["sse"]) == 1
        await game.manager.send_personal_message("ann", {"n": 1})
        assert await socket.wait(1) == [{"n": 1}]
        assert await stream.wait(1) == [{"n": 1}]


async def test_functional_2_neither_connection_ends_when_the_other_is_established(
    game: Game,
) -> None:
    async with game.websocket("ann") as socket:
        await game.connected("ann", websocket=1)
        async with game.stream("ann") as stream:
            await game.connected("ann", websocket=1, sse=1)
            async with game.websocket("ann") as second:
                await game.connected("ann", websocket=2, sse=1)
                await game.manager.send_personal_message("ann", {"n": 1})
                assert await socket.wait(1) == [{"n": 1}]
                assert await stream.wait(1) == [{"n": 1}]
                assert await second.wait(1) == [{"n": 1}]
                assert not socket.ended
                assert not stream.ended


async def test_functional_3_messages_are_delivered_to_all_active_connections(game: Game) -> None:
    async with game.both("ann") as (socket, stream), game.both("bob") as (socket_b, stream_b):
        await game.manager.subscribe_to_room("ann", "hall")
        await game.manager.subscribe_to_room("bob", "hall")
        await game.manager.send_personal_message("ann", {"to": "ann"})
        await game.manager.broadcast_to_room("hall", {"to": "hall"})
        await game.manager.broadcast_to_room("hall", {"to": "bob"}, exclude_player="ann")
        await game.manager.broadcast_global({"to": "all"})
        for client in (socket, stream):
            assert await client.wait(3) == [{"to": "ann"}, {"to": "hall"}, {"to": "all"}]
        for client_b in (socket_b, stream_b):
            assert await client_b.wait(3) == [{"to": "hall"}, {"to": "bob"}, {"to": "all"}]


async def test_functional_4_a_player_is_present_as_long_as_any_connection_is_active(
    game: Game,
) -> None:
    changes: list[tuple[str, str]] = []
    game.manager.on_player_online(lambda player: changes.append(("online", player)))
    game.manager.on_player_offline(lambda player: changes.append(("offline", player)))
    async with game.stream("ann"):
        async with game.websocket("ann"):
            await game.connected("ann", websocket=1, sse=1)
            assert set(game.manager.online_players) == {"ann"}
        await game.connected("ann", sse=1)
        await game.clock.advance(60.0)
        assert set(game.manager.online_players) == {"ann"}
    await game.connected("ann")
    assert set(game.manager.online_players) == {"ann"}, "the grace period"
    await game.manager.node.wait_settled()
    await game.clock.advance(20.0)
    await until(lambda: not game.manager.online_players)
    await game.manager.node.wait_settled()
    assert changes == [("online", "ann"), ("offline", "ann")]


async def test_functional_5_room_subscriptions_persist_across_all_connections(game: Game) -> None:
    async with game.websocket("ann") as socket:
        await game.connected("ann", websocket=1)
        await game.manager.subscribe_to_room("ann", "hall")
        async with game.stream("ann") as stream:
            await game.connected("ann", websocket=1, sse=1)
            await game.manager.broadcast_to_room("hall", {"n": 1})
            assert await stream.wait(1) == [{"n": 1}]
            assert await socket.wait(1) == [{"n": 1}]
    await game.connected("ann")
    await game.manager.broadcast_to_room("hall", {"n": 2})
    async with game.stream("ann") as stream:
        await game.manager.broadcast_to_room("hall", {"n": 3})
        assert await stream.wait(2) == [{"n": 2}, {"n": 3}]


async def test_commands_arrive_over_the_websocket_and_are_answered_there_alone(game: Game) -> None:
    seen: list[Command] = []

    @game.manager.on_command
    async def act(command: Command) -> dict[str, str]:
        seen.append(command)
        return {"you said": command.verb}

    async with game.both("ann") as (socket, stream):
        await socket.send({"type": "command", "data": {"command": "look", "args": []}})
        assert await socket.wait(1) == [{"you said": "look"}]
        assert seen[0].player_id == "ann"
        assert stream.events == []

"""Each method and attribute of the specification's API, by its name."""

from __future__ import annotations

import inspect
from uuid import uuid4

import pytest

from dualwire import ConnectionManager, ConnectionMetadata
from dualwire.exceptions import ReadOnlyViewError, SessionError

from ..game import Game
from ..live import until


def test_api_signatures_are_the_specifications() -> None:
    expected = {
        "connect_websocket": ["self", "websocket", "player_id", "session_id"],
        "connect_sse": ["self", "player_id", "session_id"],
        "send_personal_message": ["self", "player_id", "event"],
        "handle_new_game_session": ["self", "player_id", "session_id"],
        "check_connection_health": ["self", "player_id"],
        "cleanup_dead_connections": ["self", "player_id"],
        "get_active_connections": ["self", "player_id"],
    }
    for name, parameters in expected.items():
        method = getattr(ConnectionManager, name)
        positional = [
            each.name
            for each in inspect.signature(method).parameters.values()
            if each.kind is each.POSITIONAL_OR_KEYWORD
        ]
        assert positional == parameters, name
        assert inspect.iscoroutinefunction(method) == (name != "get_active_connections"), name
    assert inspect.signature(ConnectionManager.connect_sse).parameters["session_id"].default is None


async def test_api_connect_websocket(game: Game) -> None:
    async with game.websocket("ann") as socket:
        await game.connected("ann", websocket=1)
        (connection_id,) = game.manager.get_active_connections("ann")["websocket"]
        websocket = game.manager.active_websockets[connection_id]
        assert game.manager.connection_id_of(websocket) == connection_id
        assert not socket.ended


async def test_api_connect_websocket_returns_false_when_refused_and_has_closed_with_the_code() -> (
    None
):
    class Socket:
        closed: list[int]

        def __init__(self) -> None:
            self.closed = []

        async def send_json(self, data: object) -> None:
            raise AssertionError("nothing is sent to a refused connection")

        async def close(self, code: int, reason: str) -> None:
            self.closed.append(code)

    manager = ConnectionManager()
    socket = Socket()
    assert await manager.connect_websocket(socket, "ann", "bad id!") is False
    assert socket.closed == [4422]
    await manager.stop()


async def test_api_connect_sse(game: Game) -> None:
    connection_id = await game.manager.connect_sse("ann")
    assert game.manager.active_sse_connections["ann"] == [connection_id]
    assert "ann" not in game.manager.online_players, "not before its stream is opened"
    assert await game.manager.send_personal_message("ann", {"n": 1}) is False, "queued"
    assert game.manager.message_queue.pending_messages["ann"] == [{"n": 1}]
    stream = game.manager.sse_events(connection_id)
    assert b'data: {"n":1}' in await anext(stream)
    assert "ann" in game.manager.online_players
    await stream.aclose()  # type: ignore[attr-defined]
    await until(lambda: "ann" not in game.manager.active_sse_connections)


async def test_api_connect_sse_is_discarded_when_its_stream_is_not_opened(game: Game) -> None:
    connection_id = await game.manager.connect_sse("ann")
    await game.clock.advance(11.0)
    assert game.manager.get_active_connections("ann")["sse"] == []
    with pytest.raises(Exception, match="no connection"):
        await anext(game.manager.sse_events(connection_id))


async def test_api_send_personal_message(game: Game) -> None:
    assert await game.manager.send_personal_message("ann", {"n": 0}) is False
    async with game.both("ann") as (socket, stream):
        assert await game.manager.send_personal_message("ann", {"n": 1}) is True
        assert await socket.wait(1) == await stream.wait(1) == [{"n": 1}]


async def test_api_send_personal_message_knows_one_player_by_uuid_and_by_text(game: Game) -> None:
    player = uuid4()
    async with game.both(str(player)) as (socket, _):
        assert await game.manager.send_personal_message(player, {"id": player})
        assert await socket.wait(1) == [{"id": str(player)}]


async def test_api_handle_new_game_session(game: Game) -> None:
    async with game.both("ann", "session-1") as (socket, stream):
        result = await game.manager.handle_new_game_session("ann", "session-2")
        assert result["previous_session_id"] == "session-1"
        assert result["connections_disconnected"] == 2
        assert await socket.wait_end() == 4409
        await stream.wait_end()
        again = await game.manager.handle_new_game_session("ann", "session-2")
        assert again["connections_disconnected"] == 0, "idempotent for the current id"
        with pytest.raises(SessionError, match="over"):
            await game.manager.handle_new_game_session("ann", "session-1")


async def test_api_check_connection_health(game: Game) -> None:
    assert await game.manager.check_connection_health("ann") == {}
    async with game.websocket("ann"):
        await game.connected("ann", websocket=1)
        assert await game.manager.check_connection_health("ann") == {"websocket": True}
        async with game.stream("ann"):
            await game.connected("ann", websocket=1, sse=1)
            health = await game.manager.check_connection_health("ann")
            assert health == {"websocket": True, "sse": True}


async def test_api_cleanup_dead_connections(game: Game) -> None:
    class Dead:
        """A WebSocket whose owner does not notice that it broke."""

        async def send_json(self, data: object) -> None:
            raise ConnectionResetError

    async with game.stream("ann") as stream:
        assert await game.manager.connect_websocket(Dead(), "ann")
        await game.manager.send_personal_message("ann", {"n": 1})
        await until(lambda: game.counts("ann") == (0, 1))
        assert await game.manager.cleanup_dead_connections("ann") == 0
        assert await stream.wait(1) == [{"n": 1}]


async def test_api_get_active_connections(game: Game) -> None:
    assert game.manager.get_active_connections("ann") == {"websocket": [], "sse": []}
    async with game.both("ann"):
        active = game.manager.get_active_connections("ann")
        assert set(active) == {"websocket", "sse"}
        assert active["websocket"] == game.manager.player_websockets["ann"]
        assert active["sse"] == game.manager.active_sse_connections["ann"]


async def test_api_attributes_are_live_views_in_the_specifications_shapes(game: Game) -> None:
    manager = game.manager
    async with game.both("ann", "session-1"):
        await manager.subscribe_to_room("ann", "hall")
        (websocket_id,) = manager.player_websockets["ann"]
        metadata = manager.connection_metadata[websocket_id]
        assert isinstance(metadata, ConnectionMetadata)
        assert metadata.player_id == "ann"
        assert metadata.connection_type == "websocket"
        assert metadata.session_id == "session-1"
        assert metadata.is_healthy
        assert set(manager.connection_metadata) == {
            *manager.player_websockets["ann"],
            *manager.active_sse_connections["ann"],
        }
        assert manager.online_players["ann"]["total_connections"] == 2
        assert manager.room_subscriptions["hall"] == {"ann"}
        assert dict(manager.message_queue.pending_messages) == {}
    await game.connected("ann")
    assert dict(manager.player_websockets) == {}
    assert dict(manager.connection_metadata) == {}


async def test_api_writing_to_a_view_names_the_call_to_use(game: Game) -> None:
    manager = game.manager
    await manager.connect_sse("ann")
    await manager.subscribe_to_room("ann", "hall")
    await manager.send_personal_message("ann", {"n": 1})
    with pytest.raises(ReadOnlyViewError, match="disconnect"):
        manager.player_websockets["ann"] = []  # type: ignore[index]
    with pytest.raises(ReadOnlyViewError, match="connect_sse"):
        manager.active_sse_connections["ann"].append("x")
    with pytest.raises(ReadOnlyViewError, match="subscribe_to_room"):
        manager.room_subscriptions["hall"].add("bob")
    with pytest.raises(ReadOnlyViewError, match="send_personal_message"):
        manager.message_queue.pending_messages["ann"].append({})
    with pytest.raises(ReadOnlyViewError, match="disconnect_player"):
        del manager.online_players["ann"]  # type: ignore[attr-defined]

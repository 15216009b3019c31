"""The older names: each does what its newer one does."""

from __future__ import annotations

import pytest

from dualwire.exceptions import UnknownConnectionError

from ..game import Game


async def test_counting_and_looking(game: Game) -> None:
    manager = game.manager
    async with game.both("ann", "session-1"):
        assert manager.has_websocket_connection("ann")
        assert manager.has_sse_connection("ann")
        assert manager.get_connection_count("ann") == {"websocket": 1, "sse": 1, "total": 2}
        assert manager.get_active_connection_count() == 2
        assert manager.validate_session("ann", "session-1")
        assert not manager.validate_session("ann", "session-2")
        assert len(manager.get_session_connections("session-1")) == 2
        assert manager.get_pending_messages("ann") == []
        await manager.describe_player("ann", player_name="Ann of Arkham")
        found = manager.get_online_player_by_display_name("ann OF arkham")
        assert found is not None
        assert found["player_id"] == "ann"
    assert not manager.has_websocket_connection("bob")
    assert manager.get_online_player_by_display_name("nobody") is None


async def test_a_sign_of_life_from_the_application(game: Game) -> None:
    async with game.both("ann"):
        game.clock.shift(100.0)
        (connection_id,) = game.manager.active_websockets
        before = game.manager.connection_metadata[connection_id].last_seen
        game.manager.mark_player_seen("ann")
        after = game.manager.connection_metadata[connection_id].last_seen
        assert after - before == pytest.approx(100.0)


@pytest.mark.parametrize(
    ("call", "code"), [("force_disconnect_player", 4400), ("handle_new_login", 4409)]
)
async def test_ending_a_player(game: Game, call: str, code: int) -> None:
    async with game.both("ann") as (socket, stream):
        assert await getattr(game.manager, call)("ann")
        assert await socket.wait_end() == code
        await stream.wait_end()
        assert "ann" not in game.manager.online_players


async def test_ending_one_connection(game: Game) -> None:
    async with game.both("ann") as (socket, _):
        (connection_id,) = game.manager.player_websockets["ann"]
        assert await game.manager.disconnect_connection_by_id(connection_id)
        assert not await game.manager.disconnect_connection_by_id(connection_id)
        assert await socket.wait_end() == 1000
        assert await game.manager.disconnect_sse("ann")
        assert not await game.manager.disconnect_sse("ann")


async def test_reporting_an_error_of_a_connection_that_is_not_there(game: Game) -> None:
    with pytest.raises(UnknownConnectionError, match="has ended, or never opened"):
        await game.manager.detect_and_handle_error_state("ann", "MESSAGE_TOO_LARGE", "", "nope")


async def test_failed_authentication_ends_them_all(game: Game) -> None:
    async with game.both("ann") as (socket, stream):
        result = await game.manager.detect_and_handle_error_state(
            "ann", "AUTHENTICATION_FAILURE", "the token was stolen"
        )
        assert result["connections_terminated"] == 2
        assert await socket.wait_end() == 4401
        await stream.wait_end()

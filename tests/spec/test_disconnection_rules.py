"""The specification's disconnection rules 1 to 3 and non-disconnection scenarios 1 to 4."""

from __future__ import annotations

import pytest
from websockets.exceptions import InvalidStatus

from dualwire.codes import LOGGED_OUT, REVOKED

from ..game import Game
from ..live import until, ws

# Rules: connections end only under these conditions.


async def test_disconnection_1_the_player_leaves_the_game(game: Game) -> None:
    async with game.both("ann", "session-1") as (socket, stream), game.both("bob") as (other, _):
        await game.manager.send_personal_message("ann", {"last": "words"})
        assert await game.manager.disconnect_player("ann", LOGGED_OUT)
        assert await socket.wait_end() == 4400
        await stream.wait_end()
        assert stream.bye is not None
        assert stream.bye["code"] == 4400
        assert stream.bye["reason"] == "logged_out"
        assert socket.events == stream.events == [{"last": "words"}], "what waited was written"
        assert "ann" not in game.manager.online_players, "at once, without grace"
        assert not other.ended


async def test_disconnection_2_a_fatal_error_ends_the_connection_that_had_it(game: Game) -> None:
    async with game.both("ann") as (socket, stream):
        await socket.send('{"type": "command", "data": {"command": "' + "x" * 70_000 + '"}}')
        assert await socket.wait_end() == 1009
        await game.manager.send_personal_message("ann", {"still": "here"})
        assert await stream.wait(1) == [{"still": "here"}]
        assert not stream.ended


async def test_disconnection_2_revoked_authentication_ends_all_of_them(game: Game) -> None:
    async with game.both("ann") as (socket, stream):
        assert await game.manager.disconnect_player("ann", REVOKED)
        assert await socket.wait_end() == 4410
        await stream.wait_end()
        assert stream.bye is not None
        assert stream.bye["reason"] == "revoked"


async def test_disconnection_2_an_invalid_token_opens_nothing(game: Game) -> None:
    async with game.stream("ann") as stream:
        with pytest.raises(InvalidStatus, match="401"):
            async with ws(game.address, "/api/ws", "not.a.token"):
                pass
        await game.manager.send_personal_message("ann", {"n": 1})
        assert await stream.wait(1) == [{"n": 1}], "and harms nobody"


@pytest.mark.parametrize("newcomer", ["websocket", "sse"])
async def test_disconnection_3_a_new_game_client_session_replaces_all_connections(
    game: Game, newcomer: str
) -> None:
    async with game.both("ann", "session-1") as (socket, stream):
        opening = game.websocket if newcomer == "websocket" else game.stream
        async with opening("ann", "session-2") as client:
            assert await socket.wait_end() == 4409
            await stream.wait_end()
            assert stream.bye is not None
            assert stream.bye["reason"] == "session_replaced"
            assert stream.bye["reconnect"] is False
            await until(lambda: sum(game.counts("ann")) == 1)
            await game.manager.send_personal_message("ann", {"n": 1})
            assert await client.wait(1) == [{"n": 1}]
            assert set(game.manager.online_players) == {"ann"}


async def test_disconnection_3_the_replaced_session_is_refused(game: Game) -> None:
    async with game.both("ann", "session-1"), game.websocket("ann", "session-2") as current:
        await game.connected("ann", websocket=1)
        async with game.websocket("ann", "session-1") as refused:
            assert await refused.wait_end() == 4409
        async with game.stream("ann", "session-1") as stream:
            assert stream.response.status_code == 409
        await game.manager.send_personal_message("ann", {"n": 1})
        assert await current.wait(1) == [{"n": 1}]


# Scenarios that must not end a connection.


async def test_non_disconnection_1_a_second_connection_type_while_the_first_is_active(
    game: Game,
) -> None:
    async with game.stream("ann", "session-1") as stream:
        async with game.websocket("ann", "session-1") as socket:
            await game.connected("ann", websocket=1, sse=1)
            await game.manager.send_personal_message("ann", {"n": 1})
            assert await stream.wait(1) == await socket.wait(1) == [{"n": 1}]
        await game.connected("ann", sse=1)
        await game.manager.send_personal_message("ann", {"n": 2})
        assert await stream.wait(2) == [{"n": 1}, {"n": 2}]


async def test_non_disconnection_2_health_checks_and_pings(game: Game) -> None:
    async with game.both("ann") as (socket, stream):
        for _ in range(3):
            assert await game.manager.check_connection_health("ann") == {
                "websocket": True,
                "sse": True,
            }
            assert await game.manager.cleanup_dead_connections("ann") == 0
        await game.clock.advance(60.0)
        await until(lambda: any(each["event"] == "ping" for each in stream.messages))
        await (await socket.socket.ping())
        assert game.counts("ann") == (1, 1)
        await game.manager.send_personal_message("ann", {"n": 1})
        assert await socket.wait(1) == await stream.wait(1) == [{"n": 1}]


async def test_non_disconnection_3_temporary_network_issues(game: Game) -> None:
    """A connection breaks and comes back: its twin, the player's presence and rooms stay."""
    offline: list[str] = []
    game.manager.on_player_offline(offline.append)
    async with game.stream("ann", "session-1") as stream:
        async with game.websocket("ann", "session-1") as socket:
            await game.connected("ann", websocket=1, sse=1)
            await game.manager.subscribe_to_room("ann", "hall")
            socket.socket.transport.abort()
            await game.connected("ann", sse=1)
        await game.manager.broadcast_to_room("hall", {"n": 1})
        async with game.websocket("ann", "session-1") as socket:
            await game.connected("ann", websocket=1, sse=1)
            await game.manager.broadcast_to_room("hall", {"n": 2})
            assert await stream.wait(2) == [{"n": 1}, {"n": 2}]
            assert await socket.wait(1) == [{"n": 2}]
    assert offline == []


async def test_non_disconnection_3_all_connections_break_for_a_moment(game: Game) -> None:
    async with game.both("ann", "session-1"):
        await game.manager.subscribe_to_room("ann", "hall")
    await game.connected("ann")
    await game.manager.broadcast_to_room("hall", {"missed": True})
    await game.clock.advance(10.0)
    assert set(game.manager.online_players) == {"ann"}
    async with game.websocket("ann", "session-1") as socket:
        assert await socket.wait(1) == [{"missed": True}]


async def test_non_disconnection_4_a_client_reconnects_while_connections_are_healthy(
    game: Game,
) -> None:
    async with game.both("ann", "session-1") as (socket, stream):
        async with (
            game.websocket("ann", "session-1") as again,
            game.stream("ann") as without_session,
        ):
            await game.connected("ann", websocket=2, sse=2)
            await game.manager.send_personal_message("ann", {"n": 1})
            for client in (socket, stream, again, without_session):
                assert await client.wait(1) == [{"n": 1}]
        await game.connected("ann", websocket=1, sse=1)
        assert not socket.ended
        assert not stream.ended

"""Housekeeping: what is due once a second, and what must not stop it."""

from __future__ import annotations

import asyncio
import base64

import pytest
import structlog.testing

from dualwire import Config, SessionPolicy
from dualwire.core.presence import Transitions

from ..game import Game, playing
from ..live import sse, until


async def test_one_bad_turn_is_not_the_last_one(
    game: Game, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = game.manager.node.engine
    tick = engine.tick

    async def broken() -> Transitions:
        raise OSError("the engine hiccups")

    monkeypatch.setattr(engine, "tick", broken)
    with structlog.testing.capture_logs() as logs:
        await game.clock.advance(3.0)
    assert [each["event"] for each in logs] == ["housekeeping_failed"] * 3
    assert game.manager.node.stats.errors["housekeeping", "OSError"] == 3
    monkeypatch.setattr(engine, "tick", tick)
    connection_id = await game.manager.connect_sse("ann")
    await game.clock.advance(15.0)
    assert connection_id not in game.manager.connection_metadata


async def test_a_session_is_resumable_and_then_it_is_over(game: Game) -> None:
    with structlog.testing.capture_logs() as logs:
        async with game.websocket("ann", "session-1"):
            await game.connected("ann", websocket=1)
            await game.manager.subscribe_to_room("ann", "hall")
        await game.connected("ann")
        await game.manager.node.wait_settled()
        await game.clock.advance(100.0)
        assert game.manager.get_player_session("ann") == "session-1"
        assert game.manager.room_subscriptions["hall"] == {"ann"}
        await game.clock.advance(30.0)
        assert game.manager.get_player_session("ann") is None
        assert "hall" not in game.manager.room_subscriptions
        assert not game.manager.node.hub.players
    said = [each["event"] for each in logs]
    assert said == [
        "connection_opened",
        "player_online",
        "connection_closed",
        "player_offline",
        "session_lapsed",
    ]


async def test_nothing_of_a_player_is_left_when_the_session_is_over(game: Game) -> None:
    node = game.manager.node
    for n in range(20):
        player = f"player-{n}"
        async with game.both(player):
            await game.manager.subscribe_to_room(player, f"room-{n}")
            await game.manager.broadcast_to_room(f"room-{n}", {"n": n})
    await node.wait_settled()
    await game.clock.advance(400.0)
    assert not node.hub.players
    assert not node.connections
    assert set(node.hub._audiences) == {"global"}
    assert set(node.engine._logs) <= {"global"}  # type: ignore[attr-defined]


async def test_the_grace_can_be_set() -> None:
    config = Config(session=SessionPolicy(grace=2.0, resume=5.0))
    async with playing(config) as game:
        async with game.websocket("ann"):
            await game.connected("ann", websocket=1)
        await game.connected("ann")
        await game.manager.node.wait_settled()
        await game.clock.advance(1.0)
        assert "ann" in game.manager.online_players
        await game.clock.advance(2.0)
        assert "ann" not in game.manager.online_players


async def test_a_half_open_websocket_is_found_by_the_servers_pings_and_its_twin_stays() -> None:
    """A phone that went to sleep: the socket stays open, and nobody answers any more."""
    async with (
        playing(ws_ping_interval=0.05, ws_ping_timeout=0.05) as game,
        game.stream("ann") as stream,
    ):
        host, _, port = game.address.partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        key = base64.b64encode(b"0123456789abcdef").decode()
        writer.write(
            f"GET /api/ws HTTP/1.1\r\nHost: {game.address}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
            f"Authorization: Bearer {game.token('ann')}\r\n\r\n".encode()
        )
        await reader.readuntil(b"\r\n\r\n")
        await until(lambda: game.manager.node.stats.opened["websocket"] == 1)
        await game.connected("ann", sse=1)
        assert game.manager.node.stats.hidden_failovers == 1
        await game.manager.send_personal_message("ann", {"n": 1})
        assert await stream.wait(1) == [{"n": 1}]
        writer.close()


async def test_an_expired_token_ends_its_connection_and_no_other(game: Game) -> None:
    short = game.auth.issue("ann", lifetime=10.0)
    async with game.stream("ann") as stream, sse(game.address, "/api/events", short) as expiring:
        await game.connected("ann", sse=2)
        await game.clock.advance(12.0)
        await expiring.wait_end()
        assert expiring.bye is not None
        assert expiring.bye["reason"] == "token_expired"
        assert game.counts("ann") == (0, 1)
        assert not stream.ended


async def test_what_is_still_joined_here_does_not_count_against_the_peer() -> None:
    async with (
        playing(Config(coalesce=600.0), server="gateway") as game,
        game.websocket("ann", query="&protocol=dualwire.v1"),
    ):
        await game.connected("ann", websocket=1)
        (connection,) = game.manager.node.connections.values()
        connection.flushed_at = asyncio.get_running_loop().time()
        await game.manager.send_personal_message("ann", {"n": 1})
        assert connection.waiting
        connection.next_ping = game.clock.now() + 5.0
        while not connection.pings:
            await game.clock.advance(1.0)
            assert connection.verdict == "healthy"
        assert game.clock.now() <= connection.progress_at + 1.0
        assert connection.waiting, "nothing was flushed meanwhile"

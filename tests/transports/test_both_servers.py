"""WebSocket and SSE over ASGI: what a client sees, on each server alike."""

from __future__ import annotations

import asyncio
import json

import pytest

from dualwire.codes import DRAINING, LOGGED_OUT, RATE_LIMITED

from ..game import Game
from ..live import until


async def test_an_sse_response_has_headers_that_keep_proxies_from_buffering(game: Game) -> None:
    async with game.stream("ann") as stream:
        headers = stream.response.headers
        assert headers["content-type"] == "text/event-stream; charset=utf-8"
        assert headers["cache-control"] == "no-cache, no-transform"
        assert headers["x-accel-buffering"] == "no"
        assert "content-encoding" not in headers
        assert b"retry: " in stream.raw, "something comes at once, so that onopen fires"


async def test_an_event_is_one_unnamed_message_with_a_shared_id(game: Game) -> None:
    async with game.stream("ann") as one, game.stream("bob") as two:
        await game.connected("ann", sse=1)
        await game.connected("bob", sse=1)
        await game.manager.broadcast_global({"text": "line\nbreak \u2028 ü"})
        assert await one.wait(1) == await two.wait(1) == [{"text": "line\nbreak \u2028 ü"}]
        message = one.messages[-1]
        assert message["event"] is None, "so that onmessage fires"
        assert message["id"] == two.messages[-1]["id"]
        assert message["id"].startswith(game.manager.node.id + "-")


async def test_pings_are_named_so_that_onmessage_never_fires(game: Game) -> None:
    async with game.stream("ann") as stream:
        await game.connected("ann", sse=1)
        await game.clock.advance(60.0)
        await until(lambda: sum(each["event"] == "ping" for each in stream.messages) >= 2)
        assert stream.events == []


@pytest.mark.parametrize("code", [LOGGED_OUT, DRAINING])
async def test_both_say_the_same_reason(game: Game, code) -> None:  # type: ignore[no-untyped-def]
    async with game.both("ann") as (socket, stream):
        for connection_id in list(game.manager.connection_metadata):
            await game.manager.disconnect(connection_id, code)
        assert await socket.wait_end() == code.number
        assert socket.socket.close_reason == code.name
        await stream.wait_end()
        assert stream.bye == {
            "code": code.number,
            "reason": code.name,
            "message": code.reason,
            "reconnect": code.reconnect,
        }


async def test_retry_after_travels_with_the_code(game: Game) -> None:
    async with game.both("ann") as (socket, stream):
        for connection_id in list(game.manager.connection_metadata):
            await game.manager.disconnect(connection_id, RATE_LIMITED, retry_after=2.5)
        assert await socket.wait_end() == 4005
        assert socket.socket.close_reason == "rate_limited retry_after=2.5"
        await stream.wait_end()
        assert stream.bye is not None
        assert stream.bye["retry_after"] == 2.5


async def test_last_event_id_resumes_every_stream_of_the_player(game: Game) -> None:
    async with game.stream("ann", "session-1") as stream:
        await game.connected("ann", sse=1)
        await game.manager.subscribe_to_room("ann", "hall")
        await game.manager.broadcast_to_room("hall", {"n": 1})
        await stream.wait(1)
        last = stream.messages[-1]["id"]
    await game.connected("ann")
    await game.manager.send_personal_message("ann", {"n": 2})
    await game.manager.broadcast_to_room("hall", {"n": 3})
    await game.manager.unsubscribe_from_room("ann", "hall")
    await game.manager.broadcast_to_room("hall", {"secret": "said after leaving"})
    await game.manager.broadcast_to_room("yard", {"secret": "said before entering"})
    await game.manager.subscribe_to_room("ann", "yard")
    await game.manager.broadcast_to_room("yard", {"n": 4})
    await game.manager.broadcast_global({"n": 5})
    async with game.stream("ann", "session-1", **{"Last-Event-ID": last}) as stream:
        await game.manager.send_personal_message("ann", {"n": 6})
        assert await stream.wait(5) == [{"n": n} for n in (2, 3, 4, 5, 6)]


async def test_an_unknown_last_event_id_goes_on_where_the_session_was_written(game: Game) -> None:
    async with game.stream("ann", "session-1") as stream:
        await game.connected("ann", sse=1)
        await game.manager.send_personal_message("ann", {"n": 1})
        await stream.wait(1)
    await game.connected("ann")
    await game.manager.send_personal_message("ann", {"n": 2})
    async with game.stream("ann", "session-1", **{"Last-Event-ID": "othernode-17"}) as stream:
        assert await stream.wait(1) == [{"n": 2}]


async def test_a_forged_last_event_id_reads_no_room_from_before_the_player_came(
    game: Game,
) -> None:
    await game.manager.broadcast_to_room("hall", {"secret": 1})
    async with game.websocket("ann", "session-1"):
        await game.connected("ann", websocket=1)
        await game.manager.subscribe_to_room("ann", "hall")
        await game.manager.broadcast_to_room("hall", {"n": 1})
        forged = f"{game.manager.node.id}-0"
        async with game.stream("ann", "session-1", **{"Last-Event-ID": forged}) as stream:
            await game.manager.broadcast_to_room("hall", {"n": 2})
            assert await stream.wait(2) == [{"n": 1}, {"n": 2}]


async def test_an_answer_goes_to_one_connection_outside_all_streams(game: Game) -> None:
    async with game.both("ann") as (socket, stream):
        (sse_id,) = game.manager.active_sse_connections["ann"]
        (websocket_id,) = game.manager.player_websockets["ann"]
        assert await game.manager.send_to_connection(sse_id, {"only": "sse"})
        assert await game.manager.send_to_connection(websocket_id, {"only": "websocket"})
        assert await stream.wait(1) == [{"only": "sse"}]
        assert await socket.wait(1) == [{"only": "websocket"}]
        assert stream.messages[-1]["id"] is None
    assert not await game.manager.send_to_connection(sse_id, {"too": "late"})


async def test_when_the_peer_goes_only_its_connection_ends(game: Game) -> None:
    async with game.websocket("ann") as socket, game.stream("bob") as other:
        async with game.stream("ann"):
            await game.connected("ann", websocket=1, sse=1)
        await game.connected("ann", websocket=1)
        await game.manager.broadcast_global({"n": 1})
        assert await socket.wait(1) == await other.wait(1) == [{"n": 1}]


async def test_a_peer_that_does_not_read_delays_nobody_and_gets_everything_when_it_wakes(
    game: Game,
) -> None:
    """2 MB into a socket that nobody reads: the connection falls back to reading from the log."""
    host, _, port = game.address.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=1024)
    writer.write(
        f"GET /api/events HTTP/1.1\r\nHost: {game.address}\r\n"
        f"Authorization: Bearer {game.token('ann')}\r\n\r\n".encode()
    )
    await game.connected("ann", sse=1)
    player = game.manager.node.hub.players["ann"]
    (stalled,) = player.connections.values()
    count, text = 200, "x" * 10_000
    async with game.websocket("ann") as twin:
        await game.connected("ann", websocket=1, sse=1)
        await game.manager.subscribe_to_room("ann", "hall")
        for n in range(count):
            await game.manager.broadcast_to_room("hall", {"n": n, "text": text})
            await asyncio.sleep(0)
        assert [each["n"] for each in await twin.wait(count)] == list(range(count))
        assert stalled.waiting < 256 * 1024, "its share of our memory is bounded"
        raw = b""
        while raw.count(b'"}\n\n') < count:
            raw += await asyncio.wait_for(reader.read(65536), 10.0)
    lines = [line for line in raw.split(b"\n") if line.startswith(b"data: ")]
    assert [json.loads(line[6:])["n"] for line in lines] == list(range(count))
    writer.close()


async def test_a_peer_that_never_answers_a_close_is_given_up(game: Game) -> None:
    host, _, port = game.address.partition(":")
    _, writer = await asyncio.open_connection(host, int(port), limit=1024)
    writer.write(
        f"GET /api/events HTTP/1.1\r\nHost: {game.address}\r\n"
        f"Authorization: Bearer {game.token('ann')}\r\n\r\n".encode()
    )
    await game.connected("ann", sse=1)
    (stalled,) = game.manager.node.hub.players["ann"].connections.values()
    for n in range(1000):
        await game.manager.send_personal_message("ann", {"n": n, "text": "x" * 10_000})
        await asyncio.sleep(0)
        if stalled.waiting > 60_000:
            break
    assert stalled.waiting > 0
    await game.manager.disconnect(stalled.id, LOGGED_OUT)
    assert game.counts("ann") == (0, 0)
    await game.clock.advance(3.0)
    assert stalled.id not in game.manager.node.connections
    writer.close()

"""Cursors that claim more than their sender has seen, or may see."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import pytest

from tests.game import Game
from tests.live import SSEClient, WSClient, until

V1 = "&protocol=dualwire.v1"


@pytest.fixture(params=["websocket", "sse"])
def kind(request: pytest.FixtureRequest) -> str:
    """By which connection."""
    return str(request.param)


@contextlib.asynccontextmanager
async def opened(game: Game, kind: str, cursor: Any = None) -> AsyncIterator[WSClient | SSEClient]:
    """Ann's connection of ``dualwire.v1``, at a cursor."""
    at = f"&cursor={quote(json.dumps(cursor))}" if cursor is not None else ""
    opening = game.websocket if kind == "websocket" else game.stream
    async with opening("ann", "session-1", V1 + at) as client:
        await client.wait(1)
        yield client


def told(client: WSClient | SSEClient) -> list[Any]:
    return [frame["event"] for frame in client.events if frame["type"] == "event"]


async def test_forged_cursors_read_no_room_from_before_the_player_came(
    game: Game, kind: str
) -> None:
    await game.manager.broadcast_to_room("hall", {"secret": 1})
    async with opened(game, kind) as client:
        await game.manager.subscribe_to_room("ann", "hall")
        await client.wait(2)
        hello = client.events[0]
        cursor = {**hello["streams"]}
    await game.connected("ann")
    epoch = game.manager.node.engine.log("room:hall").epoch
    await game.manager.broadcast_to_room("hall", {"n": 1})
    async with opened(game, kind, {**cursor, "room:hall": [epoch, 1]}) as client:
        await game.manager.broadcast_to_room("hall", {"n": 2})
        await until(lambda: {"n": 2} in told(client))
        assert told(client) == [{"n": 1}, {"n": 2}]


async def test_forged_cursors_read_no_stream_of_others(game: Game, kind: str) -> None:
    await game.manager.broadcast_to_room("yard", {"secret": 2})
    async with game.both("bob"):
        await game.manager.send_personal_message("bob", {"secret": 3})
        log = game.manager.node.engine.log
        streams = ("room:yard", "player:bob", "control", f"node:{game.manager.node.id}")
        forged = {each: [log(each).epoch, 1] for each in streams}
        async with opened(game, kind, forged) as client:
            assert set(client.events[0]["streams"]) == {"player:ann", "global"}
            await game.manager.broadcast_global({"n": 1})
            await until(lambda: {"n": 1} in told(client))
            assert told(client) == [{"n": 1}]


async def test_forged_cursors_acknowledge_nothing_for_others(game: Game) -> None:
    async with game.both("bob", query=V1), opened(game, "websocket") as client:
        assert isinstance(client, WSClient)
        await game.manager.send_personal_message("bob", {"n": 1})
        epoch = game.manager.node.engine.log("player:bob").epoch
        await client.send({"type": "ack", "cursor": {"player:bob": [epoch, 2]}})
        await client.send({"type": "ping"})
        await until(lambda: any(frame["type"] == "pong" for frame in client.events))
        players = game.manager.node.hub.players
        assert "player:bob" not in players["bob"].acknowledged
        assert "player:bob" not in players["ann"].acknowledged


async def test_forged_last_event_id_reads_no_room_from_before_the_player_came(game: Game) -> None:
    await game.manager.broadcast_to_room("hall", {"secret": 1})
    async with game.websocket("ann", "session-1"):
        await game.connected("ann", websocket=1)
        await game.manager.subscribe_to_room("ann", "hall")
        await game.manager.broadcast_to_room("hall", {"n": 1})
        for n in ("0", "1", "-1", "9" * 400, "x"):
            forged = f"{game.manager.node.id}-{n}"
            async with game.stream("ann", "session-1", **{"Last-Event-ID": forged}) as stream:
                if stream.response.status_code != 200:
                    continue
                await until(lambda stream=stream: stream.raw)  # type: ignore[misc]
                assert {"secret": 1} not in stream.events

"""Players on two nodes that share a Redis: what their connections are written."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from dualwire.codes import SESSION_REPLACED
from dualwire.engines.redis import RedisEngine
from dualwire.engines.redis.keys import Keys
from tests.engines.servers import RedisServer
from tests.game import Game, playing
from tests.live import until

V1 = "&protocol=dualwire.v1"
SESSION = "session-1"


class Cluster:
    """Nodes on one Redis, in a namespace of their own."""

    def __init__(self, redis: RedisServer) -> None:
        self.redis = redis
        self.namespace = secrets.token_hex(4)

    @asynccontextmanager
    async def node(self) -> AsyncIterator[Game]:
        def engine(clock: Any) -> RedisEngine:
            return RedisEngine(self.redis.url, clock, namespace=self.namespace)

        async with playing(server="gateway", engine=engine) as game:
            yield game

    def lose(self, stream: str, kept: int = 0) -> None:
        """A stream comes back with only its oldest entries, or not at all."""
        meta, log = Keys(self.namespace).stream(stream)[:2]
        with self.redis.client as client:
            if kept:
                client.ltrim(log, 0, kept - 1)
                client.hset(meta, "offset", kept)
            else:
                client.delete(meta, log)


@pytest.fixture
def cluster(redis_server: RedisServer) -> Cluster:
    return Cluster(redis_server)


def kinds(client: Any) -> list[str]:
    return [frame["type"] for frame in client.events]


def said(client: Any) -> list[Any]:
    return [frame["event"] for frame in client.events if frame["type"] == "event"]


async def test_connections_on_two_nodes_carry_the_same_offsets(cluster: Cluster) -> None:
    async with (
        cluster.node() as one,
        cluster.node() as two,
        one.websocket("ann", SESSION, V1) as socket,
        two.stream("ann", SESSION, V1) as stream,
    ):
        await one.connected("ann", websocket=1)
        await two.connected("ann", sse=1)
        await two.manager.subscribe_to_room("ann", "hall")
        for n in range(20):
            game = (one, two)[n % 2]
            await game.manager.broadcast_to_room("hall", {"n": n})
        await one.manager.send_personal_message("ann", {"n": 20})
        for client in (socket, stream):
            await until(lambda client=client: len(said(client)) == 21)  # type: ignore[misc]
        room = [
            [each for each in client.events if each.get("stream") == "room:hall"]
            for client in (socket, stream)
        ]
        assert room[0] == room[1]
        assert [each["offset"] for each in room[0]] == list(range(1, 21))
        assert kinds(socket)[1] == kinds(stream)[1] == "subscribed"


async def test_a_takeover_on_another_node_closes_the_old_connection(cluster: Cluster) -> None:
    async with (
        cluster.node() as one,
        cluster.node() as two,
        one.websocket("ann", SESSION, V1) as old,
    ):
        await one.connected("ann", websocket=1)
        async with two.websocket("ann", "session-2", V1):
            assert await old.wait_end() == SESSION_REPLACED.number
            await one.connected("ann")


@pytest.mark.parametrize("kept", [0, 2])
async def test_a_stream_that_lost_its_end_is_told_before_it_goes_on(
    cluster: Cluster, kept: int
) -> None:
    async with (
        cluster.node() as one,
        cluster.node() as two,
        one.websocket("ann", SESSION, V1) as socket,
        two.stream("ann", SESSION, V1) as stream,
    ):
        for n in range(5):
            await one.manager.broadcast_global({"n": n})
        for client in (socket, stream):
            await until(lambda client=client: len(said(client)) == 5)  # type: ignore[misc]
        cluster.lose("global", kept)
        await two.manager.broadcast_global({"n": "after"})
        for client in (socket, stream):
            await until(lambda client=client: said(client)[-1] == {"n": "after"})  # type: ignore[misc]
            told = [each for each in client.events if each.get("stream") == "global"][5:]
            assert [each["type"] for each in told] == ["reset", "event"]
            assert told[1]["offset"] == 1
            before = client.events[0]["streams"]["global"][0]
            assert told[0]["epoch"] > before


async def test_a_players_stream_that_is_lost_keeps_the_player_in_the_room(
    cluster: Cluster,
) -> None:
    async with cluster.node() as game, game.websocket("ann", SESSION, V1) as socket:
        await game.connected("ann", websocket=1)
        await game.manager.subscribe_to_room("ann", "hall")
        await game.manager.broadcast_to_room("hall", {"n": 1})
        await until(lambda: said(socket) == [{"n": 1}])
        cluster.lose("player:ann")
        await game.manager.send_personal_message("ann", {"n": 2})
        await game.manager.broadcast_to_room("hall", {"n": 3})
        await until(lambda: len(said(socket)) == 3)
        assert said(socket) == [{"n": 1}, {"n": 2}, {"n": 3}]
        assert "reset" in kinds(socket)


async def test_a_plain_connection_that_lost_something_starts_anew(cluster: Cluster) -> None:
    async with cluster.node() as game, game.websocket("ann", SESSION) as socket:
        await game.connected("ann", websocket=1)
        await game.manager.broadcast_global({"n": 1})
        await until(lambda: socket.events == [{"n": 1}])
        cluster.lose("global")
        await game.manager.broadcast_global({"n": 2})
        # It has no way to be told in place: it is closed, and comes back.
        assert await socket.wait_end() == 4002

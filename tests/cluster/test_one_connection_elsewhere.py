"""What is said to one connection alone reaches it on whatever node it is."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from dualwire.exceptions import EngineError
from dualwire.runtime.inbound import Command
from dualwire.runtime.saying import TOGETHER
from tests.engines.servers import RedisServer
from tests.game import Game
from tests.live import until

from .nodes import nodes
from .test_one_player_two_nodes import V1, ack, settled, told


def only(game: Game) -> str:
    """The one connection of a node."""
    (connection_id,) = game.manager.node.connections
    return connection_id


async def test_a_question_to_any_node_is_answered_on_the_stream(redis_server: RedisServer) -> None:
    async with nodes(redis_server, 3) as (a, b, c), b.stream("ann", query=V1) as stream:
        await until(lambda: told(stream, "hello"))
        there = only(b)
        for count, game in enumerate((a, b, c, a), 1):
            # The first one may come before its node has heard of the connection.
            answer = await ack(game, "ann", type="ping", connection=there)
            assert (answer.status_code, answer.json()["type"]) == (200, "pong")
            await until(lambda count=count: len(told(stream, "direct")) == count)  # type: ignore[misc]
        assert {each["event"]["type"] for each in told(stream, "direct")} == {"pong"}


async def test_a_connection_of_somebody_else_or_of_nobody_is_unknown(
    redis_server: RedisServer,
) -> None:
    ran: list[Command] = []
    async with nodes(redis_server) as (a, b), b.stream("bob", query=V1) as stream:
        await settled(a, b, player_id="bob", count=1)
        a.manager.on_command(ran.append)
        made_up = "00000000-s-0123456789abcdef"
        ids = (only(b), made_up, f"{b.manager.node.id}-s-0123456789abcdef", "nonsense")
        messages: list[dict[str, Any]] = [{"type": "ping"}, {"type": "look", "data": {}}]
        for answer in await asyncio.gather(
            *(ack(a, "ann", connection=each, **message) for each in ids for message in messages)
        ):
            assert (answer.status_code, answer.json()["error"]["type"]) == (404, "not_found")
        assert ran == []
        assert not told(stream, "direct")


@pytest.mark.parametrize("query", ["", V1])
async def test_an_application_says_it_from_any_node(redis_server: RedisServer, query: str) -> None:
    async with nodes(redis_server) as (a, b), b.websocket("ann", query=query) as socket:
        await settled(a, b, count=1)
        there, count = only(b), TOGETHER * 2 + 7
        took = await asyncio.gather(
            *(a.manager.send_to_connection(there, {"n": n}) for n in range(count))
        )
        assert took == [True] * count

        def came() -> list[Any]:
            if query:
                return [each["event"]["n"] for each in told(socket, "direct")]
            return [each["n"] for each in socket.events]

        await until(lambda: len(came()) == count)
        assert came() == list(range(count))
    await until(lambda: not b.manager.node.connections)
    assert not await a.manager.send_to_connection(there, {"too": "late"})


async def test_many_words_share_few_entries(redis_server: RedisServer) -> None:
    async with nodes(redis_server) as (a, b), b.websocket("ann") as socket:
        await settled(a, b, count=1)
        there, told_before = only(b), a.manager.node.control._told
        await asyncio.gather(*(a.manager.send_to_connection(there, {"n": n}) for n in range(90)))
        await until(lambda: len(socket.events) == 90)
        assert a.manager.node.control._told - told_before <= 2


async def test_a_node_that_is_gone_took_nothing(redis_server: RedisServer) -> None:
    async with nodes(redis_server) as (a, _):
        assert not await a.manager.send_to_connection("00000000-s-0123456789abcdef", {"n": 1})


async def test_what_cannot_be_told_was_not_taken(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with nodes(redis_server) as (a, b), b.websocket("ann") as socket:
        await settled(a, b, count=1)
        there = only(b)

        async def away(*_: Any) -> None:
            raise EngineError("publish", "no answer")

        with monkeypatch.context() as patched:
            patched.setattr(a.manager.node.control, "tell", away)
            assert not await a.manager.send_to_connection(there, {"n": 1})
        assert await a.manager.send_to_connection(there, {"n": 2})
        assert await socket.wait(1) == [{"n": 2}]


async def test_a_commands_reply_comes_once_on_a_stream_elsewhere(
    redis_server: RedisServer,
) -> None:
    """The player's stream carries it; the connection that is named is not told it beside that."""
    async with nodes(redis_server) as (a, b), b.stream("ann", query=V1) as stream:
        await settled(a, b, count=1)
        a.manager.on_command(lambda command: {"heard": command.verb})
        message = {"type": "command", "id": "client-a.1", "body": {"command": "look"}}
        answer = await ack(a, "ann", connection=only(b), **message)
        assert answer.status_code == 204
        await until(lambda: told(stream, "reply"))
        assert (await ack(a, "ann", type="ping", connection=only(b))).status_code == 200
        await until(lambda: told(stream, "direct"))
        assert [each["event"]["type"] for each in told(stream, "direct")] == ["pong"]

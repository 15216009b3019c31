"""Redis is away for a while: connections stay, nothing is pretended, everything is reconciled."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from dualwire.exceptions import EngineError
from tests.engines.servers import RedisServer
from tests.game import Game
from tests.live import until, until_async

from .nodes import nodes
from .test_one_player_two_nodes import V1, settled, told

PATIENCE = 60.0


@pytest.fixture
async def redis() -> AsyncIterator[RedisServer]:
    server = RedisServer()
    server.start()
    yield server
    server.close()


async def _get(game: Game, path: str) -> httpx.Response:
    async with httpx.AsyncClient(timeout=30.0) as http:
        headers = {"Authorization": f"Bearer {game.token('bob')}"}
        return await http.get(f"http://{game.address}{path}", headers=headers)


async def _is_ready(game: Game) -> bool:
    return (await _get(game, "/readyz")).status_code == 200


async def test_connections_stay_and_everything_is_said(redis: RedisServer) -> None:
    async with (
        nodes(redis) as (a, b),
        a.websocket("ann", "session-1", V1) as socket,
        b.stream("ann", "session-1", V1) as stream,
        a.stream("cid", "session-2") as plain,
    ):
        await settled(a, b)
        await a.manager.send_personal_message("ann", {"n": 1})
        await until(lambda: told(socket, "event") and told(stream, "event"))
        redis.stop()
        with pytest.raises(EngineError, match="Redis"):
            await a.manager.send_personal_message("ann", {"n": 2})
        for game in (a, b):
            await until(lambda g=game: g.manager.node.engine.trouble(), PATIENCE)  # type: ignore[misc]
            assert not await _is_ready(game)
            health = await _get(game, "/monitoring/health")
            assert health.status_code == 503
            assert health.json()["components"]["engine"] == {"status": "unhealthy"}
            assert "does not answer" in health.json()["alerts"][0]
            assert "dualwire_engine_up 0.0" in (await _get(game, "/metrics")).text
            refused = await _get(game, "/api/events?protocol=dualwire.v1")
            assert refused.status_code == 503
            assert refused.headers["retry-after"] == "5"
        await plain.close()  # One that ends meanwhile is over all the same.
        await until(lambda: a.counts("cid") == (0, 0))
        assert not socket.ended
        assert not stream.ended
        redis.start()
        for game in (a, b):
            await until_async(lambda g=game: _is_ready(g), PATIENCE)  # type: ignore[misc]
        await b.manager.send_personal_message("ann", {"n": 3})
        await until(
            lambda: (
                told(socket, "event")[-1]["event"] == told(stream, "event")[-1]["event"]
                and told(socket, "event")[-1]["event"] == {"n": 3}
            ),
            PATIENCE,
        )
        assert [each["event"]["n"] for each in told(socket, "event")] == [1, 3]
        await settled(a, b)
        assert b.manager.get_player_session("ann") == "session-1"
        async with b.stream("bob") as late:
            await b.manager.send_personal_message("bob", {"n": 4})
            assert await late.wait(1) == [{"n": 4}]


async def test_what_plain_connections_were_written_is_known_elsewhere_while_they_live(
    redis: RedisServer,
) -> None:
    async with nodes(redis) as (a, b), a.stream("ann", "session-1") as stream:
        await settled(a, b, count=1)
        await a.manager.send_personal_message("ann", {"n": 1})
        await stream.wait(1)
        position = a.manager.node.engine.log("player:ann").position

        async def known() -> bool:
            written = await b.manager.node.engine.written("ann")
            return written.get("player:ann") == position

        await until_async(known, PATIENCE)

"""A player's connections are on different nodes, and nobody can tell."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from dualwire import Config, Heartbeat, Limits
from dualwire.codes import REVOKED
from dualwire.core.encoding.json import encode_object
from dualwire.runtime.control import CONTROL, node_stream
from dualwire.runtime.inbound import Command
from dualwire.types import Event
from tests.engines.servers import RedisServer
from tests.game import Game
from tests.live import SSEClient, WSClient, until

from .nodes import nodes

V1 = "&protocol=dualwire.v1"


def told(client: WSClient | SSEClient, kind: str) -> list[dict[str, Any]]:
    return [each for each in client.events if each.get("type") == kind]


def texts(client: WSClient | SSEClient) -> list[Any]:
    return [each["event"]["n"] for each in told(client, "event")]


async def ack(game: Game, player_id: str, **message: Any) -> httpx.Response:
    async with httpx.AsyncClient(timeout=10.0) as http:
        headers = {"Authorization": f"Bearer {game.token(player_id)}"}
        url = f"http://{game.address}/api/send"
        return await http.post(url, headers=headers, json=message)


async def settled(*games: Game, player_id: str = "ann", count: int = 2) -> None:
    """Wait until each node knows of all of a player's connections."""

    def known() -> bool:
        for game in games:
            presence = game.manager.node.engine.presence_of(player_id)
            if presence is None or len(presence.connections) != count:
                return False
        return True

    await until(known)


async def test_both_carry_the_same_offsets(redis_server: RedisServer) -> None:
    async with (
        nodes(redis_server) as (a, b),
        a.websocket("ann", query=V1) as socket,
        b.stream("ann", query=V1) as stream,
    ):
        await settled(a, b)
        await a.manager.subscribe_to_room("ann", "hall")
        for n in range(50):
            game = (a, b)[n % 2]
            await game.manager.broadcast_to_room("hall", {"n": n})
        await until(lambda: len(texts(socket)) == len(texts(stream)) == 50)
        assert texts(socket) == texts(stream) == list(range(50))
        offsets = [[each["offset"] for each in told(c, "event")] for c in (socket, stream)]
        assert offsets[0] == offsets[1] == list(range(1, 51))


async def test_a_report_says_what_became_of_an_event_on_every_node(
    redis_server: RedisServer,
) -> None:
    async with (
        nodes(redis_server, 3) as (a, b, c),
        a.websocket("ann", query=V1),
        b.stream("ann") as stream,
    ):
        await settled(a, b, c)
        for game in (a, b, c):
            assert await game.manager.send_personal_message("ann", {"n": 1})
            report = await game.manager.deliver("ann", {"n": 2}, timeout=10.0)
            kinds = sorted((each.connection_type, each.outcome) for each in report.connections)
            assert kinds == [("sse", "written"), ("websocket", "written")]
        assert not await c.manager.send_personal_message("bob", {"n": 1})
        report = await c.manager.deliver("bob", {"n": 1})
        assert not report
        assert report.reason == "no connection"
        await stream.wait(6)


async def test_an_acknowledgement_counts_wherever_it_arrives(redis_server: RedisServer) -> None:
    async with (
        nodes(redis_server, 3) as (a, b, c),
        a.websocket("ann", query=V1) as socket,
    ):
        await settled(a, b, c, count=1)
        for n, (publisher, taker) in enumerate(((a, a), (a, c), (b, a), (b, c), (c, b))):
            sending = asyncio.create_task(
                publisher.manager.send_confirmed("ann", {"n": n}, timeout=20.0)
            )
            await until(lambda n=n: n in texts(socket))  # type: ignore[misc]
            event = told(socket, "event")[-1]
            assert event["confirm"] is True
            epoch = told(socket, "hello")[0]["streams"]["player:ann"][0]
            cursor = {"player:ann": [epoch, event["offset"] + 1]}
            assert (await ack(taker, "ann", type="ack", cursor=cursor)).status_code == 204
            report = await sending
            assert report.acknowledged, (n, report)
        report = await b.manager.send_confirmed("ann", {"n": 9}, timeout=0.3)
        assert not report.acknowledged
        assert report.reason == "not in time"


async def test_pongs_reach_the_node_of_their_connection(redis_server: RedisServer) -> None:
    config = Config(heartbeat=Heartbeat(interval=2.0, pong_timeout=4.0))
    async with (
        nodes(redis_server, 3, config) as (a, b, c),
        a.websocket("ann", query=V1) as socket,
        b.stream("ann", query=V1) as stream,
    ):
        await settled(a, b, c)
        (connection,) = b.manager.node.connections.values()
        answered: dict[str, set[int]] = {}

        async def answer(client: WSClient | SSEClient, over: Game | WSClient) -> None:
            name = told(client, "hello")[0]["connection"]
            done = answered.setdefault(name, set())
            for ping in told(client, "ping"):
                if ping["n"] not in done:
                    done.add(ping["n"])
                    pong = {"type": "pong", "connection": name, "n": ping["n"]}
                    if isinstance(over, WSClient):
                        await over.send(pong)
                    else:
                        assert (await ack(over, "ann", **pong)).status_code == 204

        # Over the WebSocket on another node first, then by HTTP at a third one.
        while connection.pings < 4:
            await answer(socket, socket)
            await answer(stream, socket if connection.pings % 2 else c)
            await asyncio.sleep(0.02)
        await until(lambda: connection.round_trip is not None)
        assert not stream.ended
        assert not socket.ended


async def test_somebody_elses_pong_counts_for_nothing(redis_server: RedisServer) -> None:
    async with (
        nodes(redis_server) as (a, b),
        b.stream("ann", query=V1) as stream,
        a.websocket("eve", query=V1) as eve,
    ):
        await until(lambda: told(stream, "hello"))
        (connection,) = b.manager.node.connections.values()
        connection.pinged(b.manager.node.clock.now(), b.manager.node.clock.now() + 60.0)
        pong = {"type": "pong", "connection": connection.id, "n": connection.pings}
        engine, own = b.manager.node.engine, node_stream(b.manager.node.id)
        assert (await ack(a, "eve", **pong)).status_code == 404
        await eve.send(pong)
        await until(lambda: engine.log(own).position.offset == 1)
        assert connection.pong_due is not None
        assert (await ack(a, "ann", **pong)).status_code == 204
        await until(lambda: connection.pong_due is None)


async def test_a_takeover_ends_the_old_session_everywhere(redis_server: RedisServer) -> None:
    async with (
        nodes(redis_server) as (a, b),
        a.websocket("ann", "session-1", V1) as socket,
        b.stream("ann", "session-1", V1) as stream,
    ):
        await settled(a, b)
        async with b.websocket("ann", "session-2", V1) as later:
            assert await socket.wait_end() == 4409
            await stream.wait_end()
            assert stream.events[-1]["code"] == 4409
            await until(lambda: told(later, "hello"))
            await until(lambda: a.manager.get_player_session("ann") == "session-2")


@pytest.mark.parametrize("code", [None, REVOKED])
async def test_a_logout_or_ban_ends_all_of_a_player(redis_server: RedisServer, code: Any) -> None:
    gone: list[str] = []
    async with (
        nodes(redis_server, 3) as (a, b, c),
        a.websocket("ann", "session-1", V1) as socket,
        b.stream("ann", "session-1", V1) as stream,
    ):
        for game in (a, b, c):
            game.manager.on_player_offline(gone.append)
        await settled(a, b, c)
        await (c.manager.disconnect_player("ann", code) if code else _log_out(c))
        expected = code.number if code else 4400
        assert await socket.wait_end() == expected
        await stream.wait_end()
        assert stream.events[-1]["code"] == expected
        for game in (a, b, c):
            await until(lambda g=game: g.manager.node.engine.presence_of("ann") is None)  # type: ignore[misc]
        assert gone == ["ann"]


async def _log_out(game: Game) -> None:
    await game.manager.disconnect_player("ann")


async def test_arrival_and_departure_are_announced_once(redis_server: RedisServer) -> None:
    said: list[tuple[str, str]] = []
    config = Config()
    async with nodes(redis_server, 2, config) as (a, b):
        for game in (a, b):
            game.manager.on_player_online(lambda player: said.append(("came", player)))
        async with a.websocket("ann", query=V1), b.stream("ann", query=V1):
            await settled(a, b)
            for game in (a, b):
                await game.manager.node.wait_settled()
        assert said == [("came", "ann")]


async def test_a_repeated_command_runs_once_wherever_it_arrives(redis_server: RedisServer) -> None:
    ran: list[str] = []
    let = asyncio.Event()

    async def hook(command: Command) -> dict[str, Any]:
        ran.append(command.verb)
        await let.wait()
        return {"heard": command.verb}

    async with (
        nodes(redis_server) as (a, b),
        a.websocket("ann", query=V1) as socket,
        b.stream("ann", query=V1) as stream,
    ):
        await settled(a, b)
        for game in (a, b):
            game.manager.on_command(hook)
        message = {"type": "command", "id": "client-a.1", "body": {"command": "look"}}
        await socket.send(message)
        await until(lambda: ran)
        repeat = await ack(b, "ann", **message, retry=True)
        assert repeat.status_code == 204  # It runs; the answer comes in the player's stream.
        let.set()
        await until(lambda: told(socket, "reply") and told(stream, "reply"))
        again = await ack(b, "ann", **message, retry=True)
        assert again.json() == {
            "type": "reply",
            "id": "client-a.1",
            "outcome": "done",
            "body": {"heard": "look"},
        }
        assert ran == ["look"]
        assert told(socket, "reply") == told(stream, "reply")


async def test_a_ticket_of_one_node_opens_a_connection_on_another(
    redis_server: RedisServer,
) -> None:
    async with nodes(redis_server) as (a, b), httpx.AsyncClient(timeout=10.0) as http:
        headers = {"Authorization": f"Bearer {a.token('ann')}"}
        answer = await http.post(f"http://{a.address}/api/session", headers=headers, json={})
        ticket = answer.json()["tickets"]["sse"]
        url = f"http://{b.address}/api/events?ticket={ticket}"
        async with http.stream("GET", url) as response:
            assert response.status_code == 200
        assert (await http.get(url)).status_code == 401


async def test_another_nodes_event_id_resumes_from_what_was_written(
    redis_server: RedisServer,
) -> None:
    async with nodes(redis_server) as (a, b):
        async with a.stream("ann", "session-1") as stream:
            await a.manager.send_personal_message("ann", {"n": 1})
            await stream.wait(1)
            last = stream.messages[-1]["id"]
            assert last.startswith(a.manager.node.id)
        await until(lambda: not a.manager.node.connections)
        await a.manager.node.wait_settled()
        await a.manager.send_personal_message("ann", {"n": 2})
        async with b.stream("ann", "session-1", **{"Last-Event-ID": last}) as stream:
            assert await stream.wait(1) == [{"n": 2}]


async def test_the_cap_counts_connections_on_all_nodes(redis_server: RedisServer) -> None:
    config = Config(limits=Limits(connections_per_type=2))
    async with (
        nodes(redis_server, 2, config) as (a, b),
        a.stream("ann", "session-1", V1),
        b.stream("ann", "session-1", V1),
    ):
        await settled(a, b)
        async with b.stream("ann", "session-1", V1) as third:
            assert third.response.status_code == 429
        async with b.websocket("ann", "session-1", V1) as socket:
            await until(lambda: told(socket, "hello"))


async def test_a_newer_token_serves_connections_everywhere(redis_server: RedisServer) -> None:
    async with (
        nodes(redis_server) as (a, b),
        a.websocket("ann", query=V1) as socket,
        b.stream("ann", query=V1),
    ):
        await settled(a, b)
        (there,) = b.manager.node.connections.values()
        before = there.identity.expires_at
        await socket.send({"type": "refresh", "token": a.auth.issue("ann", lifetime=50_000.0)})
        await until(lambda: there.identity.expires_at != before)


async def test_what_is_not_signed_with_the_clusters_key_is_not_done(
    redis_server: RedisServer,
) -> None:
    async with nodes(redis_server) as (a, b):
        heard: list[tuple[str, Any]] = []
        control, engine = b.manager.node.control, b.manager.node.engine
        control.handlers["try"] = lambda sender, data: heard.append((sender, data["n"]))
        tell = a.manager.node.control.tell
        await tell(b.manager.node.id, "try", {"n": 1})
        await tell(None, "try", {"n": 2})
        await until(lambda: len(heard) == 2)
        assert sorted(heard) == [(a.manager.node.id, 1), (a.manager.node.id, 2)]
        own, stats = node_stream(b.manager.node.id), b.manager.node.stats
        genuine: dict[str, Any] = {
            name: engine.log(name).after(0)[-1].body for name in (own, CONTROL)
        }
        forged = Event(payload=encode_object({"said": '{"do":"try"}', "mac": "00" * 32}))
        rubbish = Event(payload=b'{"n":1}')
        # Forged, no entry at all, repeated, and moved to another stream.
        for number, (stream, event) in enumerate(
            [
                (own, forged),
                (CONTROL, rubbish),
                (own, genuine[own]),
                (CONTROL, genuine[CONTROL]),
                (own, genuine[CONTROL]),
            ],
            1,
        ):
            await a.manager.node.engine.publish(stream, event)
            await until(lambda number=number: stats.control_rejected == number)  # type: ignore[misc]
        await tell(None, "something new", {})
        await tell(None, "try", {"n": 3})
        await until(lambda: len(heard) == 3)
        assert stats.control_rejected == 5


async def test_a_node_with_another_secret_is_not_believed(redis_server: RedisServer) -> None:
    async with nodes(redis_server) as (a, b):
        a.manager.node.control._key = b"another"
        await a.manager.node.control.tell(b.manager.node.id, "report", {})
        await until(lambda: b.manager.node.stats.control_rejected == 1)

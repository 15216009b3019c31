"""``dualwire.v1`` on the server: what a connection is written, and what it may say."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from dualwire import Config, ForbiddenError, HistoryPolicy
from dualwire.codes import LOGGED_OUT

from ..game import Game, playing
from ..live import DEADLINE, SSEClient, WSClient, sse, until, ws

V1 = "&protocol=dualwire.v1"
ID = "client-instance-1"


def cursor_of(client: WSClient | SSEClient) -> dict[str, list[Any]]:
    """What a client has seen that merges nothing: the cursor after all its frames."""
    cursor: dict[str, list[Any]] = {}
    for frame in client.events:
        if frame["type"] == "hello":
            cursor.update(frame["streams"])
        elif "offset" in frame and frame["type"] != "reset":
            cursor[frame["stream"]][1] = frame["offset"] + 1
        elif frame["type"] in ("skip", "lost"):
            cursor[frame["stream"]][1] = frame["to"] + 1
        if frame["type"] == "subscribed":
            cursor[frame["room"]] = [frame["epoch"], frame["from"] + 1]
        if frame["type"] == "unsubscribed":
            cursor.pop(frame["room"], None)
    return cursor


def at(cursor: dict[str, list[Any]]) -> str:
    """A cursor as a query parameter."""
    return f"{V1}&cursor={quote(json.dumps(cursor))}"


def events(client: WSClient | SSEClient) -> list[Any]:
    return [frame["event"] for frame in client.events if frame["type"] == "event"]


def frames(client: WSClient | SSEClient, kind: str) -> list[Any]:
    return [frame for frame in client.events if frame["type"] == kind]


@contextlib.asynccontextmanager
async def opened(
    game: Game, kind: str, query: str = V1, session: str = "session-1"
) -> AsyncIterator[WSClient | SSEClient]:
    opening = game.websocket if kind == "websocket" else game.stream
    async with opening("ann", session, query) as client:
        await client.wait(1)
        yield client


@pytest.fixture(params=["websocket", "sse"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def test_hello_comes_first_and_says_where_the_connection_begins(
    game: Game, kind: str
) -> None:
    await game.manager.broadcast_global({"before": True})
    async with opened(game, kind) as client:
        hello = client.events[0]
        assert hello["type"] == "hello"
        assert hello["connection"] in game.manager.connection_metadata
        assert hello["session"] == "session-1"
        assert hello["player"] == "ann"
        assert hello["resume"] == {"outcome": "new"}
        assert hello["streams"]["global"][1] == 2
        assert hello["streams"]["player:ann"][1] == 1


async def test_every_offset_is_accounted_for(game: Game, kind: str) -> None:
    async with opened(game, kind) as client:
        await game.manager.subscribe_to_room("ann", "hall")
        await game.manager.broadcast_to_room("hall", {"n": 1})
        await game.manager.broadcast_to_room("hall", {"n": 2}, exclude_player="ann")
        await game.manager.broadcast_to_room("hall", {"n": 3})
        await game.manager.unsubscribe_from_room("ann", "hall")
        await game.manager.send_personal_message("ann", {"n": 4})
        await client.wait(7)
        kinds = [frame["type"] for frame in client.events[1:]]
        assert kinds == ["subscribed", "event", "skip", "event", "unsubscribed", "event"]
        assert client.events[3] == {"type": "skip", "stream": "room:hall", "from": 2, "to": 2}
        assert client.events[5]["until"] == 3


async def test_the_frames_of_two_connections_are_the_same_bytes(game: Game) -> None:
    async with opened(game, "websocket") as one, opened(game, "sse") as two:
        for n in range(5):
            await game.manager.send_personal_message("ann", {"n": n, "text": "ü\u2028"})
        await one.wait(6)
        await two.wait(6)
        assert one.events[1:] == two.events[1:]


async def test_a_digest_covers_the_raw_text_of_the_event(game: Game) -> None:
    async with opened(game, "sse", f"{V1}&digest=sha256") as client:
        await game.manager.send_personal_message("ann", {"text": "grüß dich", "n": 1.0})
        await client.wait(2)
        assert isinstance(client, SSEClient)
        line = next(line for line in client.raw.split(b"\n") if b'"type":"event"' in line)
        raw = line.partition(b'"event":')[2].removesuffix(b"}")
        assert client.events[1]["digest"] == hashlib.sha256(raw).hexdigest()


async def test_a_cursor_resumes_without_loss_or_repetition(game: Game, kind: str) -> None:
    async with opened(game, kind) as client:
        await game.manager.subscribe_to_room("ann", "hall")
        await game.manager.broadcast_to_room("hall", {"n": 1})
        await client.wait(3)
        cursor = cursor_of(client)
    await game.connected("ann")
    await game.manager.broadcast_to_room("hall", {"n": 2})
    await game.manager.unsubscribe_from_room("ann", "hall")
    await game.manager.broadcast_to_room("hall", {"after": "leaving"})
    await game.manager.broadcast_to_room("yard", {"before": "entering"})
    await game.manager.subscribe_to_room("ann", "yard")
    await game.manager.broadcast_to_room("yard", {"n": 3})
    async with opened(game, kind, at(cursor)) as client:
        await until(lambda: len(events(client)) == 2)
        assert client.events[0]["resume"] == {"outcome": "resumed"}
        assert events(client) == [{"n": 2}, {"n": 3}]
        assert "room:hall" in client.events[0]["streams"], "the rooms as they were at the cursor"


async def test_a_cursor_is_valid_from_message_zero(game: Game, kind: str) -> None:
    async with opened(game, kind) as client:
        cursor = cursor_of(client)
    await game.connected("ann")
    await game.manager.send_personal_message("ann", {"n": 1})
    async with opened(game, kind, at(cursor)) as client:
        await until(lambda: events(client) == [{"n": 1}])
        assert client.events[0]["resume"] == {"outcome": "resumed"}


async def test_a_cursor_too_large_for_a_url_goes_into_a_body(game: Game) -> None:
    async with opened(game, "sse") as client:
        cursor = cursor_of(client)
    await game.connected("ann")
    await game.manager.send_personal_message("ann", {"n": 1})
    body = {"cursor": {**cursor, **{f"room:{n}": ["0" * 20, 1] for n in range(500)}}}
    async with httpx.AsyncClient(timeout=10.0) as http:
        url = f"http://{game.address}/api/events?protocol=dualwire.v1&session_id=session-1"
        headers = {"Authorization": f"Bearer {game.token('ann')}"}
        async with http.stream("POST", url, json=body, headers=headers) as response:
            client = SSEClient(response)
            task = asyncio.create_task(client.read())
            await until(lambda: events(client) == [{"n": 1}])
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def test_a_forged_cursor_reads_no_room_from_before_the_player_came(
    game: Game, kind: str
) -> None:
    await game.manager.broadcast_to_room("hall", {"secret": 1})
    await game.manager.broadcast_to_room("yard", {"secret": 2})
    async with opened(game, kind) as client:
        await game.manager.subscribe_to_room("ann", "hall")
        await client.wait(2)
        cursor = cursor_of(client)
    await game.connected("ann")
    log = game.manager.node.engine.log
    forged = {**cursor, "room:hall": [log("room:hall").epoch, 1]}
    forged |= {"room:yard": [log("room:yard").epoch, 1], "player:bob": ["0" * 20, 1]}
    forged["player:ann"] = [cursor["player:ann"][0], 10**15]
    await game.manager.broadcast_to_room("hall", {"n": 1})
    async with opened(game, kind, at(forged)) as client:
        await game.manager.broadcast_to_room("hall", {"n": 2})
        await until(lambda: {"n": 2} in events(client))
        assert events(client) == [{"n": 1}, {"n": 2}]
        assert set(client.events[0]["streams"]) == {"player:ann", "global", "room:hall"}


@pytest.mark.parametrize(
    "cursor", ["nonsense", "[]", '{"player:ann": 1}', '{"global": ["x", 1]}', '{"global": {}}']
)
async def test_a_malformed_cursor_is_refused_clearly(game: Game, cursor: str) -> None:
    query = f"{V1}&cursor={quote(cursor)}"
    async with game.stream("ann", "session-1", query) as client:
        assert client.response.status_code == 400
        assert "cursor" in client.response.text or "JSON" in client.response.text


async def test_what_history_no_longer_holds_is_told_as_lost(kind: str) -> None:
    config = Config(history=HistoryPolicy(player_events=10))
    async with playing(config) as game:
        async with opened(game, kind) as client:
            cursor = cursor_of(client)
        await game.connected("ann")
        for n in range(1, 31):
            await game.manager.send_personal_message("ann", {"n": n})
        async with opened(game, kind, at(cursor)) as client:
            await until(lambda: len(events(client)) == 10)
            assert client.events[0]["resume"]["outcome"] == "partial"
            assert client.events[0]["resume"]["ranges"] == [["player:ann", 1, 20, "trimmed"]]
            (lost,) = frames(client, "lost")
            assert lost.pop("streams") == client.events[0]["streams"]
            assert lost == {
                "type": "lost",
                "stream": "player:ann",
                "from": 1,
                "to": 20,
                "reason": "trimmed",
            }
            assert events(client) == [{"n": n} for n in range(21, 31)]


async def test_comings_and_goings_that_were_lost_are_told_by_the_streams_after_them(
    kind: str,
) -> None:
    config = Config(history=HistoryPolicy(player_events=10))
    async with playing(config) as game:
        async with opened(game, kind) as client:
            await game.manager.subscribe_to_room("ann", "hall")
            await client.wait(2)
            cursor = cursor_of(client)
        await game.connected("ann")
        await game.manager.unsubscribe_from_room("ann", "hall")
        await game.manager.subscribe_to_room("ann", "yard")
        await game.manager.broadcast_to_room("yard", {"n": 1})
        for n in range(2, 22):
            await game.manager.send_personal_message("ann", {"n": n})
        async with opened(game, kind, at(cursor)) as client:
            await until(lambda: {"n": 21} in events(client))
            (lost,) = frames(client, "lost")
            assert set(lost["streams"]) == {"player:ann", "global", "room:yard"}
            assert {"n": 1} in events(client), "said in the room that the player is in"


async def test_a_connection_overtaken_by_trimming_is_told_and_reads_on() -> None:
    """It is not closed, as a plain one is."""
    config = Config(history=HistoryPolicy(room_events=20))
    async with playing(config) as game:
        host, _, port = game.address.partition(":")
        reader, writer = await asyncio.open_connection(host, int(port), limit=1024)
        writer.write(
            f"GET /api/events?protocol=dualwire.v1 HTTP/1.1\r\nHost: {game.address}\r\n"
            f"Authorization: Bearer {game.token('ann')}\r\n\r\n".encode()
        )
        await game.connected("ann", sse=1)
        await game.manager.subscribe_to_room("ann", "hall")
        for n in range(1000):
            await game.manager.broadcast_to_room("hall", {"n": n, "text": "x" * 20_000})
            await asyncio.sleep(0)
        raw = b""
        while b'"n":999' not in raw or not raw.endswith(b"\n\n\r\n"):
            raw += await asyncio.wait_for(reader.read(1 << 16), 10.0)
        assert b'"type":"lost"' in raw
        assert b'"reason":"trimmed"' in raw
        assert b'"type":"bye"' not in raw
        writer.close()


async def test_an_acknowledgement_is_cumulative_and_clamped(game: Game, kind: str) -> None:
    async with opened(game, kind) as client, opened(game, "websocket") as other:
        assert isinstance(other, WSClient)
        for n in range(3):
            await game.manager.send_personal_message("ann", {"n": n})
        await client.wait(4)
        player = game.manager.node.hub.players["ann"]
        epoch = client.events[0]["streams"]["player:ann"][0]

        async def acknowledge(upcoming: int) -> None:
            await other.send({"type": "ack", "cursor": {"player:ann": [epoch, upcoming]}})

        await acknowledge(3)
        await until(lambda: player.acknowledged.get("player:ann") == (epoch, 2))
        assert game.manager.get_acknowledged_lag("ann") == {"player:ann": 1}
        await acknowledge(2)
        await acknowledge(10**9)
        await until(lambda: player.acknowledged.get("player:ann") == (epoch, 3))


async def test_send_confirmed_returns_when_a_client_has_it(game: Game) -> None:
    async with opened(game, "websocket") as client:
        assert isinstance(client, WSClient)
        sending = asyncio.create_task(game.manager.send_confirmed("ann", {"n": 1}))
        await client.wait(2)
        frame = client.events[1]
        assert frame["confirm"] is True
        assert not sending.done()
        epoch = client.events[0]["streams"]["player:ann"][0]
        await client.send({"type": "ack", "cursor": {"player:ann": [epoch, frame["offset"] + 1]}})
        report = await sending
        assert report.acknowledged
        assert report.written == 1
        assert report.reason == ""


async def test_send_confirmed_says_why_it_is_not(game: Game) -> None:
    report = await game.manager.send_confirmed("ann", {"n": 1})
    assert (report.acknowledged, report.reason) == (False, "no connection")
    async with game.websocket("bob"):
        await game.connected("bob", websocket=1)
        report = await game.manager.send_confirmed("bob", {"n": 1})
        assert (report.acknowledged, report.reason) == (False, "no client that acknowledges")
        assert report.written == 1
    async with opened(game, "websocket"):
        report = await game.manager.send_confirmed("ann", {"n": 1}, timeout=0.05)
        assert (report.acknowledged, report.reason) == (False, "not in time")


async def test_a_pong_counts_over_any_connection(game: Game) -> None:
    async with opened(game, "sse") as stream, opened(game, "websocket") as socket:
        assert isinstance(socket, WSClient)
        for _ in range(60):
            await game.clock.advance(1.0)
            for client in (stream, socket):
                connection = client.events[0]["connection"]
                for ping in frames(client, "ping"):
                    pong = {"type": "pong", "connection": connection, "n": ping["n"]}
                    await socket.send(pong)
            pinged = [each.pong_due for each in game.manager.node.connections.values()]
            if any(pinged):
                await until(
                    lambda: (
                        not any(each.pong_due for each in game.manager.node.connections.values())
                    )
                )
                await game.clock.advance(0.0)
        assert game.counts("ann") == (1, 1)
        assert frames(stream, "ping")
        assert frames(socket, "ping")
        trips = [each.round_trip for each in game.manager.node.connections.values()]
        assert all(trip is not None for trip in trips)


async def test_a_peer_that_gives_no_sign_of_life_is_stale_and_its_twin_is_not(
    game: Game,
) -> None:
    async with opened(game, "sse") as stream, opened(game, "websocket") as socket:
        assert isinstance(socket, WSClient)
        for _ in range(40):
            await game.clock.advance(1.0)
            before = game.manager.node.stats.commands
            await socket.send({"type": "command", "data": {"command": "look"}})
            await until(lambda seen=before: game.manager.node.stats.commands > seen)  # type: ignore[misc]
            if game.counts("ann") == (1, 0):
                break
        assert game.counts("ann") == (1, 0)
        await until(lambda: frames(stream, "bye"))
        assert frames(stream, "bye")[0]["code"] == 4003
        assert not socket.ended


async def test_time_for_which_our_own_loop_was_blocked_does_not_count(game: Game) -> None:
    async with opened(game, "sse") as stream:
        await until(lambda: game.counts("ann") == (0, 1))
        while not frames(stream, "ping"):
            await game.clock.advance(1.0)
            await asyncio.sleep(0.002)
        game.clock.shift(30.0)
        await game.clock.advance(0.0)
        assert game.counts("ann") == (0, 1)


async def test_a_command_runs_once_and_its_reply_is_an_entry_of_the_stream(game: Game) -> None:
    ran: list[str] = []

    @game.manager.on_command
    async def act(command: Any) -> dict[str, str]:
        ran.append(command.verb)
        await game.manager.send_personal_message(command.player_id, {"effect": len(ran)})
        return {"result": command.verb}

    async with opened(game, "websocket") as socket, opened(game, "sse") as stream:
        assert isinstance(socket, WSClient)
        message = {"type": "command", "id": f"{ID}.1", "body": {"command": "look"}}
        await socket.send(message)
        for client in (socket, stream):
            await client.wait(3)
            assert [frame["type"] for frame in client.events[1:]] == ["event", "reply"]
            reply = client.events[2]
            assert (reply["id"], reply["outcome"]) == (f"{ID}.1", "done")
            assert reply["body"] == {"result": "look"}
        for retry in (True, False):
            await socket.send({**message, "retry": retry})
        await socket.wait(5)
        assert [frame.get("offset") for frame in socket.events[3:]] == [None, None]
        assert ran == ["look"]


async def test_a_retry_that_nobody_knows_is_not_executed(game: Game) -> None:
    game.manager.on_command(lambda _: pytest.fail("executed"))
    async with opened(game, "websocket") as socket:
        assert isinstance(socket, WSClient)
        await socket.send({"type": "command", "id": f"{ID}.7", "body": {}, "retry": True})
        await socket.wait(2)
        assert socket.events[1]["outcome"] == "unknown"


async def test_a_command_that_its_retry_overtook_is_not_executed_either(game: Game) -> None:
    """The client was told so; a stalled connection may still deliver the original."""
    game.manager.on_command(lambda _: pytest.fail("executed"))
    async with opened(game, "websocket") as socket:
        assert isinstance(socket, WSClient)
        message = {"type": "command", "id": f"{ID}.7", "body": {}}
        await socket.send({**message, "retry": True})
        await socket.send(message)
        await socket.wait(3)
        assert [frame["outcome"] for frame in socket.events[1:]] == ["unknown", "unknown"]


async def test_what_the_application_says_to_one_connection_is_told_from_the_protocol(
    game: Game, kind: str
) -> None:
    async with opened(game, kind) as client:
        await game.manager.send_to_connection(client.events[0]["connection"], {"type": "bye"})
        await client.wait(2)
        assert client.events[1] == {"type": "direct", "event": {"type": "bye"}}


async def test_a_command_is_repeated_by_http_while_it_runs(game: Game) -> None:
    release, ran = asyncio.Event(), []

    @game.manager.on_command
    async def act(command: Any) -> dict[str, str]:
        ran.append(command.verb)
        await release.wait()
        return {"result": "done at last"}

    async with opened(game, "websocket") as socket, httpx.AsyncClient(timeout=DEADLINE) as http:
        assert isinstance(socket, WSClient)
        message = {"type": "command", "id": f"{ID}.1", "body": {"command": "dig"}}
        await socket.send(message)
        await until(lambda: ran)
        url = f"http://{game.address}/api/send"
        headers = {"Authorization": f"Bearer {game.token('ann')}"}
        repeat = asyncio.create_task(
            http.post(url, json={**message, "retry": True}, headers=headers)
        )
        socket.socket.transport.abort()
        await game.connected("ann")
        release.set()
        answer = await repeat
        assert answer.json()["body"] == {"result": "done at last"}
        assert ran == ["dig"]


@pytest.mark.parametrize(
    ("failure", "reason"),
    [("refuse", "You cannot go there."), ("break", "the command failed; the game goes on")],
)
async def test_a_refused_command_says_why(game: Game, failure: str, reason: str) -> None:
    @game.manager.on_command
    def act(command: Any) -> None:
        if failure == "refuse":
            raise ForbiddenError("You cannot go there.")
        raise KeyError("a defect of the application")

    async with opened(game, "websocket") as socket:
        assert isinstance(socket, WSClient)
        await socket.send({"type": "command", "id": f"{ID}.1", "body": {"command": "go"}})
        await socket.wait(2)
        assert socket.events[1]["outcome"] == "refused"
        assert socket.events[1]["reason"] == reason


@pytest.mark.parametrize("command_id", ["short.1", "x" * 100 + ".1", f"{ID}", f"{ID}.x", "a b.1"])
async def test_a_malformed_command_id_is_refused(game: Game, command_id: str) -> None:
    async with opened(game, "websocket") as socket:
        assert isinstance(socket, WSClient)
        await socket.send({"type": "command", "id": command_id, "body": {}})
        await socket.wait(2)
        assert socket.events[1]["type"] == "direct"
        assert socket.events[1]["event"]["error_type"] == "invalid_format"
        assert "INSTANCE.n" in socket.events[1]["event"]["message"]


async def test_a_token_is_refreshed_in_place(game: Game) -> None:
    token = game.auth.issue("ann", lifetime=30.0)
    async with game.websocket("ann", "session-1", V1) as socket:
        await socket.wait(1)
        (connection,) = game.manager.node.connections.values()
        first = connection.identity.expires_at
        game.clock.shift(10.0)
        await socket.send({"type": "refresh", "token": game.auth.issue("ann", lifetime=50_000.0)})
        await until(lambda: connection.identity.expires_at != first)
        await socket.send({"type": "refresh", "token": game.auth.issue("bob", lifetime=5000.0)})
        await until(lambda: frames(socket, "warning"))
        assert "another player" in frames(socket, "warning")[0]["message"]
        assert token not in repr(connection)


async def test_an_expired_token_ends_the_connection_with_its_code(game: Game, kind: str) -> None:
    token = game.auth.issue("ann", lifetime=5.0)
    opening = ws if kind == "websocket" else sse
    path = "/api/ws?protocol=dualwire.v1" if kind == "websocket" else "/api/events?x=1" + V1
    async with opening(game.address, path, token) as client:
        await client.wait(1)
        await game.clock.advance(7.0)
        await until(lambda: frames(client, "bye"))
        assert frames(client, "bye")[0]["reason"] == "token_expired"
        assert frames(client, "bye")[0]["reconnect"] is True


async def test_bye_is_the_last_frame(game: Game, kind: str) -> None:
    async with opened(game, kind) as client:
        await game.manager.send_personal_message("ann", {"last": "words"})
        await game.manager.disconnect_player("ann", LOGGED_OUT)
        await client.wait_end()
        assert [frame["type"] for frame in client.events] == ["hello", "event", "bye"]
        assert client.events[-1]["code"] == 4400


async def test_v1_and_plain_side_by_side(standby_game: Game) -> None:
    """A client that merges looks on; the shipped client beside it still gets each event once."""
    game = standby_game
    async with game.both("ann", "session-1") as (socket, stream), opened(game, "sse") as client:
        for n in range(5):
            await game.manager.send_personal_message("ann", {"n": n})
        await until(lambda: len(events(client)) == 5)
        assert len(await socket.wait(5)) == 5
        assert stream.events == []
        await socket.socket.close()
        await game.connected("ann", sse=2)
        await game.manager.send_personal_message("ann", {"n": 5})
        assert await stream.wait(1) == [{"n": 5}]
        await until(lambda: events(client)[-1] == {"n": 5})

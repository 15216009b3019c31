"""Filters by event type: per plain connection or ``dualwire.v1`` session; live and on replay."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from dualwire.runtime.skips import YOUNG

from ..game import Game
from ..live import SSEClient, WSClient, until
from .test_v1 import V1, at, cursor_of, events, frames

CHAT = "&types=chat,system"


async def say(game: Game, *kinds: str) -> None:
    for n, kind in enumerate(kinds):
        await game.manager.broadcast_global({"event_type": kind, "n": n})


async def two_events(client: WSClient | SSEClient) -> None:
    await until(lambda: len(events(client)) == 2)


def numbers(client: WSClient | SSEClient) -> list[Any]:
    return [event["n"] for event in client.events]


async def test_a_plain_connection_gets_the_types_that_it_asks_for(game: Game) -> None:
    async with (
        game.websocket("ann", "session-1", CHAT) as socket,
        game.stream("ann", "session-1") as stream,
    ):
        await game.connected("ann", websocket=1, sse=1)
        await say(game, "chat", "tick", "system", "tick", "chat")
        assert await stream.wait(5)
        assert await socket.wait(3)
        assert numbers(stream) == [0, 1, 2, 3, 4], "the other one is not filtered"
        assert numbers(socket) == [0, 2, 4]


async def test_a_filter_holds_on_replay(game: Game) -> None:
    async with game.stream("ann", "session-1", CHAT) as stream:
        await say(game, "chat")
        await stream.wait(1)
        last = stream.messages[-1]["id"]
    await game.connected("ann")
    await say(game, "tick", "chat", "tick", "system")
    async with game.stream("ann", "session-1", CHAT, **{"Last-Event-ID": last}) as stream:
        await stream.wait(2)
        await say(game, "tick", "system")
        await stream.wait(3)
        assert numbers(stream) == [1, 3, 1]


@pytest.mark.parametrize(
    ("event", "delivered"),
    [
        ({"type": "chat"}, True),
        ({"event_type": "chat", "type": "tick"}, True),
        ({"event_type": "tick", "type": "chat"}, False),
        ({"event_type": {"chat": 1}}, False),
        ({"text": "of no type"}, False),
    ],
)
async def test_the_type_of_an_event(game: Game, event: dict[str, Any], delivered: bool) -> None:
    async with game.websocket("ann", "session-1", "&types=chat") as socket:
        await game.connected("ann", websocket=1)
        await game.manager.broadcast_global(event)
        await game.manager.broadcast_global({"type": "chat", "last": True})
        await until(lambda: socket.events and socket.events[-1].get("last"))
        assert (event in socket.events) is delivered


async def test_twins_agree_and_what_is_skipped_is_one_range(game: Game) -> None:
    async with game.both("ann", "session-1", V1 + CHAT) as twins:
        for client in twins:
            await client.wait(1)
            assert client.events[0]["types"] == ["chat", "system"]
        await say(game, "tick", "tick", "tick", "chat", "tick", "tick")
        await game.manager.broadcast_global({"event_type": "chat", "n": 6}, exclude_player="ann")
        await say(game, "system")
        for client in twins:
            await two_events(client)
            assert frames(client, "skip") == [
                {"type": "skip", "stream": "global", "from": 1, "to": 3},
                {"type": "skip", "stream": "global", "from": 5, "to": 7},
            ]
        assert twins[0].events[1:] == twins[1].events[1:]


async def test_a_skip_is_written_with_the_next_ping_at_the_latest(game: Game) -> None:
    async with game.websocket("ann", "session-1", V1 + CHAT) as socket:
        await socket.wait(1)
        for _ in range(YOUNG):
            game.manager.node.hub.skips.grow_up()
        await say(game, "tick", "tick")
        while not frames(socket, "ping"):
            await game.clock.advance(1.0)
        assert [frame["type"] for frame in socket.events] == ["hello", "skip", "ping"]
        assert socket.events[1]["to"] == socket.events[2]["tails"]["global"][1] == 2


async def test_a_young_connection_tells_soon_since_its_twin_may_be_behind(game: Game) -> None:
    """Both open without a cursor, and somebody is excluded from something between the two."""
    async with game.websocket("ann", "session-1", V1) as socket:
        await socket.wait(1)
        await game.manager.broadcast_global({"n": 1}, exclude_player="ann")
        await game.manager.broadcast_global({"n": 2}, exclude_player="ann")
        await until(lambda: frames(socket, "skip"))
        assert frames(socket, "skip") == [{"type": "skip", "stream": "global", "from": 1, "to": 2}]


async def test_replay_tells_ranges_as_well(game: Game) -> None:
    async with game.websocket("ann", "session-1", V1 + CHAT) as socket:
        await socket.wait(1)
        cursor = cursor_of(socket)
    await game.connected("ann")
    await say(game, *["tick"] * 3000, "chat", *["tick"] * 2000)
    async with game.stream("ann", "session-1", at(cursor)) as stream:
        await until(lambda: cursor_of(stream)["global"][1] == 5002)
        assert len(events(stream)) == 1
        assert len(frames(stream, "skip")) <= 8, "one for each turn that reads, not for each event"


async def test_a_session_carries_one_choice(game: Game) -> None:
    """Who opens first decides; who says nothing joins; who wants other events is told."""
    async with game.websocket("ann", "session-1", V1 + CHAT):
        await game.connected("ann", websocket=1)
        async with game.stream("ann", None, V1) as joined:
            await joined.wait(1)
            assert joined.events[0]["types"] == ["chat", "system"]
        async with game.stream("ann", "session-1", f"{V1}&types=system,chat") as same:
            await same.wait(1)
        async with game.stream("ann", "session-1", f"{V1}&types=tick") as other:
            assert other.response.status_code == 400
            assert "carries chat, system" in other.response.text
        async with game.stream("ann", "session-1", "&types=tick") as plain:
            assert plain.response.status_code == 200, "a plain one has a filter of its own"
        async with game.stream("ann", "session-2", f"{V1}&types=tick") as successor:
            await successor.wait(1)
            assert successor.events[0]["types"] == ["tick"]


async def test_whoever_carries_everything_first_is_not_filtered_later(game: Game) -> None:
    async with game.websocket("ann", "session-1", V1) as socket:
        await socket.wait(1)
        assert "types" not in socket.events[0]
        async with game.stream("ann", "session-1", V1 + CHAT) as other:
            assert other.response.status_code == 400
            assert "every type of event" in other.response.text


async def test_twins_that_stand_by_carry_the_same(standby_game: Game) -> None:
    game = standby_game
    async with game.websocket("ann", "session-1", CHAT):
        await game.connected("ann", websocket=1)
        async with game.stream("ann", "session-1") as other:
            assert other.response.status_code == 400
            assert "stand by for each other" in other.response.text
        async with game.stream("ann", "session-1", CHAT) as same:
            assert same.response.status_code == 200


@pytest.mark.parametrize("types", [",", "a,", "a b", "ä", "x" * 65, ",".join("abcdefgh" * 5)])
async def test_a_malformed_filter_is_refused(game: Game, types: str) -> None:
    async with game.stream("ann", None, f"&types={types}") as client:
        assert client.response.status_code == 400
        assert "types: expected" in client.response.json()["error"]["message"]


async def test_reports_say_what_was_filtered(game: Game) -> None:
    async with game.both("ann", "session-1", V1 + CHAT):
        report = await game.manager.deliver("ann", {"event_type": "tick"})
        assert [each.outcome for each in report.connections] == ["filtered", "filtered"]
        assert not report
        assert await game.manager.send_personal_message("ann", {"event_type": "tick"}) is False
        confirmed = await game.manager.send_confirmed("ann", {"event_type": "tick"})
        assert confirmed.reason == "filtered"


async def test_who_left_nothing_behind_keeps_no_encoding(game: Game) -> None:
    """Made-up filters are forgotten with the connections that asked for them."""
    made = game.manager.node.admission._filters._made
    for n in range(5):
        async with game.websocket("ann", None, f"&types=t{n}"):
            await game.connected("ann", websocket=1)
            assert len(made) == 1
        await game.connected("ann")
        await until(lambda: not game.manager.node.connections)
        await asyncio.sleep(0)
    assert len(made) <= 1


async def test_what_nobody_else_needs_is_not_missing(game: Game) -> None:
    """A twin that lost something waits for nobody who only skipped it."""
    async with game.websocket("ann", "session-1", V1 + CHAT) as socket:
        await socket.wait(1)
        cursor = cursor_of(socket)
        await say(game, "tick")
        game.manager.node.engine.log("global").clear()
        async with game.stream("ann", "session-1", at(cursor)) as stream:
            await until(lambda: frames(stream, "lost"))
            await until(lambda: frames(socket, "skip"))
            assert frames(socket, "skip")[0]["to"] == frames(stream, "lost")[0]["to"] == 1

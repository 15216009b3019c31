"""The handler of the shipped client, which compares an event only with the one before it.

It opens an SSE stream and two WebSockets within milliseconds and feeds all three into one handler.
Where plain twins stand by, it prints each line once, whatever happens to its connections.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ..game import Game
from ..live import SSEClient, WSClient, until

PRINTED = ("chat_message", "command_response", "player_entered")


class ShippedHandler:
    """What the shipped client does with what comes in on any of its channels."""

    def __init__(self) -> None:
        self.lines: list[int] = []
        self._before: str | None = None

    def feed(self, event: dict[str, Any]) -> None:
        kind = event.get("event_type")
        if kind is None:
            return
        key = f"{kind}_{event['sequence_number']}"
        if kind != "command_response" and key == self._before:
            return
        self._before = key
        if kind in PRINTED:
            self.lines.append(event["sequence_number"])


class Channels:
    """The client's channels, read in the order in which their events come in."""

    def __init__(self, *clients: WSClient | SSEClient) -> None:
        self.handler = ShippedHandler()
        self._read: dict[int, int] = {}
        self._clients = list(clients)

    def poll(self) -> list[int]:
        for client in self._clients:
            done = self._read.get(id(client), 0)
            events = client.events
            for event in events[done:]:
                self.handler.feed(event)
            self._read[id(client)] = len(events)
        return self.handler.lines


def said(n: int) -> dict[str, Any]:
    return {"event_type": "chat_message", "sequence_number": n, "data": {"message": f"line {n}"}}


async def burst(game: Game, first: int, count: int) -> None:
    """So many events as fast as they go, as when several people talk in a room."""
    for n in range(first, first + count):
        if n % 2:
            await game.manager.broadcast_to_room("hall", said(n))
        else:
            await game.manager.send_personal_message("ann", said(n))


async def test_it_prints_each_line_once(standby_game: Game) -> None:
    game = standby_game
    async with (
        game.stream("ann") as stream,
        game.websocket("ann") as first,
        game.websocket("ann") as second,
    ):
        await game.connected("ann", websocket=2, sse=1)
        await game.manager.subscribe_to_room("ann", "hall")
        channels = Channels(stream, first, second)
        for number in range(0, 60, 4):
            await burst(game, number, 4)
            await until(lambda seen=number + 4: len(channels.poll()) >= seen)  # type: ignore[misc]
        assert channels.poll() == list(range(60))
        assert stream.events == [], "the stream stands by"


@pytest.mark.parametrize("how", ["close", "abort"])
async def test_it_prints_each_line_once_when_connections_end(standby_game: Game, how: str) -> None:
    game = standby_game
    async with (
        game.stream("ann") as stream,
        game.websocket("ann") as first,
        game.websocket("ann") as second,
    ):
        await game.connected("ann", websocket=2, sse=1)
        await game.manager.subscribe_to_room("ann", "hall")
        channels = Channels(stream, first, second)
        for socket, number, left in ((first, 0, 1), (second, 20, 0)):
            await burst(game, number, 10)
            await until(lambda seen=number + 10: len(channels.poll()) >= seen)  # type: ignore[misc]
            if how == "close":
                await socket.socket.close()
            else:
                socket.socket.transport.abort()
            await game.connected("ann", websocket=left, sse=1)
            await burst(game, number + 10, 10)
            await until(lambda seen=number + 20: len(channels.poll()) >= seen)  # type: ignore[misc]
        async with game.websocket("ann") as third:
            await game.connected("ann", websocket=1, sse=1)
            channels._clients.append(third)
            await burst(game, 40, 10)
            await until(lambda: len(channels.poll()) >= 50)
        await asyncio.sleep(0)
        assert channels.poll() == list(range(50))


async def test_without_standby_every_connection_carries_every_event(game: Game) -> None:
    """Which is why that client needs it: bursts of two connections interleave."""
    async with game.stream("ann") as stream, game.websocket("ann") as socket:
        await game.connected("ann", websocket=1, sse=1)
        channels = Channels(stream, socket)
        await burst(game, 0, 10)
        await game.manager.subscribe_to_room("ann", "hall")
        await socket.wait(5)
        await stream.wait(5)
        assert len(channels.poll()) == 10, "each line twice"


@pytest.mark.parametrize("first", ["websocket", "sse"])
async def test_the_websocket_carries_whichever_was_first(standby_game: Game, first: str) -> None:
    game = standby_game
    opening = game.websocket("ann") if first == "websocket" else game.stream("ann")
    other = game.stream("ann") if first == "websocket" else game.websocket("ann")
    async with opening as one, other as two:
        await game.connected("ann", websocket=1, sse=1)
        socket, stream = (one, two) if first == "websocket" else (two, one)
        await game.manager.send_personal_message("ann", said(1))
        assert await socket.wait(1) == [said(1)]
        assert stream.events == []


async def test_a_client_may_ask_for_standby_itself(game: Game) -> None:
    async with game.both("ann", query="&twins=standby") as (socket, stream):
        await game.manager.send_personal_message("ann", said(1))
        assert await socket.wait(1) == [said(1)]
        assert stream.events == []
        await socket.socket.close()
        await game.connected("ann", sse=1)
        await game.manager.send_personal_message("ann", said(2))
        assert await stream.wait(1) == [said(2)]


async def test_nothing_falls_between_a_websocket_that_ends_and_the_stream_that_takes_over(
    standby_game: Game,
) -> None:
    """Events that waited for the WebSocket when it broke are written to the stream."""
    game = standby_game

    class Breaks:
        """Takes three events, then breaks in the middle of a burst."""

        def __init__(self) -> None:
            self.taken: list[Any] = []

        async def send_json(self, data: Any) -> None:
            if len(self.taken) == 3:
                raise ConnectionResetError
            self.taken.append(data)

    async with game.stream("ann") as stream:
        await game.connected("ann", sse=1)
        socket = Breaks()
        assert await game.manager.connect_websocket(socket, "ann")
        await game.manager.subscribe_to_room("ann", "hall")
        await burst(game, 0, 10)
        await until(lambda: len(stream.events) + len(socket.taken) >= 10)
        assert socket.taken + stream.events == [said(n) for n in range(10)]

"""A peer that holds a connection open and reads nothing costs its bound, and delays nobody."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import h11
import pytest
from websockets.client import ClientProtocol
from websockets.frames import Frame
from websockets.uri import parse_uri

from dualwire import Config
from dualwire.config import MB, HistoryPolicy
from dualwire.core.lifecycle import State
from dualwire.runtime.connection import Connection
from dualwire.types import ConnectionType
from tests.game import Game, playing
from tests.live import DEADLINE, until

PADDING = "x" * 1000
BATCH = 100
"""Events per round: the twin must have them all before the next."""

KERNEL = 16 * MB
"""More than both sockets' buffers take on any usual machine."""

V1 = "&protocol=dualwire.v1"


@dataclass
class Reader:
    """A client of ``dualwire.v1`` on a raw socket that reads only when told to."""

    socket: socket.socket
    game: Game
    websocket: ClientProtocol | None = None
    http: h11.Connection = field(default_factory=lambda: h11.Connection(h11.CLIENT))
    text: bytes = b""
    frames: list[dict[str, Any]] = field(default_factory=list)

    @property
    def connection(self) -> Connection:
        """What the server has of it."""
        kind = "sse" if self.websocket is None else "websocket"
        player = self.game.manager.node.hub.players["ann"]
        (found,) = (each for each in player.connections.values() if each.connection_type == kind)
        return found

    async def read(self) -> None:
        """Take what is there, once."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(DEADLINE):
            data = await loop.sock_recv(self.socket, 65536)
        assert data, "the server ended the connection"
        if self.websocket is not None:
            self.websocket.receive_data(data)
            for frame in self.websocket.events_received():
                if isinstance(frame, Frame):
                    self.frames.append(json.loads(bytes(frame.data)))
            return
        self.http.receive_data(data)
        while isinstance(event := self.http.next_event(), (h11.Response, h11.Data)):
            self.text += event.data if isinstance(event, h11.Data) else b""
        *blocks, self.text = self.text.split(b"\n\n")
        self.frames += [json.loads(block[6:]) for block in blocks if block.startswith(b"data: {")]

    async def read_until(self, last: int) -> None:
        """Take everything up to the event of a number."""
        while not self.frames or number(self.frames[-1]) != last:
            await self.read()


def number(frame: dict[str, Any]) -> int:
    """The publisher's own count in an event, 0 in any other frame."""
    return int(frame["event"]["n"]) if frame["type"] == "event" else 0


def numbers(frames: list[dict[str, Any]]) -> list[int]:
    """What of the publisher's a client was given."""
    return [number(frame) for frame in frames if number(frame)]


@contextlib.asynccontextmanager
async def connected(game: Game, connection_type: ConnectionType) -> AsyncIterator[Reader]:
    """A connection of ann's that has been opened, and so far read its hello."""
    host, _, port = game.address.partition(":")
    with socket.socket() as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.connect((host, int(port)))
        raw.setblocking(False)
        reader = Reader(raw, game)
        token = game.token("ann")
        if connection_type == "sse":
            headers = {"Host": host, "Authorization": f"Bearer {token}"}
            target = f"/api/events?session_id=session-1{V1}"
            request = h11.Request(method="GET", target=target, headers=list(headers.items()))
            raw.sendall(reader.http.send(request) or b"")
            reader.http.send(h11.EndOfMessage())
        else:
            uri = f"ws://{game.address}/api/ws?session_id=session-1{V1}&token={token}"
            reader.websocket = ClientProtocol(parse_uri(uri))
            reader.websocket.send_request(reader.websocket.connect())
            raw.sendall(b"".join(reader.websocket.data_to_send()))
        while not reader.frames:
            await reader.read()
        assert reader.frames[0]["type"] == "hello"
        yield reader


class Crier:
    """Publishes numbered events into the room of ann, as fast as her twin takes them."""

    def __init__(self, game: Game, twin: Reader, sleeper: Reader) -> None:
        self.game = game
        self.twin = twin
        self.sleeper = sleeper
        self.published = 0
        self.most = 0
        """Bytes that waited for the sleeper, at the worst moment."""

    async def cry(self, batches: int = 1) -> None:
        """Publish, and see that the twin has it all while the sleeper sleeps."""
        for _ in range(batches):
            for _ in range(BATCH):
                self.published += 1
                event = {"n": self.published, "text": PADDING}
                await self.game.manager.broadcast_to_room("hall", event)
                self.most = max(self.most, self.sleeper.connection.waiting)
            await self.twin.read_until(self.published)

    async def cry_until_it_reads(self) -> None:
        """Publish until the sleeper's connection is no longer pushed to."""
        while self.sleeper.connection.state is State.LIVE:
            assert self.published * len(PADDING) < KERNEL, "the kernel takes everything"
            await self.cry()

    def check(self) -> None:
        """The twin had everything in order, and the sleeper cost no more than its bound."""
        limits = self.game.manager.config.limits
        assert numbers(self.twin.frames) == list(range(1, self.published + 1))
        # What the writer holds plus what was being handed to it.
        assert self.most <= 2 * limits.outbox + 2 * len(PADDING)
        assert self.most <= limits.connection


@contextlib.asynccontextmanager
async def stalled(history: HistoryPolicy, sleeper: ConnectionType) -> AsyncIterator[Crier]:
    """Ann in the hall, with one connection that sleeps and one that reads."""
    async with (
        playing(Config(history=history), ws="websockets-sansio", ws_ping_interval=None) as game,
        connected(game, sleeper) as asleep,
        connected(game, "sse" if sleeper == "websocket" else "websocket") as twin,
    ):
        await game.manager.subscribe_to_room("ann", "hall")
        yield Crier(game, twin, asleep)


@pytest.mark.parametrize("sleeper", ["sse", "websocket"])
async def test_who_wakes_while_history_covers_it_gets_everything(sleeper: ConnectionType) -> None:
    async with stalled(HistoryPolicy(room_events=50_000, room_bytes=64 * MB), sleeper) as crier:
        await crier.cry_until_it_reads()
        await crier.cry(20)
        crier.check()
        asleep = crier.sleeper
        await asleep.read_until(crier.published)
        assert numbers(asleep.frames) == list(range(1, crier.published + 1))
        assert not [frame for frame in asleep.frames if frame["type"] in ("lost", "reset")]
        await until(lambda: asleep.connection.state is State.LIVE)


@pytest.mark.parametrize("sleeper", ["sse", "websocket"])
async def test_who_wakes_too_late_is_told_what_is_lost(sleeper: ConnectionType) -> None:
    async with stalled(HistoryPolicy(room_events=300), sleeper) as crier:
        await crier.cry_until_it_reads()
        await crier.cry(10)
        crier.check()
        asleep = crier.sleeper
        await asleep.read_until(crier.published)
        (lost,) = (frame for frame in asleep.frames if frame["type"] == "lost")
        assert (lost["stream"], lost["reason"]) == ("room:hall", "trimmed")
        at = asleep.frames.index(lost)
        before, after = numbers(asleep.frames[:at]), numbers(asleep.frames[at:])
        # The room's offsets are the crier's numbers: every one is an event or within the loss.
        assert before == list(range(1, lost["from"]))
        assert after == list(range(lost["to"] + 1, crier.published + 1))
        assert len(after) >= 300
        await until(lambda: asleep.connection.state is State.LIVE)

"""The gateway: what RFC 6455 demands of a server, floods, and what is left of a connection."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import gc
import json
import os
import struct
import warnings
import weakref
from collections.abc import AsyncIterator, Iterator
from functools import partial
from typing import Any

import pytest

from dualwire import Config, Rates
from dualwire.server.taken import SLICE, TakenStream, TakenWebSocket
from dualwire.transports.direct import DirectTransport

from ..game import Game, playing
from ..live import until

TEXT, BINARY, CONT, CLOSE, PING, PONG = 1, 2, 0, 8, 9, 10
COMMAND = json.dumps({"type": "command", "data": {"command": "look"}})


def frame(opcode: int, payload: bytes = b"", *, fin: bool = True, masked: bool = True) -> bytes:
    """One frame of a client (RFC 6455, section 5.2)."""
    head = bytes([(0x80 if fin else 0) | opcode])
    bit, size = (0x80 if masked else 0), len(payload)
    if size < 126:
        head += bytes([bit | size])
    elif size < 65536:
        head += bytes([bit | 126]) + struct.pack("!H", size)
    else:
        head += bytes([bit | 127]) + struct.pack("!Q", size)
    if not masked:
        return head + payload
    mask = os.urandom(4)
    return head + mask + bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))


class RawWebSocket:
    """A WebSocket client that sends whatever bytes a test wants."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def receive(self) -> tuple[int, bytes]:
        """The next frame: opcode and payload."""
        first, second = await asyncio.wait_for(self.reader.readexactly(2), 10.0)
        assert not second & 0x80, "a server does not mask"
        size = second & 0x7F
        if size == 126:
            size = struct.unpack("!H", await self.reader.readexactly(2))[0]
        elif size == 127:
            size = struct.unpack("!Q", await self.reader.readexactly(8))[0]
        return first & 0x0F, await self.reader.readexactly(size)

    async def close_code(self) -> int:
        """Read on to the close frame; its code."""
        while True:
            opcode, payload = await self.receive()
            if opcode == CLOSE:
                return int(struct.unpack("!H", payload[:2])[0])


@contextlib.asynccontextmanager
async def raw(game: Game, player: str = "ann") -> AsyncIterator[RawWebSocket]:
    host, _, port = game.address.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    key = base64.b64encode(os.urandom(16)).decode()
    writer.write(
        f"GET /api/ws?x=1 HTTP/1.1\r\nHost: {game.address}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
        f"Authorization: Bearer {game.token(player)}\r\n\r\n".encode()
    )
    head = await reader.readuntil(b"\r\n\r\n")
    assert b" 101 " in head
    try:
        yield RawWebSocket(reader, writer)
    finally:
        writer.close()


@pytest.fixture
async def game() -> AsyncIterator[Game]:
    async with playing(server="gateway") as served:
        served.manager.on_command(lambda command: {"you said": command.verb})
        yield served


async def test_the_socket_is_taken_and_no_task_is_left(game: Game) -> None:
    async with game.both("ann"):
        connections = game.manager.node.connections.values()
        assert all(isinstance(each.transport, DirectTransport) for each in connections)
        names = {str(task.get_coro()) for task in asyncio.all_tasks()}
        assert not [name for name in names if "run_asgi" in name]


async def test_a_message_in_fragments_with_a_ping_between_them(game: Game) -> None:
    async with raw(game) as client:
        text = COMMAND.encode()
        client.writer.write(frame(TEXT, text[:5], fin=False))
        client.writer.write(frame(CONT, text[5:9], fin=False))
        client.writer.write(frame(PING, b"still there?"))
        client.writer.write(frame(CONT, text[9:]))
        assert await client.receive() == (PONG, b"still there?")
        assert await client.receive() == (TEXT, b'{"you said":"look"}')


async def test_one_byte_at_a_time(game: Game) -> None:
    async with raw(game) as client:
        for byte in frame(TEXT, COMMAND.encode()):
            client.writer.write(bytes([byte]))
            await client.writer.drain()
        assert await client.receive() == (TEXT, b'{"you said":"look"}')


def parser_of(connection: Any) -> Any:
    """The parser that a connection has for itself, if it does."""
    return connection.transport._handover._taken._parser


async def test_a_parser_is_kept_only_in_the_middle_of_something(game: Game) -> None:
    command = frame(TEXT, COMMAND.encode())
    beginnings = {
        "ann": command[:1],
        "bob": command[:7],
        "eve": frame(TEXT, COMMAND[:5].encode(), fin=False),
        "tim": frame(TEXT, b"", fin=False),
    }
    ends = {
        "ann": command[1:],
        "bob": command[7:],
        "eve": frame(CONT, COMMAND[5:].encode()),
        "tim": frame(CONT, COMMAND.encode()),
    }
    async with contextlib.AsyncExitStack() as stack:
        clients = {name: await stack.enter_async_context(raw(game, name)) for name in beginnings}
        connections = {each.player.id: each for each in game.manager.node.connections.values()}
        for name, client in clients.items():
            client.writer.write(frame(PING, b"x") + beginnings[name])
            assert await client.receive() == (PONG, b"x")
            await until(partial(parser_of, connections[name]))
        assert len({id(parser_of(each)) for each in connections.values()}) == 4
        for name, client in clients.items():
            client.writer.write(ends[name] + command)
            for _ in range(2):
                assert await client.receive() == (TEXT, b'{"you said":"look"}')
            assert parser_of(connections[name]) is None


async def test_a_frame_that_is_longer_than_it_need_be(game: Game) -> None:
    """RFC 6455 forbids it, and nobody is harmed: its connection keeps its parser."""
    payload = COMMAND.encode()
    mask = bytes(4)
    long = bytes([0x81, 0x80 | 126]) + struct.pack("!H", len(payload)) + mask + payload
    async with raw(game) as client:
        for _ in range(2):
            client.writer.write(long)
            assert await client.receive() == (TEXT, b'{"you said":"look"}')


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        pytest.param(frame(TEXT, b"{}", masked=False), 1002, id="not masked"),
        pytest.param(frame(3, b"x"), 1002, id="reserved opcode"),
        pytest.param(frame(PING, b"x" * 126), 1002, id="long control frame"),
        pytest.param(frame(PING, b"x", fin=False), 1002, id="control frame in fragments"),
        pytest.param(frame(CONT, b"x"), 1002, id="continuation of nothing"),
        pytest.param(
            frame(TEXT, b"a", fin=False) + frame(TEXT, b"b"), 1002, id="message within a message"
        ),
        pytest.param(frame(TEXT, b"\xff\xfe"), 1007, id="invalid UTF-8"),
        pytest.param(frame(CLOSE, b"\x00"), 1002, id="close frame of one byte"),
        pytest.param(frame(CLOSE, struct.pack("!H", 1005)), 1002, id="reserved close code"),
    ],
)
async def test_a_peer_that_breaks_the_protocol_is_told_how_and_harms_nobody(
    game: Game, sent: bytes, code: int
) -> None:
    async with game.stream("ann") as twin:
        async with raw(game) as client:
            await game.connected("ann", websocket=1, sse=1)
            client.writer.write(sent)
            assert await client.close_code() == code
            assert await client.reader.read() == b""
        await game.connected("ann", sse=1)
        await game.manager.send_personal_message("ann", {"n": 1})
        assert await twin.wait(1) == [{"n": 1}]
    assert game.manager.node.stats.errors.total() == 0


async def test_a_message_that_is_too_big(game: Game) -> None:
    async with raw(game) as client:
        client.writer.write(frame(TEXT, b'{"type":"' + b"x" * 70_000 + b'"}'))
        assert await client.close_code() == 1009
    await game.connected("ann")


@pytest.mark.parametrize(
    ("payload", "name"),
    [(b"", "normal"), (struct.pack("!H", 1000) + b"bye", "normal"), (b"\x03\xe9", "going_away")],
)
async def test_a_close_is_answered_and_its_code_is_counted(
    game: Game, payload: bytes, name: str
) -> None:
    async with raw(game) as client:
        await game.connected("ann", websocket=1)
        client.writer.write(frame(CLOSE, payload))
        opcode, answer = await client.receive()
        assert opcode == CLOSE
        assert answer[:2] == payload[:2]
        assert await client.reader.read() == b""
        await game.connected("ann")
        assert game.manager.node.stats.closed["websocket", name] == 1


async def test_our_close_waits_for_the_answer_and_then_no_longer(game: Game) -> None:
    async with raw(game) as client:
        await game.connected("ann", websocket=1)
        (connection,) = game.manager.node.connections.values()
        await game.manager.disconnect(connection.id)
        assert await client.close_code() == 1000
        assert connection.id in game.manager.node.connections
        await game.clock.advance(3.0)
        assert connection.id not in game.manager.node.connections
        assert await client.reader.read() == b""


async def test_protocol_pings_find_a_peer_that_is_gone(game: Game) -> None:
    async with game.stream("ann") as twin, raw(game) as client:
        await game.connected("ann", websocket=1, sse=1)
        for _ in range(40):
            await game.clock.advance(1.0)
        opcodes = {(await client.receive())[0], (await client.receive())[0]}
        assert opcodes == {PING, CLOSE}
        await game.connected("ann", sse=1)
        assert game.manager.node.stats.closed["websocket", "stale"] == 1
        assert not twin.ended


async def test_a_pong_is_a_sign_of_life(game: Game) -> None:
    async with raw(game) as client:
        await game.connected("ann", websocket=1)
        (connection,) = game.manager.node.connections.values()
        while connection.pong_due is None:
            await game.clock.advance(1.0)
        assert (await client.receive())[0] == PING
        client.writer.write(frame(PONG))
        await until(lambda: connection.pong_due is None)
        await game.clock.advance(10.0)
        assert game.counts("ann") == (1, 0)


async def test_a_flood_of_tiny_frames_does_not_hold_the_loop(game: Game) -> None:
    """256 KB of pings in one write are 40,000 frames: they are parsed in slices."""
    turns = 0
    async with raw(game) as client, game.websocket("bob") as other:
        await game.connected("ann", websocket=1)
        await game.connected("bob", websocket=1)
        (connection,) = game.manager.node.hub.players["ann"].connections.values()
        before = connection.seen_at
        client.writer.write(frame(PING) * 40_000)
        await client.writer.drain()
        game.clock.shift(1.0)
        await until(lambda: connection.seen_at > before)
        while turns < 20:
            turns += 1
            await game.manager.send_personal_message("bob", {"n": turns})
            await other.wait(turns)
        assert connection.waiting < 256 * 1024, "pongs to a peer that does not read are bounded"


async def test_a_flood_of_commands_waits_its_turn() -> None:
    unlimited = Rates(websocket_commands=None, player_commands=None)
    async with playing(Config(rates=unlimited), server="gateway") as game:
        await _flood(game)


async def _flood(game: Game) -> None:
    release, ran = asyncio.Event(), []

    @game.manager.on_command
    async def act(command: Any) -> dict[str, int]:
        await release.wait()
        ran.append(command)
        return {"n": len(ran)}

    async with raw(game) as client:
        await game.connected("ann", websocket=1)
        (connection,) = game.manager.node.connections.values()
        client.writer.write(frame(TEXT, COMMAND.encode()) * 200)
        await until(lambda: connection.commands >= 32)
        for _ in range(50):
            await asyncio.sleep(0)
        in_one_slice = SLICE // len(frame(TEXT, COMMAND.encode()))
        assert connection.commands <= 32 + in_one_slice, "what was not parsed waits unread"
        release.set()
        for n in range(1, 201):
            assert json.loads((await client.receive())[1]) == {"n": n}


async def test_nothing_of_a_closed_connection_is_left_though_the_collector_is_off(
    game: Game,
) -> None:
    """No cycles: what ends is free at once."""
    left: list[weakref.ref[Any]] = []
    with warnings.catch_warnings():
        # What tests before this one left is found here, and no business of this one.
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
    gc.disable()
    try:
        for _ in range(5):
            async with game.both("ann"):
                left += [weakref.ref(each) for each in game.manager.node.connections.values()]
                left += [
                    weakref.ref(each.transport)
                    for each in game.manager.node.connections.values()
                    if each.transport is not None
                ]
            await game.connected("ann")
            await game.manager.node.wait_settled()
        await until(lambda: sum(each() is not None for each in left) == 0)
    finally:
        gc.enable()


async def test_a_stream_over_http_1_0_takes_the_slow_road(game: Game) -> None:
    """nginx speaks HTTP/1.0 to its upstream by default: no chunks there."""
    host, _, port = game.address.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        f"GET /api/events HTTP/1.0\r\nHost: {game.address}\r\n"
        f"Authorization: Bearer {game.token('ann')}\r\n\r\n".encode()
    )
    await game.connected("ann", sse=1)
    await game.manager.send_personal_message("ann", {"n": 1})
    raw_bytes = b""
    while b'{"n":1}' not in raw_bytes:
        raw_bytes += await asyncio.wait_for(reader.read(4096), 10.0)
    assert b'data: {"n":1}\n\n' in raw_bytes
    writer.close()


async def test_a_stream_that_is_the_third_request_of_its_connection(game: Game) -> None:
    """A browser opens its EventSource on whatever kept-alive connection is idle."""
    host, _, port = game.address.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    for path, expected in [("/api/connections/ann", b" 404 "), ("/nowhere", b" 404 ")]:
        writer.write(
            f"GET {path} HTTP/1.1\r\nHost: {game.address}\r\n"
            f"Authorization: Bearer {game.token('ann')}\r\n\r\n".encode()
        )
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10.0)
        assert expected in head
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        await reader.readexactly(length)
    writer.write(
        f"GET /api/events HTTP/1.1\r\nHost: {game.address}\r\n"
        f"Authorization: Bearer {game.token('ann')}\r\n\r\n".encode()
    )
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10.0)
    assert b" 200 " in head
    await game.connected("ann", sse=1)
    await game.manager.send_personal_message("ann", {"n": 1})
    raw_bytes = b""
    while b'{"n":1}' not in raw_bytes:
        raw_bytes += await asyncio.wait_for(reader.read(4096), 10.0)
    writer.close()
    await game.connected("ann")


async def test_a_shutdown_tells_everybody(game: Game) -> None:
    async with game.both("ann") as (socket, stream):
        for protocol in list(_protocols(game)):
            protocol.shutdown()
        assert await socket.wait_end() == 1012
        await stream.wait_end()
        assert stream.bye is not None
        assert stream.bye["reason"] == "restart"


def _protocols(game: Game) -> Iterator[Any]:
    for each in gc.get_objects():
        # Asking a dead weak proxy of some library for its class raises.
        if type(each) in (TakenStream, TakenWebSocket):
            yield each

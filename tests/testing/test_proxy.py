"""The fault proxy, between real peers on real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import uvloop

from dualwire.exceptions import ConfigurationError, UsageError
from dualwire.testing.proxy import (
    Direction,
    Fault,
    FaultProxy,
    ProxiedConnection,
    Script,
    random_faults,
)
from dualwire.testing.proxy.sniffer import Sniffer
from tests.game import Game
from tests.live import DEADLINE, sse, until, ws

WEBSOCKET = b"GET /api/ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n\r\n"
EVENTS = b"GET /api/events?x=1 HTTP/1.1\r\nHost: x\r\n\r\n"
PLAIN = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


class Peer(asyncio.Protocol):
    """One end of a connection: remembers what it got."""

    def __init__(self) -> None:
        self.got = b""
        self.eof = False
        self.lost = False
        self.error: Exception | None = None
        self.writable = True

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.got += data

    def eof_received(self) -> bool:
        self.eof = True
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost, self.error = True, exc

    def pause_writing(self) -> None:
        self.writable = False

    def resume_writing(self) -> None:
        self.writable = True

    def send(self, data: bytes) -> None:
        self.transport.write(data)

    async def wait(self, data: bytes) -> None:
        """Wait until exactly this has come."""
        await until(lambda: len(self.got) >= len(data))
        assert self.got == data

    async def wait_reset(self) -> None:
        await until(lambda: self.lost)
        assert isinstance(self.error, ConnectionResetError)


@dataclass
class Line:
    """A client and a server, and the connection between them in the proxy."""

    client: Peer
    server: Peer
    connection: ProxiedConnection

    async def check(self) -> None:
        """Bytes pass, both ways."""
        self.client.got = self.server.got = b""
        self.client.send(b"question")
        await self.server.wait(b"question")
        self.server.send(b"answer")
        await self.client.wait(b"answer")


@dataclass
class Net:
    """A server that does what the test says, behind a proxy."""

    proxy: FaultProxy
    servers: list[Peer] = field(default_factory=list)
    clients: list[Peer] = field(default_factory=list)

    async def dial(self) -> Peer:
        loop = asyncio.get_running_loop()
        _, client = await loop.create_connection(Peer, "127.0.0.1", self.proxy.port)
        self.clients.append(client)
        return client

    async def line(self, hello: bytes = b"hello") -> Line:
        """Connect and let the first bytes pass."""
        before = len(self.servers)
        client = await self.dial()
        client.send(hello)
        await until(lambda: len(self.servers) > before and self.servers[-1].got == hello)
        server = self.servers[-1]
        server.got = b""
        return Line(client, server, self.proxy.connections[-1])


@contextlib.asynccontextmanager
async def networking() -> AsyncIterator[Net]:
    net = Net(FaultProxy("127.0.0.1", 1))

    def accept() -> Peer:
        net.servers.append(Peer())
        return net.servers[-1]

    listener = await asyncio.get_running_loop().create_server(accept, "127.0.0.1", 0)
    net.proxy.upstream_port = listener.sockets[0].getsockname()[1]
    try:
        async with net.proxy:
            yield net
    finally:
        listener.close()
        for peer in net.servers + net.clients:
            peer.transport.abort()
        await until(lambda: all(peer.lost for peer in net.servers + net.clients))


@pytest.fixture
async def net() -> AsyncIterator[Net]:
    async with networking() as made:
        yield made


# Without faults


async def test_bytes_pass_both_ways(net: Net) -> None:
    line = await net.line()
    await line.check()
    assert line.connection.faults == ()
    assert line.connection.to_server.passed == len(b"hello" + b"question")
    assert line.connection.to_client.passed == len(b"answer")


async def test_the_server_may_speak_first(net: Net) -> None:
    client = await net.dial()
    await until(lambda: net.servers)
    client.send(b"GE")  # Held: it may become a request.
    net.servers[0].send(b"220 ready")
    await client.wait(b"220 ready")
    await net.servers[0].wait(b"GE")


async def test_half_close_is_passed_on(net: Net) -> None:
    line = await net.line()
    line.client.transport.write_eof()
    await until(lambda: line.server.eof)
    line.server.send(b"still here")
    await line.client.wait(b"still here")
    assert not line.connection.closed
    line.server.transport.write_eof()
    await until(lambda: line.client.eof)
    await line.connection.wait_closed()
    assert net.proxy.connections == ()


async def test_a_half_close_takes_nothing_of_what_came_before(net: Net) -> None:
    line = await net.line()
    line.connection.delay(0.05)
    line.server.send(b"x" * 3_000_000)
    line.server.transport.close()
    await until(lambda: line.client.eof)
    assert len(line.client.got) == 3_000_000


@pytest.mark.parametrize("who", ["client", "server"])
async def test_a_reset_is_passed_on(net: Net, who: str) -> None:
    line = await net.line()
    dying, other = (line.client, line.server) if who == "client" else (line.server, line.client)
    sock = dying.transport.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    dying.transport.abort()
    await other.wait_reset()
    await line.connection.wait_closed()


async def test_a_slow_reader_slows_its_sender(net: Net) -> None:
    line = await net.line()
    line.client.transport.pause_reading()
    sent = 0

    def push() -> bool:
        nonlocal sent
        if line.server.writable:
            line.server.send(b"x" * 1_000_000)
            sent += 1_000_000
        return not line.server.writable and not line.connection.client.writable

    await until(push)
    assert line.connection.to_client.held < 1_000_000
    assert sent < 100_000_000
    line.client.transport.resume_reading()
    await until(lambda: len(line.client.got) == sent)


async def test_an_unreachable_server_is_a_reset() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # Nobody listens there.
        async with FaultProxy("127.0.0.1", taken.getsockname()[1]) as proxy:
            reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
            with pytest.raises(ConnectionResetError):
                await asyncio.wait_for(reader.read(), DEADLINE)
            writer.close()
            await until(lambda: not proxy.connections)
            assert proxy.statistics.unreachable == 1


async def test_hundreds_of_connections(net: Net) -> None:
    lines = [await net.line() for _ in range(300)]
    assert [each.connection_id for each in net.proxy.connections] == list(range(1, 301))
    await asyncio.gather(*(line.check() for line in lines))
    net.proxy.all.reset()
    await until(lambda: not net.proxy.connections)
    await asyncio.gather(*(line.client.wait_reset() for line in lines))
    assert net.proxy.statistics.faults["reset"] == 300


# Faults


async def test_reset_reaches_both(net: Net) -> None:
    line = await net.line()
    line.connection.reset()
    await line.client.wait_reset()
    await line.server.wait_reset()
    await line.connection.wait_closed()
    line.connection.reset()
    assert net.proxy.statistics.faults == {"reset": 1}, "a closed one takes no more"


@pytest.mark.parametrize("direction", ["to_client", "to_server"])
async def test_reset_of_one_direction_leaves_the_other_peer_in_the_dark(
    net: Net, direction: Direction
) -> None:
    line = await net.line()
    line.connection.reset(direction)
    hit, other, way = line.client, line.server, line.connection.to_client
    if direction == "to_server":
        hit, other, way = other, hit, line.connection.to_server
    await hit.wait_reset()
    other.send(b"anybody there?")
    await until(lambda: way.swallowed == len(b"anybody there?"))
    assert not other.lost
    assert not other.eof
    line.connection.heal()
    await other.wait_reset()
    await line.connection.wait_closed()


async def test_a_half_dead_connection_ends_with_its_last_peer(net: Net) -> None:
    line = await net.line()
    line.connection.reset("to_client")
    await line.client.wait_reset()
    line.server.transport.close()
    await line.connection.wait_closed()


async def test_swallow_loses_exactly_what_was_sent_meanwhile(net: Net) -> None:
    line = await net.line()
    for sender, receiver, passage in (
        (line.server, line.client, line.connection.to_client),
        (line.client, line.server, line.connection.to_server),
    ):
        sender.send(b"before,")
        await receiver.wait(b"before,")
        line.connection.swallow()
        sender.send(b"meanwhile,")
        await until(lambda: passage.swallowed == len(b"meanwhile,"))  # noqa: B023 - awaited here
        line.connection.heal()
        sender.send(b"after")
        await receiver.wait(b"before,after")


async def test_swallow_keeps_the_connection_though_a_peer_has_gone(net: Net) -> None:
    line = await net.line()
    line.connection.swallow("to_client")
    line.server.transport.close()

    def knock() -> bool:
        line.client.send(b"hello?")  # The server's kernel answers with a reset.
        return line.connection.server.lost

    await until(knock)
    assert not line.client.eof
    assert not line.client.lost
    line.connection.heal()
    await line.client.wait_reset()


async def test_swallow_reads_although_the_receiver_does_not(net: Net) -> None:
    line = await net.line()
    line.client.transport.pause_reading()
    while line.connection.client.writable:
        line.server.send(b"x" * 1_000_000)
        await asyncio.sleep(0)
    line.connection.swallow()
    before = line.connection.to_client.swallowed
    line.server.send(b"x" * 1_000_000)
    await until(lambda: line.connection.to_client.swallowed >= before + 1_000_000)
    await until(lambda: line.server.writable)


async def test_stall_fills_the_senders_buffers_and_loses_nothing(net: Net) -> None:
    line = await net.line()
    line.connection.stall("to_client")
    sent = 0
    while line.server.writable:
        line.server.send(b"%07d," % (sent // 8))
        sent += 8
    line.client.send(b"the other way works")
    await line.server.wait(b"the other way works")
    assert line.connection.to_client.passed == 0
    assert line.connection.to_client.held == 0
    line.connection.heal()
    await line.client.wait(b"".join(b"%07d," % number for number in range(sent // 8)))


async def test_swallow_and_stall_replace_one_another(net: Net) -> None:
    line = await net.line()
    line.connection.swallow("to_client")
    line.connection.stall("to_client")
    assert line.connection.faults == (Fault("stall", direction="to_client"),)
    line.connection.swallow()
    assert {fault.name for fault in line.connection.faults} == {"swallow"}


async def test_delay_is_at_least_that_and_keeps_order(net: Net) -> None:
    line = await net.line()
    line.connection.delay(0.05)
    start = time.monotonic()
    line.server.send(b"one,")
    await until(lambda: line.connection.to_client.held == 4)
    line.server.send(b"two,")
    await until(lambda: line.connection.to_client.held == 8)
    line.connection.delay(0)
    line.server.send(b"three")
    await line.client.wait(b"one,two,three")
    assert time.monotonic() - start >= 0.05


async def test_delay_does_not_limit_the_throughput(net: Net) -> None:
    line = await net.line()
    line.connection.delay(3600, "to_client")
    line.server.send(b"x" * 20_000_000)
    await until(lambda: line.connection.to_client.held == 20_000_000)
    assert line.connection.to_client.passed == 0
    line.client.transport.pause_reading()
    line.connection.heal()
    unsent = line.connection.client.transport.get_write_buffer_size()  # type: ignore[union-attr]
    assert unsent < 1_000_000, "a reader that is slow then is waited for"
    line.client.transport.resume_reading()
    await until(lambda: len(line.client.got) == 20_000_000)


async def test_what_is_under_way_has_a_limit(net: Net, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dualwire.testing.proxy.passage.HELD_LIMIT", 1_000_000)
    line = await net.line()
    line.connection.delay(3600)
    line.server.send(b"x" * 20_000_000)
    await until(lambda: not line.connection.server.transport.is_reading())  # type: ignore[union-attr]
    assert 1_000_000 <= line.connection.to_client.held < 2_000_000
    line.connection.heal()
    await until(lambda: len(line.client.got) == 20_000_000)


async def test_jitter_keeps_order(net: Net) -> None:
    line = await net.line()
    line.connection.jitter(0.02)
    numbers = [b"%d," % number for number in range(20)]
    for number in numbers:
        before = line.connection.to_client.passed + line.connection.to_client.held
        line.server.send(number)
        await until(
            lambda: (
                line.connection.to_client.passed + line.connection.to_client.held > before  # noqa: B023 - awaited here
            )
        )
    await line.client.wait(b"".join(numbers))


async def test_split_writes_pieces(net: Net) -> None:
    line = await net.line()
    line.connection.split(3)
    before = line.connection.to_client.writes
    line.server.send(b"0123456789")
    await line.client.wait(b"0123456789")
    assert line.connection.to_client.writes - before == 4
    line.connection.heal()
    await line.check()


async def test_split_slows_the_sender_instead_of_gathering(net: Net) -> None:
    line = await net.line()
    line.connection.split(1000)
    line.server.send(b"x" * 3_000_000)
    most = 0
    while len(line.client.got) < 3_000_000:
        most = max(most, line.connection.to_client.held)
        await asyncio.sleep(0)
    assert 0 < most < 1_000_000


async def test_buffer_releases_portions_and_the_rest_on_heal(net: Net) -> None:
    line = await net.line()
    line.connection.buffer(10)
    line.server.send(b"1234567")
    await until(lambda: line.connection.to_client.held == 7)
    assert line.connection.to_client.passed == 0
    line.server.send(b"890abcdefghijklm")
    await line.client.wait(b"1234567890abcdefghij")
    assert line.connection.to_client.held == 3
    line.connection.heal()
    await line.client.wait(b"1234567890abcdefghijklm")


async def test_buffer_releases_the_rest_at_the_end(net: Net) -> None:
    line = await net.line()
    line.connection.buffer(1000)
    line.server.send(b"the end")
    line.server.transport.write_eof()
    await line.client.wait(b"the end")
    await until(lambda: line.client.eof)


async def test_faults_work_together(net: Net) -> None:
    line = await net.line()
    line.connection.delay(0.01)
    line.connection.split(4)
    line.connection.buffer(6)
    line.server.send(b"0123456789abc")
    await line.client.wait(b"0123456789ab")
    assert len(line.connection.faults) == 6
    assert "buffer" in repr(line.connection)


async def test_refuse_is_for_new_connections(net: Net) -> None:
    line = await net.line()
    net.proxy.all.refuse()
    client = await net.dial()
    await client.wait_reset()
    await line.check()
    assert len(net.servers) == 1, "the server was not troubled"
    net.proxy.all.heal()
    await (await net.line()).check()
    assert net.proxy.statistics.faults == {"refuse": 1}


async def test_refuse_one_kind(net: Net) -> None:
    net.proxy.websocket.refuse()
    client = await net.dial()
    client.send(WEBSOCKET)
    await client.wait_reset()
    assert all(not server.got for server in net.servers)
    await (await net.line(EVENTS)).check()


# Aiming


async def test_aiming_at_one_leaves_the_other_alone(net: Net) -> None:
    socket_, stream, other = (
        await net.line(WEBSOCKET),
        await net.line(EVENTS),
        await net.line(b"anything"),
    )
    assert [each.kind for each in net.proxy.connections] == ["websocket", "sse", "other"]
    net.proxy.sse.swallow()
    stream.server.send(b"lost")
    await until(lambda: stream.connection.to_client.swallowed == 4)
    await socket_.check()
    await other.check()
    net.proxy.websocket.reset()
    await socket_.client.wait_reset()
    net.proxy.sse.heal()
    await stream.check()
    net.proxy.other.reset()
    await other.client.wait_reset()
    await stream.check()
    assert net.proxy.statistics.faults == {"swallow": 1, "reset": 2}
    assert net.proxy.statistics.connections == {"websocket": 1, "sse": 1, "other": 1}


async def test_rules_are_for_later_connections_of_their_kind(net: Net) -> None:
    open_before = await net.line(EVENTS)
    net.proxy.rules.sse.swallow("to_client")
    net.proxy.rules.sse.delay(0.01)
    net.proxy.rules.sse.heal("to_server")
    later, socket_ = await net.line(EVENTS), await net.line(WEBSOCKET)
    assert not open_before.connection.faults
    assert not socket_.connection.faults
    assert later.connection.faults == (
        Fault("swallow", None, "to_client"),
        Fault("delay", 0.01, "to_client"),
    )
    net.proxy.rules.sse.heal()
    assert not net.proxy.rules.of("sse")
    assert later.connection.faults
    assert not (await net.line(EVENTS)).connection.faults


async def test_the_rest_of_a_request_is_held_until_its_kind_is_known(net: Net) -> None:
    net.proxy.rules.websocket.swallow()
    client = await net.dial()
    client.send(WEBSOCKET[:30])
    await until(lambda: net.servers)
    client.send(WEBSOCKET[30:])
    [connection] = net.proxy.connections
    await until(lambda: connection.to_server.swallowed == len(WEBSOCKET))
    assert net.servers[0].got == b""


async def test_a_later_request_on_a_kept_connection_changes_its_kind(net: Net) -> None:
    line = await net.line(PLAIN)
    assert net.proxy.statistics.connections == {"other": 1}
    net.proxy.rules.sse.swallow("to_client")
    line.client.send(EVENTS)
    await line.server.wait(EVENTS)
    assert line.connection.kind == "sse"
    assert line.connection.faults == (Fault("swallow", None, "to_client"),)
    assert +net.proxy.statistics.connections == {"sse": 1}


def request(line: str, *headers: str) -> bytes:
    return "\r\n".join([line, "Host: x", *headers, "", ""]).encode()


@pytest.mark.parametrize(
    ("first", "kind"),
    [
        (WEBSOCKET, "websocket"),
        (request("GET /api/events HTTP/1.1", "upgrade:websocket"), "websocket"),
        (EVENTS, "sse"),
        (request("POST /api/events/ann HTTP/1.1"), "sse"),
        (request("GET /any HTTP/1.1", "Accept: text/event-stream"), "sse"),
        (request("GET /any?then=/events HTTP/1.1"), "other"),
        (request("GET /any HTTP/1.1", "Upgrade: h2c"), "other"),
        (b"\x16\x03\x01 TLS", "other"),
        (b"GET " + b"x" * 20_000, "other"),
        (b"GET \r\n\r\n", "other"),
    ],
)
def test_kinds(first: bytes, kind: str) -> None:
    assert Sniffer().feed(first) == (kind, first)
    # In pieces, nothing is lost and the kind is the same.
    sniffer, passed, kinds = Sniffer(), b"", []
    for at in range(0, len(first), 7):
        told, data = sniffer.feed(first[at : at + 7])
        passed += data
        kinds += [told] if told else []
    assert (passed, kinds) == (first, [kind])


def test_a_body_is_never_held() -> None:
    sniffer = Sniffer()
    sniffer.feed(PLAIN)
    for body in (b"P", b"POST /", b"{}"):
        assert sniffer.feed(body) == (None, body)
    assert sniffer.feed(EVENTS) == ("sse", EVENTS)


# Scripts


async def test_a_script_is_run(net: Net) -> None:
    stream, socket_ = await net.line(EVENTS), await net.line(WEBSOCKET)
    script = Script(
        [
            (0.02, "websocket", "reset"),
            (0.0, "sse", Fault("buffer", 100)),
            (0.01, "all", Fault("split", 2)),
        ]
    )
    start = time.monotonic()
    await net.proxy.run(script)
    assert time.monotonic() - start >= 0.02
    await socket_.client.wait_reset()
    assert {fault.name for fault in stream.connection.faults} == {"buffer", "split"}
    assert net.proxy.statistics.faults == {"buffer": 1, "split": 2, "reset": 1}


def test_scripts_are_sorted_values() -> None:
    one = Script([(2.0, "sse", "heal"), (1.0, "all", "stall")])
    assert one == Script([(1.0, "all", Fault("stall")), (2.0, "sse", Fault("heal"))])
    assert hash(one) == hash(Script(one.steps))
    assert [step.at for step in one] == [1.0, 2.0]
    assert (len(one), one.duration, Script([]).duration) == (2, 2.0, 0.0)
    assert "stall" in repr(one)


def test_a_seed_reproduces_its_script() -> None:
    one = random_faults(7, seconds=60, rate=2)
    assert one == random_faults(7, seconds=60, rate=2)
    assert one != random_faults(8, seconds=60, rate=2)
    assert {step.target for step in one} == {"websocket", "sse", "all"}
    assert one.steps[-1] == (60, "all", Fault("heal"))
    done = [step for step in one if step.fault.name != "heal"]
    assert 60 < len(done) < 240
    assert len({step.fault.name for step in done}) == 8
    only = random_faults(7, 60, 2, targets=["sse"], faults=["reset"])
    assert {step.fault.name for step in only.steps[:-1]} == {"reset"}


async def test_random_faults_can_be_run(net: Net) -> None:
    await net.line(EVENTS)
    await net.proxy.run(random_faults(1, seconds=0.2, rate=200))
    await (await net.line(EVENTS)).check()


# Mistakes


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: Fault("explode"), "explode"),  # type: ignore[arg-type]
        (lambda: Fault("reset", None, "up"), "up"),  # type: ignore[arg-type]
        (lambda: Fault("reset", 1.0), "no amount"),
        (lambda: Fault("delay"), "0 or more seconds"),
        (lambda: Fault("delay", -1.0), "0 or more seconds"),
        (lambda: Fault("jitter", float("nan")), "0 or more seconds"),
        (lambda: Fault("split", 0), "1 or more whole bytes"),
        (lambda: Fault("buffer", 1.5), "1 or more whole bytes"),
        (lambda: Script([(-1.0, "all", "reset")]), "0 or more seconds"),
        (lambda: Script([(1.0, "both", "reset")]), "websocket, sse"),  # type: ignore[list-item]
        (lambda: random_faults(1, 0, 1), "above 0"),
        (lambda: random_faults(1, 1, 0), "above 0"),
        (lambda: random_faults(1, 1, 1, targets=[]), "at least one"),
        (lambda: FaultProxy("127.0.0.1", 1).port, "async with"),
    ],
)
def test_mistakes_are_told(make: Callable[[], Any], text: str) -> None:
    with pytest.raises(UsageError, match=text):
        make()


def test_an_amount_that_cannot_work_names_its_fault() -> None:
    with pytest.raises(ConfigurationError, match="split"):
        Fault("split", float("inf"))


# The end


@pytest.mark.parametrize("fault", ["stall", "swallow", "delay", "buffer"])
async def test_closing_is_prompt_whatever_is_in_force(fault: str) -> None:
    before = asyncio.all_tasks()
    async with networking() as net:
        line = await net.line()
        getattr(line.connection, fault)(*([1000] if fault in ("delay", "buffer") else []))
        line.server.send(b"x" * 1_000_000)
        line.client.transport.pause_reading()
        await net.proxy.aclose()
        assert line.connection.closed
        assert net.proxy.connections == ()
        await line.server.wait_reset()
    assert asyncio.all_tasks() == before


async def test_closing_while_clients_are_connecting() -> None:
    async with networking() as net:
        dials = [asyncio.ensure_future(net.dial()) for _ in range(50)]
        await until(lambda: net.proxy.connections)
        await net.proxy.aclose()
        await net.proxy.aclose()
        await asyncio.gather(*dials, return_exceptions=True)
        await until(lambda: all(client.lost for client in net.clients))
        assert net.proxy.connections == ()


# Real servers


async def test_a_player_behind_the_proxy(game: Game) -> None:
    host, _, port = game.address.partition(":")
    token = game.token("ann")
    async with (
        FaultProxy(host, int(port)) as proxy,
        ws(proxy.address, token=token) as socket_,
        sse(proxy.address, token=token) as stream,
    ):
        await game.connected("ann", websocket=1, sse=1)
        assert sorted(each.kind for each in proxy.connections) == ["sse", "websocket"]
        proxy.sse.stall()
        await game.manager.send_personal_message("ann", {"n": 1})
        assert await socket_.wait(1) == [{"n": 1}]
        assert stream.events == []
        proxy.sse.heal()
        assert await stream.wait(1) == [{"n": 1}]
        proxy.websocket.reset()
        await socket_.wait_end()
        await game.connected("ann", sse=1)
        proxy.all.split(1)
        await game.manager.send_personal_message("ann", {"n": 2})
        assert await stream.wait(2) == [{"n": 1}, {"n": 2}]
        async with httpx.AsyncClient(timeout=DEADLINE) as http:
            assert (await http.get(f"http://{proxy.address}/nothing")).status_code == 404


def test_on_uvloop() -> None:
    async def check() -> None:
        async with networking() as net:
            line = await net.line(WEBSOCKET)
            await line.check()
            for direction in ("to_client", "to_server"):
                half = await net.line()
                half.connection.reset(direction)
                await (half.client if direction == "to_client" else half.server).wait_reset()
            line.connection.stall()
            line.server.send(b"stalled")
            line.connection.split(2)
            line.connection.delay(0.01)
            line.connection.heal()
            await line.client.wait(b"answerstalled")
            line.client.transport.write_eof()
            await until(lambda: line.server.eof)
            line.server.transport.close()
            await line.connection.wait_closed()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(check())

"""Sockets that are ours: the contract on both event loops, and what writing past the loop risks."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import cast

import pytest
import uvloop

from dualwire.abc import TransportListener
from dualwire.codes import DRAINING, PEER_GONE, Code
from dualwire.core.encoding import Batch, Frame
from dualwire.core.encoding.plain import PlainEventStream
from dualwire.testing import transport_cases
from dualwire.transports import direct as direct_module
from dualwire.transports.direct import DirectTransport, Handover, Receiver
from tests.event_stream import StreamReader
from tests.live import until

LOOPS = (asyncio.new_event_loop, uvloop.new_event_loop)


class NoHandover(Handover):
    """What a server has to say at the end: nothing."""

    def take(self, transport: DirectTransport, receiver: Receiver | None) -> None:
        raise AssertionError("the socket is attached by hand")

    def goodbye(self, code: Code, reason: str) -> bytes:
        return b""

    def resume(self) -> None:
        raise AssertionError("nothing is read")


class Owner(asyncio.Protocol):
    """The protocol object that is left of a connection."""

    def __init__(self, transport: DirectTransport) -> None:
        self.transport = transport
        self.gone = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport.attach(cast("asyncio.Transport", transport))

    def pause_writing(self) -> None:
        self.transport.pause()

    def resume_writing(self) -> None:
        self.transport.resume()

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport.lost(PEER_GONE)
        # The loop closes the socket right after this.
        asyncio.get_running_loop().call_soon(self.gone.set)


class DirectPeer(StreamReader):
    """A connected pair of sockets: the transport writes to one, the peer reads the other."""

    def __init__(self) -> None:
        super().__init__()
        encoding = PlainEventStream("node")
        self.direct = DirectTransport("sse", encoding, NoHandover(), lambda *_: "", 32 * 1024)
        self.transport = self.direct
        ours, self.socket = socket.socketpair()
        self.ours = ours
        self.socket.setblocking(False)

    async def begin(self) -> None:
        loop = asyncio.get_running_loop()
        _, self.owner = await loop.create_connection(lambda: Owner(self.direct), sock=self.ours)
        self.task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self.reading.wait()
            read = await loop.sock_recv(self.socket, 65536)
            if not read:
                return
            self.raw += read

    async def leave(self) -> None:
        self.task.cancel()
        await asyncio.wait([self.task])
        self.socket.close()


@contextlib.asynccontextmanager
async def direct() -> AsyncIterator[DirectPeer]:
    peer = DirectPeer()
    await peer.begin()
    try:
        yield peer
    finally:
        peer.transport.abort()
        await peer.leave()
        await peer.owner.gone.wait()


@pytest.mark.parametrize("loop", LOOPS, ids=["asyncio", "uvloop"])
@pytest.mark.parametrize("name", transport_cases())
def test_contract(name: str, loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    async def check() -> None:
        await transport_cases()[name](direct)

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(check())


def event(n: int) -> Frame:
    return Frame(n, b"id: node-%d\ndata: %d\n\n" % (n, n))


class Writes(list[int]):
    """To which descriptors something was written past the event loop."""

    def __call__(self, descriptor: int, data: bytes) -> int:
        self.append(descriptor)
        return os.write(descriptor, data)


@pytest.fixture
def writes(monkeypatch: pytest.MonkeyPatch) -> Writes:
    found = Writes()

    class Os:
        name = os.name
        write = staticmethod(found.__call__)

    monkeypatch.setattr(direct_module, "os", Os)
    return found


async def test_bytes_that_the_loop_holds_are_not_overtaken(writes: Writes) -> None:
    async with direct() as peer:
        transport = peer.direct
        transport.start(_Nobody())
        peer.stall()
        transport.write([Frame(0, b"data: %b\n\n" % (b"x" * 4_000_000))])
        past = len(writes)
        transport.write([event(1)])
        transport.write_all([transport], Batch([event(2)]))
        transport.answer(b"data: pong\n\n")
        transport.write([event(3)])
        assert len(writes) == past, "the loop still holds something"
        peer.drain()
        await until(lambda: len(peer.texts) == 5)
        # What the protocol says by itself does not wait for what we still keep.
        assert [each for each in peer.texts if each != "pong"][1:] == ["1", "2", "3"]
        await until(lambda: transport.buffered == 0)
        past = len(writes)
        transport.write([event(4)])
        assert len(writes) == past + 1, "nothing is in the way any more"


@pytest.mark.parametrize("loop", LOOPS, ids=["asyncio", "uvloop"])
def test_an_answer_of_the_protocol_is_not_overtaken(
    loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    """Not even by what is written in the same turn: uvloop keeps what it gets until its end."""

    async def check() -> None:
        async with direct() as peer:
            transport = peer.direct
            transport.start(_Nobody())
            transport.write([event(1)])
            transport.answer(b"data: pong\n\n")
            transport.write([event(2)])
            await until(lambda: len(peer.texts) == 3)
            transport.answer(b"data: pong\n\n")
            transport.write_all([transport], Batch([event(3)]))
            await until(lambda: len(peer.texts) == 5)
            assert peer.texts == ["1", "pong", "2", "pong", "3"]

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(check())


@pytest.mark.parametrize("loop", LOOPS, ids=["asyncio", "uvloop"])
def test_what_the_kernel_takes_in_pieces_arrives_whole(
    loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    async def check() -> None:
        async with direct() as peer, direct() as other:
            transports = [peer.direct, other.direct]
            for transport in transports:
                transport.start(_Nobody())
            # The first one by itself, then both together; more than a socket takes at once.
            bulk = [Frame(n, b"data: %d%b\n\n" % (n, b"x" * 3_000_000)) for n in (1, 2, 3)]
            peer.direct.write(bulk[:1])
            left = DirectTransport.write_all(transports, Batch(bulk[1:2]))
            assert sorted(left) == [0, 1], "something may wait for both"
            assert all(each.buffered for each in transports)
            DirectTransport.write_all(transports, Batch(bulk[2:]))
            assert [each.written_n for each in transports] == [1, 2], "what waits is not written"
            await until(lambda: len(peer.texts) == 3)
            await until(lambda: len(other.texts) == 2)
            assert [text.strip("x") for text in peer.texts] == ["1", "2", "3"]
            assert [text.strip("x") for text in other.texts] == ["2", "3"]
            assert [each.written_n for each in transports] == [3, 3]
            assert {len(text) for text in [*peer.texts, *other.texts]} == {3_000_001}

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(check())


async def test_one_that_takes_nothing_and_one_that_broke_hold_up_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with direct() as full, direct() as broken, direct() as fine:
        peers = [full, broken, fine]
        for peer in peers:
            peer.direct.start(_Nobody())
            peer.direct.write([event(1)])
        failing = {
            full.direct._descriptor: BlockingIOError(errno.EAGAIN, "full"),
            broken.direct._descriptor: BrokenPipeError(errno.EPIPE, "broken"),
        }

        def write(descriptor: int, data: bytes) -> int:
            if descriptor in failing:
                raise failing[descriptor]
            return os.write(descriptor, data)

        class Os:
            name = os.name

        Os.write = staticmethod(write)  # type: ignore[attr-defined]
        monkeypatch.setattr(direct_module, "os", Os)
        left = DirectTransport.write_all([each.direct for each in peers], Batch([event(2)]))
        assert list(left) == [0, 1]
        for peer in peers:
            await until(partial(_has_both, peer))


async def test_a_descriptor_is_let_go_of_before_it_can_be_somebody_elses(writes: Writes) -> None:
    async with direct() as peer:
        transport = peer.direct
        transport.start(_Nobody())
        descriptor = transport._descriptor
        transport.write([event(1)])
        assert writes == [descriptor]
        peer.transport.abort()
        transport.write([event(2)])
        transport.write_all([transport], Batch([event(3)]))
        transport.answer(b"pong")
        await asyncio.sleep(0)
        async with direct() as other:
            other.direct.start(_Nobody())
            transport.write([event(4)])
            transport.write_all([transport], Batch([event(5)]))
            other.direct.write([event(9)])
            await until(lambda: list(other.texts) == ["9"])
        assert len(writes) == 2


async def test_nothing_is_written_past_the_loop_after_the_goodbye(writes: Writes) -> None:
    async with direct() as peer:
        transport = peer.direct
        transport.start(_Nobody())
        transport.write([event(1)])
        past = len(writes)
        transport.close(DRAINING)
        transport.write_all([transport], Batch([event(2)]))
        transport.write([event(3)])
        assert len(writes) == past
        await until(lambda: peer.goodbye == DRAINING.number)
        assert peer.texts == ["1"]


class Held(asyncio.Transport):
    """An event loop's transport that holds what it is given until it is told."""

    def __init__(self) -> None:
        super().__init__({"socket": self})
        self.written: list[bytes] = []
        self.holds = False

    def fileno(self) -> int:
        return 99

    def write(self, data: bytes | bytearray | memoryview[int]) -> None:
        self.written.append(bytes(data))
        self.holds = True

    def get_write_buffer_size(self) -> int:
        return int(self.holds)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Not tested here."""

    def is_closing(self) -> bool:
        return False


@pytest.mark.parametrize("before", ["a rest", "a pong"])
def test_what_comes_behind_something_that_the_loop_holds_goes_through_it(
    before: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[bytes] = []
    room = [3] if before == "a rest" else []

    def write(descriptor: int, data: bytes) -> int:
        assert descriptor == 99
        count = room.pop() if room else len(data)
        taken.append(data[:count])
        return count

    class Os:
        name = "posix"

    Os.write = staticmethod(write)  # type: ignore[attr-defined]
    monkeypatch.setattr(direct_module, "os", Os)
    transport, held = (
        DirectTransport("sse", PlainEventStream("node"), NoHandover(), lambda *_: "", 32 * 1024),
        Held(),
    )
    transport.attach(held)
    if before == "a pong":
        transport.write([event(0)])
        assert taken.pop() == event(0).data, "nothing is in the way"
    if before == "a rest":
        transport.write([event(1)])
        assert (taken.pop(), held.written.pop()) == (event(1).data[:3], event(1).data[3:])
    else:
        transport.answer(b"pong")
        assert held.written.pop() == b"pong"
    transport.write([event(2)])
    DirectTransport.write_all([transport], Batch([event(3)]))
    assert (taken, held.written) == ([], [event(2).data, event(3).data])
    held.holds = False
    transport.write([event(4)])
    DirectTransport.write_all([transport], Batch([event(5)]))
    assert taken == [event(4).data, event(5).data]


async def test_what_is_encrypted_is_never_written_past_the_loop() -> None:
    class Encrypted(asyncio.Transport):
        def get_extra_info(self, name: str, default: object = None) -> object:
            assert name == "sslcontext", "the socket is nobody's business"
            return object()

        def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
            """Not tested here."""

    transport = DirectTransport(
        "sse", PlainEventStream("node"), NoHandover(), lambda *_: "", 32 * 1024
    )
    transport.attach(Encrypted())
    assert transport._descriptor is None


def _has_both(peer: DirectPeer) -> bool:
    return list(peer.texts) == ["1", "2"]


class _Nobody(TransportListener):
    """Listens to nothing."""

    def on_written(self) -> None: ...

    def on_closed(self, code: Code) -> None: ...

"""The contract of transports: on the fake one, and on those that travel over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager

import pytest
import websockets.asyncio.client
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from dualwire.abc import Transport
from dualwire.core.encoding import Frame
from dualwire.core.encoding.plain import PlainEventStream, PlainText
from dualwire.testing import FakeTransport, TransportPeer, check_transport, transport_cases
from dualwire.transports.sse import EventStreamTransport
from dualwire.transports.websocket import WebSocketTransport
from tests.event_stream import StreamReader
from tests.live import serving


class FakePeer(TransportPeer):
    def __init__(self) -> None:
        self.fake = FakeTransport()
        self.transport: Transport = self.fake

    @property
    def texts(self) -> Sequence[str]:
        return self.fake.texts

    @property
    def goodbye(self) -> int | None:
        return self.fake.closed_with.number if self.fake.closed_with else None

    def stall(self) -> None:
        self.fake.stall()

    def drain(self) -> None:
        self.fake.drain()

    async def leave(self) -> None:
        self.fake.break_()


@contextlib.asynccontextmanager
async def fake() -> AsyncIterator[TransportPeer]:
    yield FakePeer()


class StreamPeer(StreamReader):
    """Whoever iterates the byte stream of an SSE response."""

    def __init__(self) -> None:
        super().__init__()
        self.sse = EventStreamTransport(PlainEventStream("node"))
        self.transport: Transport = self.sse
        self.task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async with contextlib.aclosing(self.sse.stream()) as stream:  # type: ignore[type-var]
            await self.reading.wait()
            async for chunk in stream:
                self.raw += chunk
                await self.reading.wait()

    async def leave(self) -> None:
        self.task.cancel()
        await asyncio.wait([self.task])


@contextlib.asynccontextmanager
async def event_stream() -> AsyncIterator[TransportPeer]:
    peer = StreamPeer()
    try:
        yield peer
    finally:
        await peer.leave()


class SocketPeer(TransportPeer):
    """A real WebSocket client of a real server."""

    def __init__(
        self, transport: Transport, client: websockets.asyncio.client.ClientConnection
    ) -> None:
        self.transport = transport
        self.client = client
        self.read: list[str] = []
        self.reading = asyncio.Event()
        self.reading.set()
        self.closed: int | None = None
        self.task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        with contextlib.suppress(websockets.exceptions.ConnectionClosed):
            while True:
                await self.reading.wait()
                self.read.append(str(await self.client.recv()))
        code = self.client.close_code
        self.closed = None if code == 1006 else code

    @property
    def texts(self) -> Sequence[str]:
        return self.read

    @property
    def goodbye(self) -> int | None:
        return self.closed

    def stall(self) -> None:
        self.reading.clear()

    def drain(self) -> None:
        self.reading.set()

    async def leave(self) -> None:
        self.client.transport.abort()
        await self.client.wait_closed()


@contextlib.asynccontextmanager
async def websocket() -> AsyncIterator[TransportPeer]:
    opened: asyncio.Future[WebSocketTransport] = asyncio.get_running_loop().create_future()

    async def endpoint(socket: WebSocket) -> None:
        await socket.accept()
        transport = WebSocketTransport(socket, PlainText())
        task = asyncio.current_task()
        assert task is not None
        transport.on_abort(task.cancel)
        opened.set_result(transport)
        with contextlib.suppress(WebSocketDisconnect, RuntimeError, asyncio.CancelledError):
            while True:
                await socket.receive_text()
        transport.abort()

    app = Starlette(routes=[WebSocketRoute("/", endpoint)])
    async with serving(app, ws="websockets-sansio") as address:
        client = await websockets.asyncio.client.connect(f"ws://{address}/", max_queue=4)
        peer = SocketPeer(await opened, client)
        try:
            yield peer
        finally:
            peer.transport.abort()
            client.transport.abort()
            peer.task.cancel()
            await asyncio.wait([peer.task])


FACTORIES: list[Callable[[], AbstractAsyncContextManager[TransportPeer]]] = [
    fake,
    event_stream,
    websocket,
]


@pytest.mark.parametrize("make", FACTORIES, ids=lambda make: make.__name__)
@pytest.mark.parametrize("name", transport_cases())
async def test_contract(
    name: str, make: Callable[[], AbstractAsyncContextManager[TransportPeer]]
) -> None:
    await transport_cases()[name](make)


async def test_aborting_ends_the_byte_stream_for_whoever_iterates_it() -> None:
    async with event_stream() as peer:
        assert isinstance(peer, StreamPeer)
        peer.transport.abort()
        await asyncio.wait_for(peer.task, 10.0)


async def test_a_broken_transport_is_found() -> None:
    class Shuffling(FakeTransport):
        def write(self, frames: Sequence[Frame]) -> None:
            super().write([frames[-1], *frames[:-1]])

    class Peer(FakePeer):
        def __init__(self) -> None:
            super().__init__()
            self.fake = Shuffling()
            self.transport = self.fake

    @contextlib.asynccontextmanager
    async def shuffling() -> AsyncIterator[TransportPeer]:
        yield Peer()

    with pytest.raises(AssertionError, match="Transport, case frames_arrive_in_order: "):
        await check_transport(shuffling)

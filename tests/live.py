"""Real servers and real clients on real sockets, for tests.

The server runs in the test's own event loop, so a test can look at the manager while real bytes
travel; time is the manager's clock, which a test may move by hand.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import httpx
import hypercorn.asyncio
import hypercorn.config
import uvicorn
import websockets.asyncio.client

from dualwire.server.gateway import GatewayHTTPProtocol, GatewayWebSocketProtocol

ServerName = Literal["uvicorn", "hypercorn", "gateway"]
"""``gateway`` is uvicorn with our own protocols, as ``dualwire serve`` runs it."""

DEADLINE = 30.0
"""Seconds after which a test that waits for something gives up: generous, never reached."""


class _Uvicorn(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        yield


@contextlib.asynccontextmanager
async def serving(app: Any, server: ServerName = "uvicorn", **options: Any) -> AsyncIterator[str]:
    """Serve an application; the address without scheme (``127.0.0.1:PORT``)."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", 0))
    listener.listen(2048)
    address = f"127.0.0.1:{listener.getsockname()[1]}"
    stop = asyncio.Event()
    if server != "hypercorn":
        settings: dict[str, Any] = {"log_config": None, "timeout_graceful_shutdown": 2}
        if server == "gateway":
            settings |= {"http": GatewayHTTPProtocol, "ws": GatewayWebSocketProtocol}
        config = uvicorn.Config(app, **(settings | options))
        instance = _Uvicorn(config)
        task = asyncio.create_task(instance.serve(sockets=[listener]))
        await until(lambda: instance.started or task.done())
    else:
        listener.setblocking(False)
        hyper = hypercorn.config.Config()
        hyper.bind = [f"fd://{listener.detach()}"]
        hyper.graceful_timeout = 1.0
        hyper.shutdown_timeout = 2.0
        hyper.accesslog = hyper.errorlog = None
        for name, value in options.items():
            setattr(hyper, name, value)
        task = asyncio.create_task(hypercorn.asyncio.serve(app, hyper, shutdown_trigger=stop.wait))
        await until_async(lambda: _answers(address))
    try:
        yield address
    finally:
        stop.set()
        if server != "hypercorn":
            instance.should_exit = True
        await asyncio.wait_for(task, DEADLINE)
        listener.close()


async def _answers(address: str) -> bool:
    host, _, port = address.partition(":")
    try:
        _, writer = await asyncio.open_connection(host, int(port))
    except OSError:
        return False
    writer.close()
    return True


async def until(condition: Callable[[], Any], within: float = DEADLINE) -> Any:
    """Wait until a condition holds; its value."""
    deadline = asyncio.get_running_loop().time() + within
    while not (value := condition()):
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"not within {within} s: {condition}")
        await asyncio.sleep(0.002)
    return value


async def until_async(condition: Callable[[], Awaitable[Any]], within: float = DEADLINE) -> Any:
    """Wait until an asynchronous condition holds; its value."""
    deadline = asyncio.get_running_loop().time() + within
    while not (value := await condition()):
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"not within {within} s: {condition}")
        await asyncio.sleep(0.002)
    return value


@dataclass
class SSEClient:
    """A reader of one event stream: raw bytes in, messages out."""

    response: httpx.Response
    messages: list[dict[str, Any]] = field(default_factory=list)
    """Every message: ``event`` (None for unnamed), ``id``, ``data`` (decoded JSON)."""
    raw: bytes = b""
    ended: bool = False
    task: asyncio.Task[None] | None = None

    @property
    def events(self) -> list[Any]:
        """What ``onmessage`` of a browser would be given."""
        return [each["data"] for each in self.messages if each["event"] is None]

    @property
    def bye(self) -> dict[str, Any] | None:
        """The goodbye, if one came."""
        found = [each["data"] for each in self.messages if each["event"] == "bye"]
        return found[-1] if found else None

    async def read(self) -> None:
        try:
            async for chunk in self.response.aiter_raw():
                self.raw += chunk
                *blocks, _ = self.raw.split(b"\n\n")
                parsed = [_parse(block) for block in blocks]
                self.messages = [each for each in parsed if each is not None]
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.StreamClosed):
            pass
        finally:
            self.ended = True

    async def wait(self, count: int) -> list[Any]:
        """Wait for so many events."""
        await until(lambda: len(self.events) >= count)
        return self.events

    async def wait_end(self) -> None:
        """Wait until the server ended the stream."""
        await until(lambda: self.ended)

    async def close(self) -> None:
        if self.task is not None:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)
        await self.response.aclose()


def _parse(block: bytes) -> dict[str, Any] | None:
    fields: dict[str, str] = {}
    for line in block.decode().split("\n"):
        name, _, value = line.partition(": ")
        if name:
            fields[name] = value
    if "data" not in fields:
        return None
    return {
        "event": fields.get("event"),
        "id": fields.get("id"),
        "data": json.loads(fields["data"]),
    }


@contextlib.asynccontextmanager
async def sse(
    address: str, path: str = "/api/events", token: str | None = None, **headers: str
) -> AsyncIterator[SSEClient]:
    """Open an event stream and read it in the background."""
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    async with httpx.AsyncClient(timeout=DEADLINE) as http:
        request = http.build_request("GET", f"http://{address}{path}", headers=headers)
        response = await http.send(request, stream=True)
        client = SSEClient(response)
        if response.status_code != 200:
            await response.aread()
            yield client
            return
        client.task = asyncio.create_task(client.read())
        try:
            await until(lambda: client.raw or client.ended)
            yield client
        finally:
            await client.close()


@dataclass
class WSClient:
    """A reader of one WebSocket."""

    socket: websockets.asyncio.client.ClientConnection
    events: list[Any] = field(default_factory=list)
    ended: bool = False
    task: asyncio.Task[None] | None = None

    async def read(self) -> None:
        try:
            async for text in self.socket:
                self.events.append(json.loads(text))
        except websockets.exceptions.ConnectionClosedError:
            pass
        finally:
            self.ended = True

    async def wait(self, count: int) -> list[Any]:
        """Wait for so many events."""
        await until(lambda: len(self.events) >= count)
        return self.events

    async def wait_end(self) -> int | None:
        """Wait until the connection ended; the close code."""
        await until(lambda: self.ended)
        return self.socket.close_code

    async def send(self, message: Any) -> None:
        await self.socket.send(message if isinstance(message, str) else json.dumps(message))


@contextlib.asynccontextmanager
async def ws(
    address: str, path: str = "/api/ws", token: str | None = None, **options: Any
) -> AsyncIterator[WSClient]:
    """Open a WebSocket and read it in the background."""
    headers = dict(options.pop("headers", {}))
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    async with websockets.asyncio.client.connect(
        f"ws://{address}{path}", additional_headers=headers, open_timeout=DEADLINE, **options
    ) as connection:
        client = WSClient(connection)
        client.task = asyncio.create_task(client.read())
        try:
            yield client
        finally:
            client.task.cancel()
            await asyncio.gather(client.task, return_exceptions=True)

"""The short road: what it is taken for, and that it bypasses nothing that somebody relies on."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import websockets.exceptions
from fastapi import FastAPI, Request
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import HTTPConnection
from starlette.types import Receive, Scope, Send
from uvicorn.config import Config as UvicornConfig
from websockets.datastructures import Headers
from websockets.http11 import Request as HandshakeRequest
from websockets.server import ServerProtocol

from dualwire import Authenticator, Config, ConnectionManager, Identity, Limits
from dualwire.exceptions import AuthenticationError
from dualwire.http import JWTAuthenticator, realtime_router
from dualwire.http.roads import Road, Settled
from dualwire.server.short import Begun, Shortcut, accept_key, address
from dualwire.transports.direct import DirectTransport
from dualwire.transports.sse import EventStreamTransport

from ..game import SECRET, Game, playing
from ..http.site import ELSEWHERE, error_of, site_on
from ..live import DEADLINE, ServerName, serving, sse, until, ws
from .test_gateway import COMMAND, TEXT, RawWebSocket, frame


class Passed(list[str]):
    """What went through an application's middleware: by the long road."""

    def __init__(self, app: FastAPI) -> None:
        stack = app.middleware_stack
        assert stack is not None

        async def noting(scope: Scope, receive: Receive, send: Send) -> None:
            self.append(scope["path"])
            await stack(scope, receive, send)

        app.middleware_stack = noting


@pytest.fixture
async def game() -> AsyncIterator[Game]:
    async with playing(server="gateway") as served:
        served.manager.on_command(lambda command: {"you said": command.verb})
        yield served


def request(game: Game, path: str, *lines: str, method: str = "GET") -> bytes:
    head = [f"{method} {path} HTTP/1.1", f"Host: {game.address}", *lines]
    return "\r\n".join([*head, f"Authorization: Bearer {game.token('ann')}", "", ""]).encode()


UPGRADE = (
    "Upgrade: websocket",
    "Connection: keep-alive, Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)


@contextlib.asynccontextmanager
async def dialled(game: Game) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    host, _, port = game.address.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        yield reader, writer
    finally:
        writer.close()


async def head_of(reader: asyncio.StreamReader) -> bytes:
    return await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10.0)


async def read_until(reader: asyncio.StreamReader, wanted: bytes) -> bytes:
    found = b""
    while wanted not in found:
        piece = await asyncio.wait_for(reader.read(4096), 10.0)
        assert piece, found
        found += piece
    return found


# What it is taken for


async def test_openings_do_not_pass_through_the_application(game: Game) -> None:
    passed = Passed(game.app)
    async with game.both("ann") as (socket, stream):
        await game.manager.send_personal_message("ann", {"n": 1})
        assert await socket.wait(1) == [{"n": 1}]
        assert await stream.wait(1) == [{"n": 1}]
    async with (
        ws(game.address, "/api/ws/ann", game.token("ann")),
        sse(game.address, "/api/events/ann", game.token("ann")),
    ):
        await game.connected("ann", websocket=1, sse=1)
    assert passed == []


async def test_everything_else_does(game: Game) -> None:
    passed = Passed(game.app)
    async with httpx.AsyncClient(base_url=f"http://{game.address}", timeout=DEADLINE) as http:
        bearer = {"Authorization": f"Bearer {game.token('ann')}"}
        assert (await http.head("/api/events", headers=bearer)).status_code == 405
        assert (await http.options("/api/events")).status_code == 204
        assert (await http.post("/api/session", headers=bearer)).status_code == 200
        async with http.stream("POST", "/api/events", headers=bearer, json={}) as answer:
            assert answer.status_code == 200
            await game.connected("ann", sse=1)
    assert passed == ["/api/events", "/api/events", "/api/session", "/api/events"]


async def test_the_head_is_that_of_any_response(game: Game) -> None:
    async with dialled(game) as (reader, writer):
        writer.write(request(game, "/api/events"))
        lines = (await head_of(reader)).lower().split(b"\r\n")
        assert lines[0] == b"http/1.1 200 ok"
        assert {b"transfer-encoding: chunked", b"vary: origin"} <= set(lines)
        assert any(line.startswith(b"date: ") for line in lines)
        assert b"connection: close" not in lines
        assert (await read_until(reader, b": dualwire")).endswith(b"\r\n")
    async with dialled(game) as (reader, writer):
        writer.write(request(game, "/api/events", "Connection: close"))
        assert b"connection: close\r\n" in await head_of(reader)
    async with dialled(game) as (reader, writer):
        writer.write(request(game, "/api/ws", *UPGRADE))
        head = await head_of(reader)
        assert head.startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
        # RFC 6455, section 1.3: the answer to its sample key.
        assert b"sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in head
        assert b"\r\ndate: " in head


async def test_the_first_bytes_of_a_stream_come_with_its_head(game: Game) -> None:
    async with dialled(game) as (reader, writer):
        writer.write(request(game, "/api/events?protocol=dualwire.v1"))
        assert b'"hello"' in await read_until(reader, b'"hello"')


async def test_a_subprotocol_is_selected_and_never_the_token(game: Game) -> None:
    passed = Passed(game.app)
    offered = ["dualwire.v1", f"bearer.{game.token('ann')}"]
    async with ws(game.address, subprotocols=offered) as client:
        await game.connected("ann", websocket=1)
        assert client.socket.subprotocol == "dualwire.v1"
    assert passed == []


# Refusals


async def test_a_refusal_is_answered_by_the_application_and_counted_once(game: Game) -> None:
    passed = Passed(game.app)
    async with sse(game.address, token="rubbish") as stream:
        assert stream.response.status_code == 401
        assert error_of(stream.response)["type"] == "unauthorized"
    with pytest.raises(websockets.exceptions.InvalidStatus) as caught:
        async with ws(game.address, "/api/ws/bob", game.token("ann")):
            pass
    assert caught.value.response.status_code == 403
    async with ws(game.address, subprotocols=["dualwire.v1", "bearer.rubbish"]) as refused:
        assert await refused.wait_end() == 4401
    assert passed == ["/api/events", "/api/ws/bob", "/api/ws"]
    refused_ones = game.manager.node.stats.refused
    assert dict(refused_ones) == {
        ("sse", "unauthorized"): 1,
        ("websocket", "forbidden"): 1,
        ("websocket", "unauthorized"): 1,
    }


async def test_a_player_with_too_many_connections_is_refused_once_each() -> None:
    config = Config(limits=Limits(connections_per_type=1))
    async with playing(config, server="gateway") as game, game.both("ann"):
        async with game.stream("ann") as stream:
            assert stream.response.status_code == 429
        async with game.websocket("ann") as refused:
            assert await refused.wait_end() == 4005
        counted = game.manager.node.stats.refused
        assert counted["websocket", "rate_limited"] == 1
        assert counted["sse", "rate_limited"] == 1
        assert game.counts("ann") == (1, 1)


async def test_a_ticket_is_spent_once() -> None:
    async with site_on("gateway") as site:
        tickets = (await site.tickets())["tickets"]
        async with (
            ws(site.address, f"/api/ws?ticket={tickets['websocket']}"),
            sse(site.address, f"/api/events?ticket={tickets['sse']}"),
        ):
            await site.open("ann", websocket=1, sse=1)
            async with sse(site.address, f"/api/events?ticket={tickets['sse']}") as again:
                assert again.response.status_code == 401


# What stands around an endpoint


async def test_an_applications_own_middleware_keeps_working() -> None:
    manager, auth = ConnectionManager(), JWTAuthenticator(SECRET)
    app = FastAPI()
    app.include_router(realtime_router(manager, auth))
    seen = []

    @app.middleware("http")
    async def own(request: Request, call_next: Any) -> Any:
        seen.append(request.url.path)
        response = await call_next(request)
        response.headers["x-own"] = "yes"
        return response

    async with (
        serving(app, "gateway") as address,
        sse(address, token=auth.issue("ann")) as stream,
    ):
        assert stream.response.headers["x-own"] == "yes"
        await manager.send_personal_message("ann", {"n": 1})
        assert await stream.wait(1) == [{"n": 1}]
        (connection,) = manager.node.connections.values()
        assert isinstance(connection.transport, EventStreamTransport), "the middleware sees it all"
    assert seen == ["/api/events"]


async def test_a_middleware_that_passes_the_head_on_leaves_the_socket_to_us() -> None:
    manager, auth = ConnectionManager(), JWTAuthenticator(SECRET)
    app = FastAPI()
    app.add_middleware(Untouching)
    app.include_router(realtime_router(manager, auth))
    async with (
        serving(app, "gateway") as address,
        sse(address, token=auth.issue("ann")) as stream,
    ):
        await manager.send_personal_message("ann", {"n": 1})
        assert await stream.wait(1) == [{"n": 1}]
        (connection,) = manager.node.connections.values()
        assert isinstance(connection.transport, DirectTransport)


async def test_a_middleware_that_compresses_gets_what_it_compresses() -> None:
    manager, auth = ConnectionManager(), JWTAuthenticator(SECRET)
    app = FastAPI()
    app.add_middleware(GZipMiddleware, minimum_size=1)
    app.include_router(realtime_router(manager, auth))
    async with (
        serving(app, "gateway") as address,
        sse(address, token=auth.issue("ann")) as stream,
    ):
        await manager.send_personal_message("ann", {"n": 1})
        # Starlette leaves event streams alone, but only once it has seen what they are.
        assert await stream.wait(1) == [{"n": 1}]


async def test_an_allowed_page_may_read_the_stream() -> None:
    async with (
        site_on("gateway") as site,
        sse(site.address, token=site.token(), Origin=ELSEWHERE) as stream,
    ):
        headers = stream.response.headers
        assert headers["access-control-allow-origin"] == ELSEWHERE
        assert headers["access-control-allow-credentials"] == "true"
        assert headers["vary"] == "Origin"


@pytest.mark.parametrize("server", ["uvicorn", "gateway"])
async def test_a_root_path_changes_nothing(server: ServerName) -> None:
    async with playing(server=server, root_path="/game") as game, game.both("ann"):
        pass


def test_trusted_proxies_are_believed_as_uvicorn_believes_them() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        """Nothing."""

    def seen(trusted: str, client: str, *lines: tuple[bytes, bytes]) -> tuple[Any, str]:
        config = UvicornConfig(app, forwarded_allow_ips=trusted, log_config=None)
        config.load()
        scope = {"type": "http", "scheme": "http", "client": (client, 5), "headers": [*lines]}
        before = dict(scope)
        head: HTTPConnection = Shortcut(config).head(scope, query_string=b"", path="/")
        assert scope == before, "the long road begins where uvicorn left it"
        return head.client and tuple(head.client), head.scope["scheme"]

    forwarded = [(b"x-forwarded-for", b"9.9.9.9"), (b"x-forwarded-proto", b"https")]
    assert seen("127.0.0.1", "127.0.0.1", *forwarded) == (("9.9.9.9", 0), "https")
    assert seen("127.0.0.1", "8.8.8.8", *forwarded) == (("8.8.8.8", 5), "http")
    assert seen("*", "8.8.8.8", *forwarded) == (("9.9.9.9", 0), "https")
    assert seen("127.0.0.1", "127.0.0.1") == (("127.0.0.1", 5), "http")


async def test_openings_are_in_the_access_log(game: Game, caplog: pytest.LogCaptureFixture) -> None:
    # Whatever another test of this process made of the loggers' levels.
    with (
        caplog.at_level(logging.INFO, logger="uvicorn.error"),
        caplog.at_level(logging.INFO, logger="uvicorn.access"),
    ):
        async with game.both("ann"):
            pass
    lines = [each.getMessage() for each in caplog.records if each.name.startswith("uvicorn.")]
    assert [line for line in lines if '"WebSocket /api/ws?x=1" [accepted]' in line]
    assert [line for line in lines if '"GET /api/events?x=1 HTTP/1.1" 200' in line]


async def test_uvicorns_own_bound_holds() -> None:
    async with (
        playing(server="gateway", limit_concurrency=2) as game,
        game.websocket("ann"),
        sse(game.address, token=game.token("ann")) as stream,
    ):
        assert stream.response.status_code == 503


# Requests as they come


async def test_a_stream_on_a_connection_that_was_used_before(game: Game) -> None:
    passed = Passed(game.app)
    async with dialled(game) as (reader, writer):
        for _ in range(9):
            writer.write(request(game, "/nowhere"))
            assert b" 404 " in await head_of(reader)
            await reader.readexactly(len(b'{"detail":"Not Found"}'))
        writer.write(request(game, "/api/events"))
        assert b" 200 " in await head_of(reader)
        await game.connected("ann", sse=1)
        await game.manager.send_personal_message("ann", {"n": 1})
        await read_until(reader, b'data: {"n":1}\n\n')
    await game.connected("ann")
    assert passed == ["/nowhere"] * 9


async def test_a_websocket_on_a_connection_that_was_used_before(game: Game) -> None:
    async with dialled(game) as (reader, writer):
        writer.write(request(game, "/nowhere"))
        assert b" 404 " in await head_of(reader)
        await reader.readexactly(len(b'{"detail":"Not Found"}'))
        writer.write(request(game, "/api/ws", *UPGRADE))
        assert b" 101 " in await head_of(reader)
        writer.write(frame(TEXT, COMMAND.encode()))
        assert await RawWebSocket(reader, writer).receive() == (TEXT, b'{"you said":"look"}')


async def test_a_request_in_front_of_a_stream_is_answered_first(game: Game) -> None:
    async with dialled(game) as (reader, writer):
        writer.write(request(game, "/nowhere") + request(game, "/api/events"))
        assert b" 404 " in await head_of(reader)
        await reader.readexactly(len(b'{"detail":"Not Found"}'))
        assert b" 200 " in await head_of(reader)
        await game.connected("ann", sse=1)


async def test_a_request_behind_a_stream_is_never_answered(game: Game) -> None:
    async with dialled(game) as (reader, writer):
        writer.write(request(game, "/api/events") + request(game, "/nowhere") + b"\0rubbish")
        assert b" 200 " in await head_of(reader)
        await game.connected("ann", sse=1)
        writer.write(request(game, "/nowhere"))
        await game.manager.send_personal_message("ann", {"n": 1})
        assert b"HTTP/1.1" not in await read_until(reader, b'{"n":1}')


async def test_a_get_with_a_body_takes_the_long_road(game: Game) -> None:
    passed = Passed(game.app)
    async with dialled(game) as (reader, writer):
        writer.write(request(game, "/api/events", "Content-Length: 5") + b"hello")
        assert b" 200 " in await head_of(reader)
        await game.connected("ann", sse=1)
    async with dialled(game) as (reader, writer):
        lines = ("Expect: 100-continue", "Content-Length: 2")
        writer.write(request(game, "/api/events", *lines, method="POST"))
        assert b" 100 " in await head_of(reader)
        writer.write(b"{}")
        assert b" 200 " in await head_of(reader)
    assert passed == ["/api/events"] * 2


async def test_what_a_peer_sends_with_its_handshake_is_not_lost(game: Game) -> None:
    for path in ("/api/ws", "/api/ws?token=%20"):
        # The second one's query is decoded, the first one's is not.
        async with dialled(game) as (reader, writer):
            sent = frame(TEXT, COMMAND.encode())
            writer.write(request(game, path, *UPGRADE) + sent + sent[:3])
            assert b" 101 " in await head_of(reader)
            client = RawWebSocket(reader, writer)
            assert await client.receive() == (TEXT, b'{"you said":"look"}')
            writer.write(sent[3:])
            assert await client.receive() == (TEXT, b'{"you said":"look"}')


async def test_the_same_by_the_long_road() -> None:
    manager, auth = ConnectionManager(), JWTAuthenticator(SECRET)
    manager.on_command(lambda command: {"you said": command.verb})
    app = FastAPI()
    app.add_middleware(Untouching)
    app.include_router(realtime_router(manager, auth))
    async with serving(app, "gateway") as at:
        host, _, port = at.partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        lines = ["GET /api/ws HTTP/1.1", f"Host: {at}", *UPGRADE]
        lines += [f"Authorization: Bearer {auth.issue('ann')}", "", ""]
        writer.write("\r\n".join(lines).encode() + frame(TEXT, COMMAND.encode()))
        assert b" 101 " in await head_of(reader)
        assert await RawWebSocket(reader, writer).receive() == (TEXT, b'{"you said":"look"}')
        writer.close()


class Untouching:
    """Middleware that does nothing, which nobody can know."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


STRANGE = {
    "no key": UPGRADE[:3],
    "no version": (*UPGRADE[:2], UPGRADE[3]),
    "short key": (*UPGRADE[:3], "Sec-WebSocket-Key: dGhl"),
    "two keys": (*UPGRADE, UPGRADE[3]),
    "old version": (*UPGRADE[:2], "Sec-WebSocket-Version: 8", UPGRADE[3]),
    "two versions": (*UPGRADE, UPGRADE[2]),
    "two connections": (UPGRADE[0], "Connection: close", "Connection: Upgrade", *UPGRADE[2:]),
    "a body": (*UPGRADE, "Content-Length: 0"),
    "in capitals": ("UPGRADE: WebSocket", "CONNECTION: UPGRADE", *UPGRADE[2:]),
}


@pytest.mark.parametrize("lines", STRANGE.values(), ids=STRANGE)
async def test_a_strange_handshake_is_answered_as_by_uvicorn(lines: tuple[str, ...]) -> None:
    statuses = []
    for server in ("uvicorn", "gateway"):
        async with playing(server=server) as game, dialled(game) as (reader, writer):
            writer.write(request(game, "/api/ws", *lines))
            statuses.append((await head_of(reader)).split(b" ")[1])
    assert statuses[0] == statuses[1]


def test_our_handshake_accepts_nothing_that_websockets_refuses() -> None:
    for lines in (UPGRADE, *STRANGE.values()):
        pairs = [line.split(": ") for line in lines]
        raw = [(name.lower().encode(), value.encode()) for name, value in pairs]
        theirs = Headers()
        for name, value in pairs:
            theirs[name] = value
        answer = ServerProtocol().accept(HandshakeRequest("/", theirs))
        ours = accept_key(raw)
        assert ours is None or answer.headers["Sec-WebSocket-Accept"] == ours.decode()
        assert ours is not None or lines is not UPGRADE


def test_addresses() -> None:
    assert address(b"/api/ws") == ("/api/ws", b"")
    assert address(b"/api/ws/an%20n?a=b%20?c") == ("/api/ws/an n", b"a=b%20?c")
    for unusual in (b"*", b"http://x/api/ws", b"/api#x", "/é".encode(), b""):
        assert address(unusual) is None


# Authenticators that wait


class Slow(Authenticator):
    """Knows after a while."""

    def __init__(self) -> None:
        self.asked = 0
        self.release = asyncio.Event()

    async def authenticate(self, token: str) -> Identity:
        self.asked += 1
        # Needs a task, as most that asynchronous libraries do.
        async with asyncio.timeout(10.0):
            await self.release.wait()
        if token == "broken":
            raise RuntimeError("the directory is broken")
        if token == "rubbish":
            raise AuthenticationError("no")
        return Identity(player_id=token)


@contextlib.asynccontextmanager
async def slow_game() -> AsyncIterator[tuple[Game, Slow]]:
    slow = Slow()
    async with site_on("gateway", authenticator=slow) as site:
        app = FastAPI()
        yield Game(site.manager, site.address, site.clock, site.auth, app), slow


def openings() -> list[str]:
    """Tasks of requests that are going on."""
    names = [str(task.get_coro()) for task in asyncio.all_tasks()]
    return [name for name in names if "run_asgi" in name or "open_it" in name]


async def test_an_authenticator_that_waits_leaves_no_task() -> None:
    async with (
        slow_game() as (game, slow),
        dialled(game) as (reader, writer),
        dialled(game) as (reader2, writer2),
    ):
        bearer = b"Authorization: Bearer ann\r\n\r\n"
        writer.write(b"GET /api/events HTTP/1.1\r\nHost: x\r\n" + bearer)
        upgrade = "".join(f"{line}\r\n" for line in UPGRADE).encode()
        writer2.write(b"GET /api/ws HTTP/1.1\r\nHost: x\r\n" + upgrade + bearer)
        writer2.write(frame(9, b"early"))
        await until(lambda: slow.asked == 2)
        assert len(openings()) == 2
        slow.release.set()
        assert b" 200 " in await head_of(reader)
        assert b" 101 " in await head_of(reader2)
        await game.connected("ann", websocket=1, sse=1)
        await until(lambda: not openings())
        assert await RawWebSocket(reader2, writer2).receive() == (10, b"early")
        await game.manager.send_personal_message("ann", {"n": 1})
        await read_until(reader, b'{"n":1}')


async def test_a_refusal_after_a_while_is_answered_and_asked_once() -> None:
    async with slow_game() as (game, slow):
        slow.release.set()
        async with sse(game.address, token="rubbish") as stream:
            assert stream.response.status_code == 401
        async with ws(game.address, subprotocols=["dualwire.v1", "bearer.rubbish"]) as refused:
            assert await refused.wait_end() == 4401
        assert slow.asked == 2
        assert game.manager.node.stats.refused.total() == 2


async def test_an_authenticator_that_fails_is_a_500_and_asked_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with slow_game() as (game, slow):
        slow.release.set()
        async with sse(game.address, token="broken") as stream:
            assert stream.response.status_code == 500
        with pytest.raises(websockets.exceptions.InvalidStatus) as caught:
            async with ws(game.address, token="broken"):
                pass
        assert caught.value.response.status_code == 500
        assert slow.asked == 2
        assert "the directory is broken" in caplog.text
        assert not game.manager.node.connections


async def test_a_peer_that_leaves_while_it_is_looked_at() -> None:
    async with slow_game() as (game, slow):
        async with dialled(game) as (_, writer), dialled(game) as (_, writer2):
            bearer = b"Authorization: Bearer ann\r\n\r\n"
            writer.write(b"GET /api/events HTTP/1.1\r\nHost: x\r\n" + bearer)
            upgrade = "".join(f"{line}\r\n" for line in UPGRADE).encode()
            writer2.write(b"GET /api/ws HTTP/1.1\r\nHost: x\r\n" + upgrade + bearer)
            await until(lambda: slow.asked == 2)
        slow.release.set()
        await until(lambda: not openings())
        await until(lambda: not game.manager.node.connections)


async def test_a_request_behind_a_stream_that_waits_is_kept() -> None:
    async with slow_game() as (game, slow), dialled(game) as (reader, writer):
        writer.write(
            b"GET /api/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer rubbish\r\n\r\n"
            b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
        )
        await until(lambda: slow.asked == 1)
        slow.release.set()
        assert b" 401 " in await head_of(reader)
        await read_until(reader, b"HTTP/1.1 200 OK")


async def test_a_subclass_that_waits_need_not_say_so() -> None:
    class Asking(JWTAuthenticator):
        async def authenticate(self, token: str) -> Identity:
            async with asyncio.timeout(10.0):
                await asyncio.sleep(0)
            return await super().authenticate(token)

    auth = Asking(SECRET)
    async with (
        site_on("gateway", authenticator=auth) as site,
        ws(site.address, token=auth.issue("ann")),
    ):
        await site.open("ann", websocket=1)


async def test_an_opening_that_waits_though_it_should_not_goes_on_in_a_task() -> None:
    waited: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def opening(head: Any, handover: Any) -> Settled | None:
        await asyncio.sleep(0)
        try:
            await waited
        except ValueError:
            await asyncio.sleep(0)
            return Settled()
        return None

    begun = Begun(Road("sse", opening, waits=lambda: False), None, None)  # type: ignore[arg-type]
    assert not begun.done
    task = asyncio.ensure_future(begun)
    await asyncio.sleep(0)
    waited.set_exception(ValueError())
    assert isinstance(await task, Settled)


def test_an_opening_that_waits_for_nothing_is_done_at_once() -> None:
    async def opening(head: Any, handover: Any) -> Settled | None:
        return None

    begun = Begun(Road("sse", opening, waits=lambda: False), None, None)  # type: ignore[arg-type]
    assert begun.done
    assert begun.settled is None

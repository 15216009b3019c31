"""The doctor and real servers, with a proxy between that spoils what passes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import jwt
import pytest
from fastapi import FastAPI
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse

from dualwire import Config
from dualwire.cli import exit_codes
from dualwire.config import Heartbeat
from dualwire.testing import FaultProxy
from tests.game import Game, playing
from tests.live import serving, until

from .examined import Told, examine, found, verdicts


@contextlib.asynccontextmanager
async def spoiled(
    config: Config | None = None,
) -> AsyncIterator[tuple[Game, FaultProxy, str]]:
    """A game, the proxy in front of it, and the proxy's URL."""
    async with playing(config, server="gateway") as game:
        host, _, port = game.address.partition(":")
        async with FaultProxy(host, int(port)) as proxy:
            yield game, proxy, f"http://127.0.0.1:{proxy.port}"


def foreign(**claims: int) -> str:
    """A token that somebody else signed."""
    return jwt.encode({"sub": "ann", **claims}, "another-secret-that-is-long-enough-too")


@pytest.mark.parametrize("server", ["uvicorn", "hypercorn", "gateway"])
async def test_any_application_on_any_server_is_fine(server: str) -> None:
    async with playing(server=server) as game:  # type: ignore[arg-type]
        code, report = await examine(f"http://{game.address}", game.token("ann"))
        assert verdicts(report) == {}
        for check in ("websocket", "event_stream", "headers", "uplink", "same_game"):
            assert report.verdict_of(check) == "ok", check
        assert found(report, "clock").verdict == "problem"
        assert code == exit_codes.PROBLEMS_FOUND
        await until(lambda: game.counts("ann") == (0, 0))


async def test_a_player_who_plays_is_not_disturbed() -> None:
    async with playing(server="gateway") as game, game.both("ann", "ann-plays-here") as both:
        _, report = await examine(f"http://{game.address}", game.token("ann"))
        assert verdicts(report) == {}
        await until(lambda: game.counts("ann") == (1, 1))
        socket, stream = both
        assert (socket.ended, stream.ended) == (False, False)
        assert (socket.events, stream.events) == ([], [])


async def test_a_buffer_is_named_with_its_size() -> None:
    async with spoiled() as (game, proxy, url):
        proxy.rules.sse.buffer(4096, "to_client")
        code, report = await examine(url, game.token("ann"), hurried=True)
        assert code == exit_codes.PROBLEMS_FOUND
        assert found(report, "websocket").verdict == "ok"
        stream = found(report, "event_stream")
        assert (stream.verdict, "not even its headers" in stream.seen) == ("problem", True)
        assert "the server has it open" in stream.seen
        held = found(report, "buffering")
        assert held.verdict == "problem"
        assert "they came together, once about" in held.seen
        assert "proxy_buffering off;" in held.advice


async def test_a_buffer_is_found_while_the_player_plays_too() -> None:
    async with spoiled() as (game, proxy, url), game.both("ann"):
        proxy.rules.sse.buffer(4096, "to_client")
        _, report = await examine(url, game.token("ann"), hurried=True)
        assert found(report, "buffering").verdict == "problem"


async def test_what_gathers_events_for_a_while_is_named() -> None:
    async with spoiled() as (game, proxy, url):
        proxy.rules.sse.delay(0.6, "to_client")
        _, report = await examine(url, game.token("ann"))
        late = found(report, "buffering")
        assert (late.verdict, "s late on the event stream" in late.seen) == ("problem", True)


async def test_what_is_later_than_anybody_waits_is_not_taken_for_the_next_answer() -> None:
    async with spoiled() as (game, proxy, url):
        proxy.rules.sse.delay(0.3, "to_client")
        _, report = await examine(url, game.token("ann"), hurried=True)
        assert found(report, "buffering").verdict == "problem"


async def test_a_websocket_that_is_refused_on_the_way() -> None:
    async with spoiled() as (game, proxy, url):
        proxy.rules.websocket.refuse()
        code, report = await examine(url, game.token("ann"))
        assert code == exit_codes.PROBLEMS_FOUND
        assert verdicts(report) == {"websocket": "problem"}
        blocked = found(report, "websocket")
        assert blocked.seen.startswith("blocked: ")
        assert "Upgrade" in blocked.advice


async def test_a_handshake_that_is_swallowed() -> None:
    async with spoiled() as (game, proxy, url):
        proxy.rules.websocket.swallow("to_client")
        _, report = await examine(url, game.token("ann"), hurried=True)
        assert "the handshake was not answered" in found(report, "websocket").seen
        assert found(report, "event_stream").verdict == "ok"


@pytest.mark.parametrize("kind", ["websocket", "sse"])
async def test_a_connection_that_is_cut_while_it_is_silent(kind: str) -> None:
    async with spoiled() as (game, proxy, url):
        told = Told()
        running = asyncio.create_task(examine(url, game.token("ann"), watch=1.0, tell=told))
        await until(told.watching)
        getattr(proxy, kind).reset()
        _, report = await running
        cut, other = "idle_websocket", "idle_event_stream"
        if kind == "sse":
            cut, other = other, cut
        assert found(report, cut).verdict == "problem"
        assert "cut after" in found(report, cut).seen
        assert "proxy_read_timeout" in found(report, cut).advice
        assert found(report, other).verdict == "ok"


async def test_both_cut_is_known_at_once() -> None:
    async with spoiled() as (game, proxy, url):
        told = Told()
        running = asyncio.create_task(examine(url, game.token("ann"), watch=600, tell=told))
        await until(told.watching)
        proxy.all.reset()
        _, report = await running
        assert report.verdict_of("idle_websocket") == "problem"
        assert report.verdict_of("idle_event_stream") == "problem"


async def test_a_connection_that_is_forgotten_without_a_word() -> None:
    config = Config(heartbeat=Heartbeat(interval=1.0))
    async with spoiled(config) as (game, proxy, url):
        told = Told()
        running = asyncio.create_task(
            examine(url, game.token("ann"), watch=6, tell=told, hurried=True)
        )
        await until(told.watching)
        proxy.sse.swallow()
        _, report = await running
        assert "no end either" in found(report, "idle_event_stream").seen


async def test_a_logout_meanwhile_is_the_servers_will() -> None:
    async with playing(server="gateway") as game:
        told = Told()
        running = asyncio.create_task(
            examine(f"http://{game.address}", game.token("ann"), watch=600, tell=told)
        )
        await until(told.watching)
        await game.manager.disconnect_player("ann")
        _, report = await running
        assert found(report, "idle_event_stream").verdict == "warning"
        assert "4400 logged_out" in found(report, "idle_event_stream").seen


@pytest.mark.parametrize(
    ("token", "seen", "advice"),
    [
        ("nonsense", "HTTP 401", "this is none"),
        (foreign(exp=1_000_000_000), "it expired", "it is too old"),
        (foreign(exp=4_000_000_000), "HTTP 401", "another secret or key"),
    ],
)
async def test_a_token_that_is_not_accepted(token: str, seen: str, advice: str) -> None:
    async with playing() as game:
        code, report = await examine(f"http://{game.address}", token)
        assert code == exit_codes.AUTHENTICATION_REFUSED
        refused = found(report, "token")
        assert seen in refused.seen
        assert advice in refused.advice
        assert "dualwire token" in refused.advice
        assert token not in str(report.fields())


async def test_no_token_and_no_guests() -> None:
    async with playing() as game:
        code, report = await examine(f"http://{game.address}")
        assert code == exit_codes.AUTHENTICATION_REFUSED
        assert "lets no guest in" in found(report, "token").seen
        assert "--token" in found(report, "token").advice


async def test_nobody_listens() -> None:
    code, report = await examine("http://127.0.0.1:9")
    assert code == exit_codes.CANNOT_CONNECT
    assert found(report, "address").seen == "nothing listens at 127.0.0.1, port 9"


async def test_no_such_host() -> None:
    code, report = await examine("http://nowhere.invalid")
    assert code == exit_codes.CANNOT_CONNECT
    assert found(report, "address").seen == "no such host: nowhere.invalid"


async def test_tls_where_there_is_none() -> None:
    async with playing() as game:
        code, report = await examine(f"https://{game.address}")
        assert code == exit_codes.CANNOT_CONNECT
        assert f"use http://{game.address}" in found(report, "tls").advice


async def test_what_hangs_up() -> None:
    async with spoiled() as (_, proxy, url):
        proxy.rules.all.refuse()
        code, _ = await examine(url)
        assert code == exit_codes.CANNOT_CONNECT


def strange(answer: Response) -> FastAPI:
    """A server that answers whatever is asked in one way."""
    app = FastAPI()

    async def always() -> Response:
        return answer

    app.add_api_route("/{path:path}", always, methods=["GET", "POST"])
    return app


@pytest.mark.parametrize(
    ("answer", "check", "advice"),
    [
        (HTMLResponse("<title>Welcome</title>"), "server", "look for the route that takes it"),
        (HTMLResponse("<title>502</title>", 502), "server", "is `dualwire serve` running"),
        (HTMLResponse("<title>Log in</title>", 401), "server", "asks for a login of its own"),
        (Response(status_code=404), "server", "realtime_router"),
        (RedirectResponse("https://sso.example/login"), "address", "login page"),
        (
            RedirectResponse("https://game.example/api/connections/stats", 301),
            "address",
            "use https://game.example everywhere",
        ),
    ],
)
async def test_who_is_not_dualwire(answer: Response, check: str, advice: str) -> None:
    async with serving(strange(answer)) as address:
        code, report = await examine(f"http://{address}")
        assert code == exit_codes.NOT_DUALWIRE
        assert found(report, check).verdict == "problem"
        assert advice in found(report, check).advice


async def test_what_a_stranger_says_cannot_reach_the_terminal() -> None:
    async with serving(strange(HTMLResponse("<title>\x1b[2J\x07" + "x" * 500, 500))) as address:
        _, report = await examine(f"http://{address}")
        seen = found(report, "server").seen
        assert seen.isprintable()
        assert len(seen) < 200


async def test_a_path_that_the_application_does_not_have() -> None:
    async with playing() as game:
        code, report = await examine(f"http://{game.address}/moor/east", game.token("ann"))
        assert code == exit_codes.NOT_DUALWIRE
        assert f"use http://{game.address};" in found(report, "address").advice


async def test_a_path_that_the_application_is_mounted_below() -> None:
    async with playing() as game:
        outer = FastAPI()
        outer.mount("/moor", game.app)
        async with serving(outer) as address:
            _, report = await examine(f"http://{address}/moor", game.token("ann"))
            assert verdicts(report) == {}


async def test_two_processes_that_do_not_know_each_other() -> None:
    """A proxy sends each new connection to the next of two games in memory."""
    async with playing() as one, playing() as other:
        host, _, port = one.address.partition(":")
        _, _, second = other.address.partition(":")
        async with FaultProxy(host, int(port)) as proxy:
            url, token = f"http://127.0.0.1:{proxy.port}", one.token("ann")
            told = Told()

            def turn(text: str, share: float | None) -> None:
                told(text, share)
                if text == "Opening both connections":
                    # The sockets that are open stay where they are, new ones go elsewhere.
                    proxy.upstream_port = int(second)

            code, report = await examine(url, token, tell=turn)
            assert code == exit_codes.PROBLEMS_FOUND
            assert found(report, "same_game").verdict == "problem"
            assert "--engine redis://" in found(report, "same_game").advice


async def test_a_server_whose_host_is_changed_on_the_way() -> None:
    """What nginx does by itself: pages of the outer address are strangers to the server."""
    async with playing() as game:

        async def inner(scope, receive, send) -> None:  # type: ignore[no-untyped-def]
            if scope["type"] != "lifespan":
                kept = [each for each in scope["headers"] if each[0] != b"host"]
                scope = scope | {"headers": [*kept, (b"host", b"upstream")]}
            await game.app(scope, receive, send)

        async with serving(inner) as address:
            _, report = await examine(f"http://{address}", game.token("ann"))
            refused = found(report, "origin")
            assert refused.verdict == "problem"
            assert "proxy_set_header Host" in refused.advice


async def test_what_streams_without_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dualwire.cli.doctor.server.LONGEST_ANSWER", 0.3)

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"frame"
            await asyncio.sleep(0.01)

    async with serving(strange(StreamingResponse(endless(), media_type="video/x"))) as address:
        code, report = await examine(f"http://{address}")
        assert code == exit_codes.NOT_DUALWIRE
        assert "had not ended" in found(report, "server").seen

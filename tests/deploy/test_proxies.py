"""The shipped nginx and Caddy configurations, in the real programs."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from tests.game import Game, playing
from tests.live import DEADLINE, sse, until, ws

DEPLOY = Path(__file__).parents[2] / "deploy"
STRANGER = "198.51.100.7"


@dataclass(frozen=True)
class Proxy:
    """How to run one."""

    command: Callable[[Path], list[str]]
    configure: Callable[[Path, str, int], None]
    """Writes its configuration into a directory: the server's address, the port to listen at."""


def nginx(place: Path, upstream: str, port: int) -> None:
    site = replaced(
        (DEPLOY / "nginx.conf").read_text(),
        ("server 127.0.0.1:8000;", f"server {upstream};"),
        ("listen 80;", f"listen 127.0.0.1:{port};"),
        ("/var/log/nginx/dualwire.log", str(place / "access.log")),
    )
    (place / "site.conf").write_text(site)
    paths = "".join(
        f"{kind}_temp_path {place}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    main = (
        f"daemon off;\nworker_processes 1;\npid {place}/nginx.pid;\n"
        f"error_log {place}/error.log;\nevents {{}}\nhttp {{\n{paths}include {place}/site.conf;\n}}"
    )
    (place / "nginx.conf").write_text(main)


def caddy(place: Path, upstream: str, port: int) -> None:
    site = replaced(
        (DEPLOY / "Caddyfile").read_text(),
        ("game.example {", f"http://127.0.0.1:{port} {{"),
        ("127.0.0.1:8000", upstream),
    )
    options = f"admin off\n\tstorage file_system {place}\n\tgrace_period"
    (place / "Caddyfile").write_text(replaced(site, ("grace_period", options)))


PROXIES = {
    "nginx": Proxy(
        lambda place: ["nginx", "-p", str(place), "-c", str(place / "nginx.conf")], nginx
    ),
    "caddy": Proxy(lambda place: ["caddy", "run", "--config", str(place / "Caddyfile")], caddy),
}


def replaced(text: str, *changes: tuple[str, str]) -> str:
    for before, after in changes:
        assert before in text, f"the configuration has no {before!r} any more"
        text = text.replace(before, after)
    return text


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.asynccontextmanager
async def behind(name: str, upstream: str, place: Path) -> AsyncIterator[str]:
    """Run a proxy in front of a server; its address."""
    proxy, port = PROXIES[name], free_port()
    proxy.configure(place, upstream, port)
    process = await asyncio.create_subprocess_exec(
        *proxy.command(place),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(place)},
    )
    try:
        address = f"127.0.0.1:{port}"
        async with httpx.AsyncClient(timeout=DEADLINE) as http, asyncio.timeout(DEADLINE):
            while True:
                assert process.returncode is None, f"{name} did not start"
                with contextlib.suppress(httpx.TransportError):
                    await http.get(f"http://{address}/", timeout=1.0)
                    break
                await asyncio.sleep(0.01)
        yield address
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@pytest.fixture(params=list(PROXIES))
async def proxied(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[tuple[Game, str, str]]:
    """A game as ``dualwire serve`` serves it, the proxy's name, and its address."""
    async with playing(server="gateway") as game:

        async def who(asking: Request) -> PlainTextResponse:
            assert asking.client is not None
            return PlainTextResponse(f"{asking.client.host} {asking.headers['host']}")

        game.app.add_route("/who", who)
        async with behind(request.param, game.address, tmp_path) as address:
            yield game, request.param, address


async def test_each_event_arrives_before_the_next_is_sent(
    proxied: tuple[Game, str, str],
) -> None:
    game, _, address = proxied
    async with sse(address, token=game.token("ann")) as stream:
        assert stream.response.status_code == 200
        await game.connected("ann", sse=1)
        for n in range(1, 11):
            assert await game.manager.send_personal_message("ann", {"n": n})
            assert (await stream.wait(n))[-1] == {"n": n}


async def test_both_connections_carry_and_each_end_is_seen(
    proxied: tuple[Game, str, str],
) -> None:
    game, _, address = proxied
    token = game.token("ann")
    async with sse(address, token=token) as stream:
        async with ws(address, token=token) as socket:
            await game.connected("ann", websocket=1, sse=1)
            await game.manager.send_personal_message("ann", {"n": 1})
            assert await socket.wait(1) == await stream.wait(1) == [{"n": 1}]
            await socket.send({"type": "ping"})
            assert (await socket.wait(2))[1]["type"] == "pong"
        await game.connected("ann", sse=1)
    await until(lambda: game.counts("ann") == (0, 0))


async def test_what_the_server_says_at_the_end_arrives(proxied: tuple[Game, str, str]) -> None:
    game, _, address = proxied
    token = game.token("ann")
    async with sse(address, token=token) as stream, ws(address, token=token) as socket:
        await game.connected("ann", websocket=1, sse=1)
        await game.manager.disconnect_player("ann")
        assert await socket.wait_end() == 4400
        await stream.wait_end()
        assert stream.bye is not None
        assert stream.bye["code"] == 4400


async def test_the_server_learns_who_asks_and_for_which_host(
    proxied: tuple[Game, str, str],
) -> None:
    _, name, address = proxied
    forwarded = {"X-Forwarded-For": STRANGER, "Host": "game.example"}
    if name == "caddy":
        forwarded.pop("Host")  # It serves only the address that it was given.
    async with httpx.AsyncClient(base_url=f"http://{address}", timeout=DEADLINE) as http:
        host, asked_for = (await http.get("/who", headers=forwarded)).text.split()
    # nginx adds to what was there, and the nearest proxy that is trusted here is this machine;
    # Caddy believes nobody, and names its own peer.
    assert host == {"nginx": STRANGER, "caddy": "127.0.0.1"}[name]
    assert asked_for == forwarded.get("Host", address)


async def test_secrets_of_addresses_are_in_no_log(
    proxied: tuple[Game, str, str], tmp_path: Path
) -> None:
    _, _, address = proxied
    async with httpx.AsyncClient(base_url=f"http://{address}", timeout=DEADLINE) as http:
        await http.get("/who", params={"ticket": "a-secret-ticket"})
    assert not told(tmp_path, b"a-secret-ticket")


def told(place: Path, secret: bytes) -> list[Path]:
    """Files of a proxy that a secret stands in."""
    return [each for each in place.rglob("*") if each.is_file() and secret in each.read_bytes()]

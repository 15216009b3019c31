"""``dualwire doctor`` behind the real proxies: what it names, and that the shipped configurations
leave it nothing to name."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dualwire.cli import exit_codes
from tests.cli.doctor.examined import examine, found, verdicts
from tests.game import playing

from .test_proxies import PROXIES, behind, free_port


@contextlib.asynccontextmanager
async def plain_nginx(place: Path, *locations: str) -> AsyncIterator[list[str]]:
    """nginx with what it does by itself, beside what each location says; the URL of each."""
    ports = [free_port() for _ in locations]
    servers = "".join(
        f"server {{ listen 127.0.0.1:{port}; location / {{ {location} }} }}\n"
        for port, location in zip(ports, locations, strict=True)
    )
    paths = "".join(
        f"{kind}_temp_path {place}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (place / "nginx.conf").write_text(
        f"daemon off;\nworker_processes 1;\npid {place}/nginx.pid;\nerror_log {place}/error.log;\n"
        f"events {{}}\nhttp {{\naccess_log off;\n{paths}{servers}}}"
    )
    process = await asyncio.create_subprocess_exec(
        *PROXIES["nginx"].command(place),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(place)},
    )
    try:
        for port in ports:
            await listens(port)
        yield [f"http://127.0.0.1:{port}" for port in ports]
    finally:
        process.kill()
        await process.wait()


async def listens(port: int) -> None:
    async with asyncio.timeout(30.0):
        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("name", list(PROXIES))
async def test_behind_the_shipped_configurations_nothing_is_wrong(
    name: str, tmp_path: Path
) -> None:
    async with (
        playing(server="gateway") as game,
        behind(name, game.address, tmp_path) as address,
    ):
        _, report = await examine(f"http://{address}", game.token("ann"), watch=0.5)
        assert verdicts(report) == {}
        expected = {"nginx": "nginx", "caddy": "Caddy"}[name]
        assert f"through {expected}" in found(report, "address").seen
        assert report.verdict_of("idle_event_stream") == "ok"


async def test_behind_default_nginx_each_problem_is_named_with_its_directive(
    tmp_path: Path,
) -> None:
    async with (
        playing(server="gateway") as game,
        plain_nginx(tmp_path, f"proxy_pass http://{game.address};") as (url,),
    ):
        _, report = await examine(url, game.token("ann"))
        assert verdicts(report) == {"origin": "problem", "websocket": "problem"}
        assert "proxy_set_header Upgrade $http_upgrade;" in found(report, "websocket").advice
        assert "proxy_set_header Host $http_host;" in found(report, "origin").advice
        assert "was for nginx" in found(report, "headers").seen


async def test_an_nginx_that_does_as_it_pleases_holds_events_back(tmp_path: Path) -> None:
    """With its default of HTTP/1.0 to a server that sends no chunks then."""
    async with playing(server="hypercorn") as game:
        location = f"proxy_pass http://{game.address}; proxy_ignore_headers X-Accel-Buffering;"
        async with plain_nginx(tmp_path, location) as (url,):
            _, report = await examine(url, game.token("ann"), hurried=True)
            held = found(report, "buffering")
            assert held.verdict == "problem"
            assert "they came together, once about" in held.seen
            assert "proxy_buffering off;" in held.advice


async def test_one_default_nginx_behind_another_holds_events_back(tmp_path: Path) -> None:
    """The inner one obeys X-Accel-Buffering, and takes it away from the outer one. With the
    shipped configuration on the outside that is no matter."""
    places = [tmp_path / name for name in ("inner", "outer", "shipped")]
    for each in places:
        each.mkdir()
    async with (
        playing(server="gateway") as game,
        plain_nginx(places[0], f"proxy_pass http://{game.address};") as (inner,),
        plain_nginx(places[1], f"proxy_pass {inner};") as (url,),
        behind("nginx", inner.removeprefix("http://"), places[2]) as shipped,
    ):
        _, report = await examine(url, game.token("ann"), hurried=True)
        held = found(report, "buffering")
        assert held.verdict == "problem"
        assert "one nginx behind another" in held.advice
        assert "the server has it open" in found(report, "event_stream").seen
        _, report = await examine(f"http://{shipped}", game.token("ann"))
        assert found(report, "buffering").verdict != "problem"
        assert found(report, "event_stream").verdict == "ok"


async def test_an_nginx_that_gives_up_on_silence(tmp_path: Path) -> None:
    async with playing(server="gateway") as game:
        location = f"proxy_pass http://{game.address}; proxy_read_timeout 1s;"
        async with plain_nginx(tmp_path, location) as (url,):
            _, report = await examine(url, game.token("ann"), watch=600)
            cut = found(report, "idle_event_stream")
            assert cut.verdict == "problem"
            assert "of silence" in cut.seen
            assert "proxy_read_timeout 75s;" in cut.advice


async def test_an_nginx_that_compresses(tmp_path: Path) -> None:
    async with playing(server="gateway") as game:
        location = f"proxy_pass http://{game.address}; gzip on; gzip_types *; gzip_proxied any;"
        async with plain_nginx(tmp_path, location) as (url,):
            _, report = await examine(url, game.token("ann"))
            assert found(report, "compression").verdict == "warning"
            assert "gzip off;" in found(report, "compression").advice


async def test_an_upstream_that_is_not_there(tmp_path: Path) -> None:
    async with plain_nginx(tmp_path, "proxy_pass http://127.0.0.1:9;") as (url,):
        code, report = await examine(url)
        assert code == exit_codes.NOT_DUALWIRE
        assert "HTTP 502 from nginx" in found(report, "server").seen
        assert "is `dualwire serve` running" in found(report, "server").advice

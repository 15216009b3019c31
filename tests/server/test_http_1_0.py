"""Who speaks HTTP/1.0: nginx by its default, and hardly anybody else."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import httpx

from tests.game import Game, playing
from tests.live import DEADLINE, sse, until


@contextlib.asynccontextmanager
async def nginx(place: Path, upstream: str) -> AsyncIterator[str]:
    """An nginx that was told nothing but where to go; its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    paths = "".join(
        f"{kind}_temp_path {place}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (place / "nginx.conf").write_text(
        f"daemon off;\nworker_processes 1;\npid {place}/nginx.pid;\n"
        f"error_log {place}/error.log info;\nevents {{}}\nhttp {{\naccess_log off;\n{paths}"
        f"server {{ listen 127.0.0.1:{port};\n"
        f"location / {{ proxy_http_version 1.0; proxy_pass http://{upstream}; }} }} }}"
    )
    process = await asyncio.create_subprocess_exec(
        *("nginx", "-p", str(place), "-c", str(place / "nginx.conf")),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
    )
    address = f"127.0.0.1:{port}"
    try:
        async with httpx.AsyncClient() as http, asyncio.timeout(DEADLINE):
            while True:
                assert process.returncode is None, "nginx did not start"
                with contextlib.suppress(httpx.TransportError):
                    await http.get(f"http://{address}/", timeout=1.0)
                    break
                await asyncio.sleep(0.01)
        yield address
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_events_come_through_an_nginx_that_was_told_nothing(tmp_path: Path) -> None:
    async with (
        playing(server="gateway") as game,
        nginx(tmp_path, game.address) as address,
        sse(address, "/api/events", game.token("ann")) as stream,
    ):
        await game.connected("ann", sse=1)
        for n in range(100):
            await game.manager.send_personal_message("ann", {"n": n})
        # Each as soon as it is written, and nothing of how the stream was framed on the way.
        assert await stream.wait(100) == [{"n": n} for n in range(100)]
        await game.manager.disconnect_player("ann")
        await stream.wait_end()
        assert b"bye" in stream.raw
        await until(lambda: not game.manager.node.connections)


async def ask(game: Game, path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, _, port = game.address.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    token = game.token("ann")
    writer.write(f"GET {path} HTTP/1.0\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
    return reader, writer


async def test_a_stream_says_itself_how_it_is_framed(game: Game) -> None:
    """Uvicorn answers whatever is asked as HTTP/1.1: a client that goes by the answer's own version
    reads it, and the connection is the stream's alone."""
    reader, writer = await ask(game, "/api/events")
    async with asyncio.timeout(DEADLINE):
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        assert head.startswith(b"http/1.1 200 ")
        assert b"\r\ntransfer-encoding: chunked\r\n" in head
        assert b"\r\nconnection: close\r\n" in head
        await game.connected("ann", sse=1)
        await game.manager.send_personal_message("ann", {"n": 1})
        assert await reader.readuntil(b'{"n":1}')
        await game.manager.disconnect_player("ann")
        assert (await reader.read()).endswith(b"0\r\n\r\n")
    writer.close()


async def test_what_ends_has_a_length_and_no_chunks(game: Game) -> None:
    reader, writer = await ask(game, "/api/connections/ann")
    async with asyncio.timeout(DEADLINE):
        answer = (await reader.read()).lower()
    assert answer.startswith(b"http/1.1 ")
    assert b"\r\ncontent-length: " in answer
    assert b"chunked" not in answer
    writer.close()

"""``dualwire serve`` as a real process."""

from __future__ import annotations

import re
import signal
import socket
import stat
from pathlib import Path

import httpx
import pytest

from dualwire.cli import exit_codes
from dualwire.http import JWTAuthenticator
from tests.live import DEADLINE, sse, until, ws

from .running import SECRET, Process, dualwire, run

APP = """
from fastapi import FastAPI
from dualwire import ConnectionManager
from dualwire.http import JWTAuthenticator, realtime_router
manager = ConnectionManager()
app = FastAPI()
app.include_router(realtime_router(manager, JWTAuthenticator("{secret}")))
"""


async def address_of(server: Process) -> str:
    said = await server.says(" is served at http://127.0.0.1:")
    found = re.search(r"served at http://(127\.0\.0\.1:\d+)", said)
    assert found is not None
    return found[1]


def token(player_id: str = "amy") -> str:
    return JWTAuthenticator(SECRET).issue(player_id, name="Amy")


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
async def test_a_stop_says_goodbye_first_and_is_soon(tmp_path: Path, signum: int) -> None:
    async with dualwire("serve", "--port", "0", cwd=tmp_path, DUALWIRE_SECRET=SECRET) as server:
        address = await address_of(server)
        async with httpx.AsyncClient(timeout=DEADLINE) as http:
            assert (await http.get(f"http://{address}/healthz")).status_code == 200
        async with sse(address, token=token()) as stream, ws(address, token=token()) as socket_:
            server.process.send_signal(signum)
            await stream.wait_end()
            assert stream.bye is not None
            assert stream.bye["code"] == 1012
            assert await socket_.wait_end() == 1012
        assert await server.ends() == exit_codes.OK
        assert "Traceback" not in server.err
        assert "timeout graceful shutdown exceeded" not in server.err


async def test_an_application_by_its_import_string(tmp_path: Path) -> None:
    (tmp_path / "mygame.py").write_text(APP.format(secret=SECRET))
    async with dualwire("serve", "mygame:app", "--port", "0", cwd=tmp_path) as server:
        address = await address_of(server)
        assert server.out.startswith("mygame:app is served at")
        async with sse(address, token=token()) as stream:
            server.process.terminate()
            await stream.wait_end()
            assert stream.bye is not None
        assert await server.ends() == exit_codes.OK


async def test_the_first_run_makes_a_secret_that_the_token_command_uses(tmp_path: Path) -> None:
    async with dualwire("serve", "--port", "0", cwd=tmp_path) as server:
        address = await address_of(server)
        path = tmp_path / ".dualwire" / "secret"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        made = await run("token", "amy", "--name", "Amy", cwd=tmp_path)
        assert made.process.returncode == exit_codes.OK, made
        async with ws(address, token=made.out.strip()) as client:
            await client.wait(1)
        assert path.read_text().strip() not in server.err + server.out


async def test_an_access_log_shows_no_secret(tmp_path: Path) -> None:
    args = ("serve", "--port", "0", "--access-log", "--log-format", "json")
    async with dualwire(*args, cwd=tmp_path, DUALWIRE_SECRET=SECRET) as server:
        address = await address_of(server)
        async with httpx.AsyncClient(timeout=DEADLINE) as http:
            await http.get(f"http://{address}/healthz?token=opensesame")
        await until(lambda: "/healthz" in server.err)
        assert "opensesame" not in server.err


async def test_without_an_access_log_requests_are_quiet(tmp_path: Path) -> None:
    async with dualwire("serve", "--port", "0", cwd=tmp_path, DUALWIRE_SECRET=SECRET) as server:
        address = await address_of(server)
        async with httpx.AsyncClient(timeout=DEADLINE) as http:
            answer = await http.get(f"http://{address}/healthz")
        assert "server" not in answer.headers
        server.process.terminate()
        await server.ends()
    assert "/healthz" not in server.err


def is_empty(folder: Path) -> bool:
    return not any(folder.iterdir())


def one_line(failed: Process) -> str:
    assert failed.err.startswith("error: "), failed
    assert failed.err.count("\n") == 1, failed
    return failed.err


async def test_a_taken_port(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        failed = await run("serve", "--port", port, cwd=tmp_path, DUALWIRE_SECRET=SECRET)
    assert failed.process.returncode == exit_codes.CANNOT_LISTEN
    assert port in one_line(failed)
    assert "served at" not in failed.out


async def test_no_such_address(tmp_path: Path) -> None:
    args = ("serve", "--host", "192.0.2.1", "--port", "0")
    failed = await run(*args, cwd=tmp_path, DUALWIRE_SECRET=SECRET)
    assert failed.process.returncode == exit_codes.CANNOT_LISTEN
    assert "192.0.2.1" in one_line(failed)


async def test_an_unreadable_world(tmp_path: Path) -> None:
    args = ("serve", "--world", "nowhere.yaml", "--port", "0")
    failed = await run(*args, cwd=tmp_path, DUALWIRE_SECRET=SECRET)
    assert failed.process.returncode == exit_codes.WORLD_UNREADABLE
    assert "nowhere.yaml" in one_line(failed)


@pytest.mark.parametrize(
    ("name", "source", "named"),
    [
        ("nothere:app", "", "nothere"),
        ("broken:app", "1 / 0", "ZeroDivisionError"),
        ("broken:app", "import nothere", "nothere"),
        ("broken:app", "x = 1", "'app'"),
        ("broken:x", "x = 1", "ASGI"),
        ("broken", "x = 1", "module:attribute"),
        ("broken:app", "async def app(scope, receive, send): raise RuntimeError", ""),
    ],
)
async def test_an_unusable_application(tmp_path: Path, name: str, source: str, named: str) -> None:
    (tmp_path / "broken.py").write_text(source)
    if not named:
        source = "from fastapi import FastAPI\ndef fail(_): raise OSError\n"
        (tmp_path / "broken.py").write_text(source + "app = FastAPI(lifespan=fail)")
        failed = await run("serve", name, "--port", "0", cwd=tmp_path)
        assert failed.err.splitlines()[-1].startswith("error: cannot serve broken:app")
    else:
        failed = await run("serve", name, "--port", "0", cwd=tmp_path)
        assert named in one_line(failed)
    assert failed.process.returncode == exit_codes.APP_UNUSABLE


@pytest.mark.parametrize(
    ("flags", "environ", "code"),
    [
        (("--profile", "prod"), {}, exit_codes.BAD_SETTINGS),
        (("--profile", "production"), {}, exit_codes.BAD_SETTINGS),
        (("--port", "70000"), {}, exit_codes.BAD_SETTINGS),
        ((), {"DUALWIRE_SESSION__GRACE": "-3"}, exit_codes.BAD_SETTINGS),
        ((), {"DUALWIRE_SECRET": "short"}, exit_codes.BAD_SETTINGS),
    ],
)
async def test_bad_settings(
    tmp_path: Path, flags: tuple[str, ...], environ: dict[str, str], code: int
) -> None:
    failed = await run("serve", *flags, cwd=tmp_path, **environ)
    assert failed.process.returncode == code
    one_line(failed)
    assert is_empty(tmp_path)


async def test_a_bad_flag(tmp_path: Path) -> None:
    failed = await run("serve", "--nonsense", cwd=tmp_path)
    assert failed.process.returncode == exit_codes.USAGE
    assert "Traceback" not in failed.err


async def test_a_misspelt_variable_is_told(tmp_path: Path) -> None:
    failed = await run("serve", "x", cwd=tmp_path, DUALWIRE_HSOT="x")
    assert "DUALWIRE_HSOT" in failed.err

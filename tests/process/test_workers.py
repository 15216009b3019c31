"""``dualwire serve --workers``: several real processes on one port."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from dualwire.cli import exit_codes
from dualwire.http import JWTAuthenticator
from tests.live import sse, until, until_async

from .running import SECRET, Process, dualwire, run
from .test_serve import address_of

APP = f"""
import os
from fastapi import FastAPI
from dualwire import ConnectionManager
from dualwire.clock import SystemClock
from dualwire.engines.memory import MemoryEngine
from dualwire.http import JWTAuthenticator, monitoring_router, realtime_router

engine = MemoryEngine(SystemClock())
engine.durable = True  # It says so; nothing here needs it to be true.
manager = ConnectionManager(engine)
app = FastAPI()
app.include_router(realtime_router(manager, JWTAuthenticator({SECRET!r})))
app.include_router(monitoring_router(manager))


@app.get("/pid")
def pid() -> int:
    return os.getpid()
"""
# Time enough for a worker to have got ready on a machine that is busy with other tests.
SOON = 60.0


async def pids(address: str, count: int = 30) -> set[int]:
    """Who answers: each request is a connection of its own, so that each is dealt out."""
    found = set()
    for _ in range(count):
        with contextlib.suppress(httpx.TransportError):
            found.add(int((await _get(address, "/pid")).text))
    return found


async def _get(address: str, path: str) -> httpx.Response:
    async with httpx.AsyncClient(timeout=10.0) as http:
        return await http.get(f"http://{address}{path}")


@contextlib.asynccontextmanager
async def serving(
    tmp_path: Path, workers: int, **environ: str
) -> AsyncIterator[tuple[Process, str]]:
    (tmp_path / "crowd.py").write_text(APP)
    args = ("serve", "crowd:app", "--port", "0", "--workers", str(workers))
    async with dualwire(*args, cwd=tmp_path) as server:
        yield server, await address_of(server)
        if server.process.returncode is None:
            server.process.terminate()
            await server.ends()


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_they_share_a_port_and_stop_together(tmp_path: Path) -> None:
    async with serving(tmp_path, 3) as (server, address):
        assert server.out.count("served at") == 1
        assert server.out.rstrip().endswith("by 3 workers")
        workers: set[int] = set()
        await until_async(lambda: _all(address, workers, 3), SOON)
        token = JWTAuthenticator(SECRET).issue("amy")
        async with sse(address, token=token, path="/api/events?protocol=dualwire.v1") as stream:
            server.process.terminate()
            await until(lambda: any(each["type"] == "warning" for each in stream.events))
            assert not stream.ended
        assert await server.ends() == exit_codes.OK
    assert not any(map(is_alive, workers))
    assert "Traceback" not in server.err


async def _all(address: str, found: set[int], count: int) -> bool:
    found |= await pids(address, 10)
    return len(found) == count


async def test_one_that_dies_is_replaced(tmp_path: Path) -> None:
    async with serving(tmp_path, 2) as (server, address):
        first: set[int] = set()
        await until_async(lambda: _all(address, first, 2), SOON)
        victim = min(first)
        os.kill(victim, signal.SIGKILL)

        async def replaced() -> bool:
            now = await pids(address, 10)
            return len(now) == 2 and victim not in now

        await until_async(replaced, SOON)
        assert f"pid={victim}" in server.out + server.err


async def test_they_are_renewed_one_after_the_other(tmp_path: Path) -> None:
    async with serving(tmp_path, 2) as (server, address):
        first: set[int] = set()
        await until_async(lambda: _all(address, first, 2), SOON)
        server.process.send_signal(signal.SIGHUP)

        async def renewed() -> bool:
            now = await pids(address, 10)
            return len(now) == 2 and not now & first

        await until_async(renewed, SOON)
        await until(lambda: not any(map(is_alive, first)), SOON)
        server.process.terminate()
        assert await server.ends() == exit_codes.OK


async def test_without_their_supervisor_they_stop(tmp_path: Path) -> None:
    async with serving(tmp_path, 2) as (server, address):
        workers: set[int] = set()
        await until_async(lambda: _all(address, workers, 2), SOON)
        server.process.kill()
        await until(lambda: not any(map(is_alive, workers)), SOON)


@pytest.mark.parametrize("args", [("--workers", "2"), ("--workers", "2", "--engine", "memory")])
async def test_several_need_an_engine_that_they_share(
    tmp_path: Path, args: tuple[str, ...]
) -> None:
    failed = await run("serve", *args, "--port", "0", cwd=tmp_path, DUALWIRE_SECRET=SECRET)
    assert failed.process.returncode == exit_codes.BAD_SETTINGS
    assert failed.err.count("\n") == 1
    assert "--engine redis://" in failed.err


async def test_an_application_with_an_engine_of_its_own_process(tmp_path: Path) -> None:
    source = APP.replace("manager = ConnectionManager(engine)", "manager = ConnectionManager()")
    (tmp_path / "alone.py").write_text(source)
    args = ("serve", "alone:app", "--port", "0", "--workers", "3")
    failed = await run(*args, cwd=tmp_path)
    assert failed.process.returncode == exit_codes.APP_UNUSABLE
    assert failed.err.count("error: ") == 1  # The first worker says it for all.
    assert "--engine redis://" in failed.err


async def test_an_application_that_does_not_load(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("1 / 0")
    failed = await run("serve", "broken:app", "--port", "0", "--workers", "3", cwd=tmp_path)
    assert failed.process.returncode == exit_codes.APP_UNUSABLE
    assert failed.err.count("error: ") == 1
    assert "ZeroDivisionError" in failed.err


async def test_a_taken_port(tmp_path: Path) -> None:
    async with serving(tmp_path, 1) as (_, address):
        port = address.rpartition(":")[2]
        failed = await run("serve", "crowd:app", "--port", port, "--workers", "2", cwd=tmp_path)
    assert failed.process.returncode == exit_codes.CANNOT_LISTEN
    assert port in failed.err

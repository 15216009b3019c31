"""Each example is started as its reader would start it, plays its part, and stops."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.live import DEADLINE, sse, until, until_async, ws

EXAMPLES = Path(__file__).parent.parent / "examples"
PROVEN = {"minimal", "plain_starlette", "existing_fastapi", "chat_rooms"}
TEST = EXAMPLES / "testing" / "test_grace.py"
CLIENT = EXAMPLES / "python_client" / "listen.py"


@dataclass
class Example:
    """One example that is served by a process of its own."""

    address: str
    out: str

    def tokens(self) -> list[str]:
        """The tokens that it prints for a try, in order."""
        return list(dict.fromkeys(re.findall(r"eyJ[\w-]+\.[\w-]+\.[\w-]+", self.out)))


@contextlib.asynccontextmanager
async def running(name: str) -> AsyncIterator[Example]:
    """Run an example on a free port, until the test has seen enough."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(EXAMPLES / name / "app.py"),
        env=os.environ | {"PORT": str(port), "PYTHONUNBUFFERED": "1"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    example = Example(f"127.0.0.1:{port}", "")
    reader = asyncio.create_task(_read(process, example))
    try:
        await until(lambda: "running on" in example.out or process.returncode is not None)
        assert process.returncode is None, example.out
        yield example
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(DEADLINE):
            await process.wait()
        assert "Traceback" not in example.out, example.out
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await reader


async def _read(process: asyncio.subprocess.Process, example: Example) -> None:
    assert process.stdout is not None
    while text := await process.stdout.read(65536):
        example.out += text.decode()


@pytest.mark.parametrize("name", ["minimal", "plain_starlette"])
async def test_minimal(name: str) -> None:
    async with running(name) as example:
        (token,) = example.tokens()
        said = {"from": "ann", "text": "Hello"}
        async with (
            sse(example.address, token=token) as stream,
            ws(example.address, token=token) as socket,
        ):
            message = {"type": "say", "text": "Hello"}
            await until_async(lambda: _post(example, "/api/send", token, message))
            assert await stream.wait(1) == [said]
            assert await socket.wait(1) == [said]
            await socket.send(message)
            assert await stream.wait(2) == [said] * 2


async def test_existing_fastapi() -> None:
    async with running("existing_fastapi") as example, httpx.AsyncClient(timeout=DEADLINE) as http:
        url = f"http://{example.address}"
        wrong = await http.post(f"{url}/login", json={"name": "ann", "password": ""})
        assert wrong.status_code == 401
        known = {"name": "ann", "password": "wonderland"}
        token = (await http.post(f"{url}/login", json=known)).json()["token"]
        async with sse(example.address, token="another") as stream:
            assert stream.response.status_code == 401
        async with sse(example.address, token=token) as stream:
            await _post(example, "/api/send", token, {"type": "say", "text": "Hello"})
            assert await stream.wait(1) == [{"from": "ann", "text": "Hello"}]
            left = await http.post(f"{url}/logout", json={"token": token})
            assert left.json() == {"was_playing": True}
            await stream.wait_end()
            assert stream.bye is not None
            assert stream.bye["reason"] == "logged_out"
        async with sse(example.address, token=token) as stream:
            assert stream.response.status_code == 401


async def test_chat_rooms() -> None:
    async with running("chat_rooms") as example:
        ann, bob = example.tokens()
        async with (
            sse(example.address, token=ann) as heard,
            ws(example.address, token=bob) as socket,
        ):
            await until(lambda: "bob comes in." in _told(heard.events))
            await socket.send(_command("say Hello Ann"))
            await until(lambda: 'bob says: "Hello Ann"' in _told(heard.events))
            await until(lambda: 'You say: "Hello Ann"' in _told(socket.events))
            await socket.send(_command("who"))
            await until(lambda: "Here: ann, bob" in _told(socket.events))

            await _post(example, "/api/send", ann, _command("mute bob"))
            await socket.send(_command("say Can you hear me?"))
            await until(lambda: 'You say: "Can you hear me?"' in _told(socket.events))
            await socket.send(_command("join attic"))
            await until(lambda: "You are in attic." in _told(socket.events))
            await _post(example, "/api/send", ann, _command("join attic"))
            await until(lambda: "ann comes in." in _told(socket.events))
            assert _told(heard.events) == ["bob comes in.", 'bob says: "Hello Ann"']


async def test_python_client() -> None:
    async with running("chat_rooms") as example:
        ann, bob = example.tokens()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, str(CLIENT), f"http://{example.address}", ann),
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        listening = Example(example.address, "")
        reader = asyncio.create_task(_read(process, listening))
        try:
            await until(lambda: "done " in listening.out or process.returncode is not None)
            assert "You say:" in listening.out
            async with ws(example.address, token=bob) as socket:
                await socket.send(_command("say Hello Ann"))
                await until(lambda: "Hello Ann" in listening.out)
        finally:
            process.kill()
            await process.wait()
            await reader
        assert listening.out.count("Hello Ann") == 1


async def test_testing() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pytest", "-q", "-o", "asyncio_mode=auto", str(TEST)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await process.communicate()
    assert process.returncode == 0, out.decode()
    assert b"1 passed" in out


def test_every_example_is_run() -> None:
    assert {path.parent.name for path in EXAMPLES.glob("*/app.py")} == PROVEN
    assert {*EXAMPLES.glob("*/*.py")} == {TEST, CLIENT, *EXAMPLES.glob("*/app.py")}


@pytest.mark.parametrize("name", sorted(PROVEN))
def test_an_example_listens_on_this_machine_only(name: str) -> None:
    assert 'host="127.0.0.1"' in (EXAMPLES / name / "app.py").read_text()


async def _post(example: Example, path: str, token: str, message: Any) -> bool:
    async with httpx.AsyncClient(timeout=DEADLINE) as http:
        headers = {"Authorization": f"Bearer {token}"}
        url = f"http://{example.address}{path}"
        return (await http.post(url, json=message, headers=headers)).is_success


def _command(text: str) -> dict[str, object]:
    return {"type": "command", "data": {"command": text}}


def _told(events: list[Any]) -> list[str]:
    return [each["data"]["message"] for each in events]

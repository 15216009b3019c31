"""Processes that are killed and started again: Redis, nodes, nginx."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from dualwire.client.certificates import trust

from ..children import ChildError

__all__ = ["Cluster", "Node", "Process", "cluster", "free_port", "redis_process"]

START = 60.0
"""Seconds in which a process must have begun to answer, on a machine that is busy."""

STOP = 60.0
"""Seconds in which one must have ended that was told to stop."""

SERVE = "from dualwire.cli import main; main()"


class Process:
    """A process that can be ended and started again with the same arguments.

    Args:
        name: for messages.
        command: the program and its arguments.
        answers: whether it is ready.
        environ: more environment variables.
        log: where what it says goes.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        answers: Callable[[], Awaitable[bool]],
        environ: Mapping[str, str],
        log: Path,
    ) -> None:
        self.name = name
        self._command = command
        self._answers = answers
        self._environ = environ
        self._log = log
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        """Of the running process."""
        assert self._process is not None
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it was started and not ended since."""
        return self._process is not None

    async def start(self) -> None:
        """Start it, and return when it answers.

        Raises:
            ChildError: it does not.
        """
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                env=os.environ | dict(self._environ),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + START
        while not await self._answers():
            if self._process.returncode is not None or time.monotonic() > deadline:
                said = self._log.read_text(errors="replace")[-2000:]
                raise ChildError(f"{self.name} does not start: {said}")
            await asyncio.sleep(0.02)

    async def kill(self) -> None:
        """End it at once (``kill -9``)."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
            self._process = None

    async def stop(self) -> None:
        """Tell it to stop (SIGTERM), and wait until it has.

        Raises:
            ChildError: it has not in time.
        """
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self._process.wait(), STOP)
        except TimeoutError:
            raise ChildError(f"{self.name} does not stop within {STOP:g} s") from None
        self._process = None

    @property
    def said(self) -> str:
        """What it wrote so far, over all its lives."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""


class Node(Process):
    """One ``dualwire serve``, at a port of its own."""

    port: int

    @property
    def id(self) -> str:
        """What it calls itself since its last start."""
        return str(self.events("node_started")[-1]["node"])

    def events(self, name: str) -> list[dict[str, Any]]:
        """What it logged under one name, over all its lives."""
        lines = [each for each in self.said.splitlines() if each.startswith("{")]
        return [each for each in map(json.loads, lines) if each.get("event") == name]


class Cluster:
    """Nodes behind nginx, and their Redis.

    Args:
        redis: the one Redis.
        redis_url: where it is.
        nodes: each at a port of its own.
        front: nginx.
        port: where nginx listens.
    """

    def __init__(
        self, redis: Process, redis_url: str, nodes: Sequence[Node], front: Process, port: int
    ) -> None:
        self.redis = redis
        self.redis_url = redis_url
        self.nodes = list(nodes)
        self.front = front
        self.url = f"http://127.0.0.1:{port}"

    async def rolling_restart(self) -> None:
        """Tell each node to stop, in turn, and start it again when it has."""
        for node in self.nodes:
            await node.stop()
            await node.start()


@contextlib.asynccontextmanager
async def cluster(
    secret: str,
    environ: Mapping[str, str],
    *,
    count: int = 3,
    app: str = "bench.cluster.app:app",
) -> AsyncIterator[Cluster]:
    """Start Redis, nodes and nginx; end them all.

    Args:
        secret: of all nodes.
        environ: more environment variables of the nodes.
        count: how many nodes.
        app: what they serve; an empty text for the demo game.

    Raises:
        ChildError: a program is missing, or does not start.
    """
    with tempfile.TemporaryDirectory(prefix="dualwire-cluster-") as name:
        folder = Path(name)
        redis, redis_url = redis_process(folder)
        settings = {
            "DUALWIRE_SECRET": secret,
            "DUALWIRE_ENGINE": redis_url,
            "DUALWIRE_LOG_FORMAT": "json",
        }
        nodes = [
            _node(folder, number, app, settings | dict(environ)) for number in range(1, count + 1)
        ]
        port = free_port()
        front = _nginx(folder, port, [node.port for node in nodes])
        running: list[Process] = [redis, *nodes, front]
        try:
            await redis.start()
            await asyncio.gather(*(node.start() for node in nodes))
            await front.start()
            yield Cluster(redis, redis_url, nodes, front, port)
        finally:
            for process in reversed(running):
                await process.kill()


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def redis_process(folder: Path) -> tuple[Process, str]:
    """A Redis that keeps nothing on disk, and its URL."""
    port = free_port()
    command = (
        *(_program("redis-server", "redis-server"), "--port", str(port), "--bind", "127.0.0.1"),
        *("--save", "", "--appendonly", "no", "--dir", str(folder), "--daemonize", "no"),
    )
    process = Process("Redis", command, lambda: _listens(port), {}, folder / "redis.log")
    return process, f"redis://127.0.0.1:{port}"


def _node(folder: Path, number: int, app: str, environ: Mapping[str, str]) -> Node:
    port = free_port()
    target = (app,) if app else ()
    command = (sys.executable, "-c", SERVE, "serve", *target, "--port", str(port))
    log = folder / f"node-{number}.log"
    node = Node(f"node {number}", command, lambda: _ready(port), environ, log)
    node.port = port
    return node


def _nginx(folder: Path, port: int, nodes: Sequence[int]) -> Process:
    servers = "\n".join(f"    server 127.0.0.1:{each} max_fails=0;" for each in nodes)
    text = (Path(__file__).parent / "nginx.conf").read_text()
    text = text.replace("@FOLDER@", str(folder)).replace("@PORT@", str(port))
    configuration = folder / "nginx.conf"
    configuration.write_text(text.replace("@SERVERS@", servers))
    program = _program("nginx", "nginx-light")
    command = (program, "-e", "stderr", "-p", str(folder), "-c", str(configuration))
    return Process("nginx", command, lambda: _listens(port), {}, folder / "nginx.log")


def _program(name: str, package: str) -> str:
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if found is None:
        raise ChildError(f"there is no {name}; on Debian: apt-get install {package}")
    return found


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


async def _ready(port: int) -> bool:
    if not await _listens(port):
        return False
    # Without certificates to read, which would hold the loop of a run that goes on.
    async with httpx.AsyncClient(timeout=10.0, verify=trust("http:")) as http:
        try:
            return (await http.get(f"http://127.0.0.1:{port}/readyz")).status_code == 200
        except httpx.TransportError:
            return False

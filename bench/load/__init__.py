"""The load client, a C program: built when it is first needed, and again when it has changed."""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ..children import ChildError
from ..peers.served import Served

__all__ = ["Figures", "Lane", "Load", "build"]

Lane = Literal["ws", "sse", "both"]

SOURCE = Path(__file__).parent / "load.c"
PROGRAMS = SOURCE.parent.parent / "results"
WITHIN = 240.0
"""Seconds after which a run has gone wrong."""


async def build(*, tls: bool = False) -> Path:
    """Compile the load client if there is none, or an older one.

    Args:
        tls: whether it is to speak TLS, for which it needs OpenSSL's headers.

    Raises:
        ChildError: there is no compiler, or it refuses.
    """
    program = PROGRAMS / (".load-tls" if tls else ".load")
    if program.exists() and program.stat().st_mtime > SOURCE.stat().st_mtime:
        return program
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise ChildError("there is no C compiler; on Debian: apt-get install gcc libc6-dev")
    PROGRAMS.mkdir(exist_ok=True)
    libraries = ("-lpthread", *(("-DTLS", "-lssl", "-lcrypto") if tls else ()))
    await _output(compiler, "-O2", "-o", str(program), str(SOURCE), *libraries)
    return program


async def _output(*command: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), WITHIN)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        said = err.decode(errors="replace").strip()
        raise ChildError(f"{Path(command[0]).name}: exit code {process.returncode}: {said[-500:]}")
    return out.decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What one run found. Seconds, bytes; latencies in microseconds, from the publisher's clock."""

    opened: int
    failed: int
    closed: int
    """Connections that the server ended."""
    complaint: str
    """What the first one that failed was answered."""
    opening_seconds: float
    opening_cpu: float
    opening_p50_us: int
    opening_p99_us: int
    caught_up_seconds: float
    """From the first opening until everything that had been missed was there."""
    caught_up_cpu: float
    rss_before: float
    rss_open: float
    rss_after: float
    published: int
    delivered: int
    seconds: float
    """From the first publish to the last delivery."""
    cpu: float
    """The server's, while it delivered."""
    kernel: float
    """What of that was spent in the kernel: sending, for the most part."""
    p50_us: int
    p99_us: int
    max_us: int
    worst_loop_ms: float | None = None
    """The longest time for which the server's event loop was held up, where it watches that."""
    worst_collector_ms: float | None = None
    """The longest collection of garbage."""

    @property
    def cpu_us(self) -> float:
        """CPU of the server per delivery, publishing included."""
        return self.cpu * 1e6 / max(1, self.delivered)

    @property
    def kernel_us(self) -> float:
        """What of that was the kernel's."""
        return self.kernel * 1e6 / max(1, self.delivered)

    @property
    def rate(self) -> float:
        """Deliveries per second."""
        return self.delivered / self.seconds if self.seconds else 0.0

    @property
    def opening_rate(self) -> float:
        """Openings per second."""
        return self.opened / self.opening_seconds if self.opening_seconds else 0.0

    @property
    def kb(self) -> float:
        """Resident KB of the server per connection, right after opening."""
        return (self.rss_open - self.rss_before) / max(1, self.opened) / 1e3


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """One run of the load client.

    In the lane ``both`` every two connections are one player's. A rate of 0 publishes as fast as
    the server answers.
    """

    connections: int
    lane: Lane = "ws"
    rate: float = 100.0
    """Messages per second of all publishers together."""
    seconds: float = 3.0
    """How long to publish; 0 for not at all."""
    settle: float = 1.0
    """Seconds between opening and publishing."""
    publishers: int = 1
    size: int = 200
    """Bytes of a message."""
    window: int = 64
    """Openings at a time."""
    existing: int = 0
    """The first so many are connected before, and only their latency counts."""
    expected: int = 0
    """Deliveries to wait for after opening, or of ``drive``."""
    publish: str | None = None
    """Where to publish, ``%d`` for the number of a player in turn; ``None`` for everybody."""
    query: str = ""
    """Added to what is subscribed to, ``?a=b`` for example."""
    drive: str | None = None
    """POSTed to once: the server publishes by itself."""
    tokens: Iterable[str] | None = None
    """One for each player; ``None`` where a server takes a player's word."""

    async def run(self, served: Served) -> Figures:
        """Run it.

        Raises:
            ChildError: it could not do its work.
        """
        program = await build(tls=served.tls)
        with tempfile.NamedTemporaryFile("w", suffix=".tokens") as tokens:
            arguments = self._arguments(served)
            if self.tokens is not None:
                tokens.write("".join(f"{each}\n" for each in self.tokens))
                tokens.flush()
                arguments |= {"T": tokens.name}
            await _pauses(served)
            line = [word for name, value in arguments.items() for word in (f"-{name}", str(value))]
            found: dict[str, Any] = json.loads(await _output(str(program), *line))
            found |= await _pauses(served)
        return Figures(**found)

    def _arguments(self, served: Served) -> dict[str, Any]:
        arguments: dict[str, Any] = {
            "n": self.connections,
            "m": self.lane[0],
            "p": served.port,
            "P": ",".join(str(each) for each in served.pids),
            "w": _with(served.websocket, self.query),
            "e": _with(served.sse or "", self.query),
            "b": self.publish or served.publish,
            "i": served.first_frame,
            "o": served.opened_by,
            "y": served.body[0],
            "z": served.body[1],
            "r": self.rate,
            "d": self.seconds,
            "u": self.settle,
            "l": self.size,
            "c": self.publishers,
            "x": self.existing,
            "W": self.window,
            "E": self.expected,
        }
        return arguments | ({"D": self.drive} if self.drive else {})


def _with(path: str, query: str) -> str:
    # A percent sign would be taken for the player's number.
    query = query.replace("%", "%%")
    return f"{path}&{query[1:]}" if query and "?" in path else path + query


async def _pauses(served: Served) -> dict[str, float]:
    """The longest pauses since the last time, where the server watches them."""
    if not served.pauses:
        return {}
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    request = f"GET {served.pauses} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    writer.write(request.encode())
    answer = await reader.read()
    writer.close()
    found: dict[str, float] = json.loads(answer.partition(b"\r\n\r\n")[2])
    return found

"""A whole server under attack, with somebody on it who must not notice."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import traceback
from collections import Counter
from collections.abc import AsyncIterator, Iterator, MutableMapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

import structlog

from dualwire import Config, ConnectionManager
from dualwire.client import Client, Delivered, Gap, connect
from dualwire.config import Limits, Rates
from dualwire.demo import create_app
from dualwire.http import JWTAuthenticator
from tests.live import serving, until

from .grammar import Grammar

__all__ = ["World", "attacked"]

SECRET = "a secret of at least thirty-two bytes"
API_KEY = "the key of whoever runs this server"
UNLIMITED = Rates(
    websocket_commands=None,
    sse_commands=None,
    player_commands=None,
    websocket_bytes=None,
    sse_bytes=None,
    player_bytes=None,
    openings=None,
    failures=None,
)
"""So that the attack reaches what is behind the limits."""


@dataclass
class World:
    """One server, its attacker and its bystander."""

    manager: ConnectionManager
    address: str
    app: Any
    seed: str
    token: str
    """The attacker's."""
    client: Client
    findings: list[str]
    """What must not happen: exceptions in the log, answers of 500, harm to the bystander."""
    inputs: Counter[str] = field(default_factory=Counter)
    """How many, by surface."""
    statuses: Counter[int] = field(default_factory=Counter)
    """HTTP answers."""
    received: list[int] = field(default_factory=list)
    sent: int = 0
    tasks: int = 0
    """Tasks of the loop before the attack."""

    def grammar(self, surface: str, number: int) -> Grammar:
        """What is said in one round, which depends on nothing that happened before it."""
        return Grammar(Random(f"{self.seed}/{surface}/{number}"), self.token)

    async def say(self) -> None:
        """Say something to the bystander, by each kind of stream in turn."""
        event, manager = {"n": self.sent}, self.manager
        if self.sent % 3 == 0:
            await manager.send_personal_message("bystander", event)
        elif self.sent % 3 == 1:
            await manager.broadcast_to_room("attic", event, exclude_player="mallory")
        else:
            await manager.broadcast_global(event)
        self.sent += 1

    async def read(self) -> None:
        """Read what the bystander gets."""
        async for item in self.client:
            if isinstance(item, Gap):
                self.findings.append(f"the bystander got {item!r}")
            elif isinstance(item, Delivered) and "n" in item.event:
                self.received.append(item.event["n"])

    def count(self, surface: str, status: int | None = None, said: object = "") -> None:
        """An input was taken."""
        self.inputs[surface] += 1
        if status is not None:
            self.statuses[status] += 1
            # 503 is what a full or stopping server says, and this one is neither.
            if status >= 500:
                self.findings.append(f"{surface}: answered {status}: {said!r}"[:2000])

    async def calm_down(self) -> None:
        """After the attack everything is as it was before it."""
        node = self.manager.node
        await until(lambda: len(self.received) >= self.sent, 60.0)
        if self.received != list(range(self.sent)):
            self.findings.append(f"the bystander got {len(self.received)} of {self.sent}, or twice")
        for kind, connection in self.client.connections.items():
            if connection.opened != 1:
                self.findings.append(f"the bystander's {kind} was opened {connection.opened} times")
        mine = {each.id for each in self.client.connections.values()}
        try:
            await until(lambda: set(node.connections) == mine, 60.0)
            await until(lambda: len(asyncio.all_tasks()) <= self.tasks, 60.0)
        except AssertionError:
            self.findings.append(
                f"left behind: {len(node.connections) - len(mine)} connections, "
                f"{len(asyncio.all_tasks()) - self.tasks} tasks"
            )


@contextlib.asynccontextmanager
async def attacked(seed: str) -> AsyncIterator[World]:
    """The demo with everything on it, served by the gateway in this loop.

    Args:
        seed: the same one makes the same inputs.
    """
    findings: list[str] = []
    # Room for all that is opened at once, so that it is looked at and not refused.
    limits = Limits(handshake=2.0, connections_per_type=64, connections_per_player=None)
    manager = ConnectionManager(config=Config(rates=UNLIMITED, limits=limits), secret=SECRET)
    auth = JWTAuthenticator(SECRET)
    app = create_app(manager, auth, api_key=API_KEY)
    with watched(findings):
        async with (
            serving(app, "gateway", access_log=False) as address,
            connect(f"http://{address}", auth.issue("bystander", name="By Stander")) as client,
        ):
            await until(lambda: all(each.state == "open" for each in client.connections.values()))
            await manager.subscribe_to_room("bystander", "attic")
            token = auth.issue("mallory", name="Mallory")
            world = World(manager, address, app, seed, token, client, findings)
            reading = asyncio.create_task(world.read())
            await world.say()
            await until(lambda: world.received)
            world.tasks = len(asyncio.all_tasks())
            yield world
            await client.close()
            await reading


@contextlib.contextmanager
def watched(findings: list[str]) -> Iterator[None]:
    """An error in the log, an exception in it, and one that could not be raised, are findings."""

    def note(_: Any, method: str, fields: MutableMapping[str, Any]) -> Any:
        if fields.get("exc_info") or method in ("error", "critical", "exception"):
            findings.append(_text(f"log: {dict(fields)!r}", fields.get("exc_info")))
        raise structlog.DropEvent

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.exc_info or record.levelno >= logging.ERROR:
                findings.append(_text(f"log: {record.getMessage()}", record.exc_info))

    def unraisable(said: Any) -> None:
        findings.append(f"ignored: {said.exc_value!r} in {said.object!r}")

    before, handler, root = structlog.get_config(), Handler(), logging.getLogger()
    ignored, sys.unraisablehook = sys.unraisablehook, unraisable
    structlog.configure(processors=[note], cache_logger_on_first_use=False)
    root.addHandler(handler)
    try:
        yield
    finally:
        sys.unraisablehook = ignored
        root.removeHandler(handler)
        structlog.configure(**before)


def _text(what: str, exc_info: Any) -> str:
    if exc_info is True:
        exc_info = sys.exc_info()
    if isinstance(exc_info, tuple) and exc_info[1] is not None:
        what += "\n" + "".join(traceback.format_exception(*exc_info))[-3000:]
    return what

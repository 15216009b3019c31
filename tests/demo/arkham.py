"""The game on a real server, and players who hold real connections to it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx

from dualwire import Config, ConnectionManager
from dualwire.demo import create_app
from dualwire.demo.accounts import AccountPolicy
from dualwire.http import JWTAuthenticator
from dualwire.testing import ManualClock
from tests.live import DEADLINE, SSEClient, WSClient, serving, sse, until, ws

SECRET = "a secret of at least thirty-two bytes"


@dataclass
class Player:
    """A player with one WebSocket."""

    id: str
    name: str
    token: str
    socket: WSClient

    @property
    def events(self) -> list[Any]:
        return self.socket.events

    def of(self, event_type: str) -> list[Any]:
        return of(self.socket, event_type)

    async def send(self, command: str) -> None:
        await self.socket.send({"type": "command", "data": {"command": command}})

    async def do(self, command: str) -> str:
        """Give a command; the text of its answer."""
        before = len(self.of("command_response"))
        await self.send(command)
        await until(lambda: len(self.of("command_response")) > before)
        answer = self.of("command_response")[-1]
        assert answer["data"]["result"] == answer["data"]["message"]
        return str(answer["data"]["result"])

    async def hears(self, event_type: str, count: int = 1) -> Any:
        """Wait for the so-manieth event of a type."""
        await until(lambda: len(self.of(event_type)) >= count)
        return self.of(event_type)[count - 1]


def of(client: WSClient | SSEClient, event_type: str) -> list[Any]:
    return [each for each in client.events if each.get("event_type") == event_type]


@dataclass
class Arkham:
    """A running game."""

    address: str
    manager: ConnectionManager
    clock: ManualClock
    authenticator: JWTAuthenticator
    http: httpx.AsyncClient
    stack: contextlib.AsyncExitStack
    ids: dict[str, str] = field(default_factory=dict)

    def token(self, name: str) -> str:
        return self.authenticator.issue(self.ids.setdefault(name, f"id-of-{name}"), name=name)

    async def socket(self, name: str, **options: Any) -> WSClient:
        """One more WebSocket of a player, welcomed."""
        opened = ws(self.address, token=self.token(name), **options)
        client = await self.stack.enter_async_context(opened)
        await until(lambda: of(client, "welcome"))
        return client

    async def stream(self, name: str) -> SSEClient:
        """One more event stream of a player, with its snapshot."""
        opened = sse(self.address, token=self.token(name))
        client = await self.stack.enter_async_context(opened)
        await until(lambda: of(client, "game_state"))
        return client

    async def player(self, name: str) -> Player:
        """A player with a WebSocket."""
        client = await self.socket(name)
        return Player(self.ids[name], name, self.token(name), client)


@contextlib.asynccontextmanager
async def arkham(
    policy: AccountPolicy | None = None, config: Config | None = None, **options: Any
) -> AsyncIterator[Arkham]:
    """Serve the game."""
    clock = ManualClock()
    manager = ConnectionManager(config=config, clock=clock)
    authenticator = JWTAuthenticator(SECRET, clock=clock)
    app = create_app(manager, authenticator, account_policy=policy, **options)
    async with (
        serving(app) as address,
        httpx.AsyncClient(base_url=f"http://{address}", timeout=DEADLINE) as http,
        contextlib.AsyncExitStack() as stack,
    ):
        yield Arkham(address, manager, clock, authenticator, http, stack)

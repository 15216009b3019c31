"""Both connections of a player as one."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass
from random import Random, SystemRandom
from types import TracebackType

import httpx

from ..abc import Clock
from ..clock import SystemClock
from ..codes import PEER_GONE
from ..core.encoding.json import encode_object
from ..types import ConnectionType, JSONObject, Reply
from .certificates import trust
from .chores import Chores
from .commands import Commands
from .connection import ClientConnection
from .ended import Ended
from .receiving import Direct, Item, Receiving
from .sse import SSEConnection
from .tokens import Token, Tokens
from .uplink import Uplink
from .websocket import WebSocketConnection

__all__ = ["Client", "Statistics", "connect"]

LAST_WORDS = 1.0
"""Seconds that one connection has to end by itself after the other was told that it is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """What a client has done so far."""

    delivered: int
    """Entries of streams that came, each counted once: events, replies, comings and goings."""
    duplicates: int
    """Entries that the other connection had brought before: eliminated."""
    dropped: int
    """Frames that were too old or too early to matter."""
    gaps: int
    """Reports of what is gone."""
    reconnects: int
    """How often a connection was opened again."""
    corrupted: int
    """Events that did not fit their digest; they were fetched again."""


class Client:
    """A player's WebSocket and SSE connection; see :func:`connect`.

    Iterating gives :class:`Delivered`, :class:`Gap` and :class:`Direct`, until :meth:`close`, or
    until the server says that there is no coming back, which raises
    :exc:`~dualwire.exceptions.RefusedError` after what had arrived.
    """

    def __init__(
        self,
        url: str,
        token: Token,
        session_id: str | None,
        clock: Clock,
        rng: Random,
        open_timeout: float,
        types: Collection[str] = (),
        digest: bool = False,
    ) -> None:
        self.url = url.rstrip("/")
        self.session_id = session_id
        """The session's id; ``None`` for whatever is the player's current one."""
        self.on_change: Callable[[ClientConnection], None] = _ignore
        """Called whenever a connection's state changed."""
        self._open_timeout = open_timeout
        self._clock = clock
        self._chores = Chores()
        self._receiving = Receiving(clock, self._chores, self._changed)
        self._ended: Ended | None = None
        self._first = asyncio.Event()
        self._keepers: list[asyncio.Task[Ended]] = []
        self._tokens = Tokens(token)
        query = {} if session_id is None else {"session_id": session_id}
        wishes = {"types": ",".join(types)} if types else {}
        if digest:
            wishes["digest"] = "sha256"
        verify = trust(self.url)
        self._http = httpx.AsyncClient(base_url=self.url, timeout=10.0, verify=verify)
        # Event streams use no connection twice: one that is asked to move must arrive elsewhere.
        alone = httpx.Limits(max_keepalive_connections=0)
        self._streams = httpx.AsyncClient(base_url=self.url, verify=verify, limits=alone)
        options = (clock, rng, self._tokens, self._receiving)
        address = f"ws{self.url.removeprefix('http')}/api/ws"
        websocket = WebSocketConnection(address, query | wishes, *options)
        sse = SSEConnection(self._streams, "/api/events", query | wishes, *options)
        websocket.twin, sse.twin = sse, websocket
        websocket.checks = sse.checks = digest
        self._uplink = Uplink(self._http, query, self._tokens, websocket, sse, clock)
        self._commands = Commands(clock, self._uplink)
        self._receiving.uplink, self._receiving.commands = self._uplink, self._commands
        self.connections: dict[ConnectionType, ClientConnection] = {
            "websocket": websocket,
            "sse": sse,
        }
        """Both, by type: each with ``state``, ``since``, ``error``, ``opened``, ``quality``."""

    @property
    def statistics(self) -> Statistics:
        """What it has done so far."""
        merged = self._receiving.merging.statistics
        return Statistics(
            delivered=merged.delivered,
            duplicates=merged.duplicates,
            dropped=merged.dropped,
            gaps=merged.gaps,
            reconnects=sum(each.quality.reconnects for each in self.connections.values()),
            corrupted=sum(each.corrupted for each in self.connections.values()),
        )

    async def __aenter__(self) -> Client:
        for connection in self.connections.values():
            task = asyncio.create_task(connection.keep())
            task.add_done_callback(self._finished)
            self._keepers.append(task)
        if self._tokens.renewable:
            self._chores.spawn(self._tokens.refresh(self._clock, self._uplink.send))
        try:
            await self._wait_first()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End both connections and the iteration. Idempotent."""
        for task in self._keepers:
            task.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        await self._chores.stop()
        await self._receiving.merging.stop()
        self._commands.end("this client was closed before the reply came")
        self._receiving.inbox.close()
        await self._http.aclose()
        await self._streams.aclose()

    def cut(self, connection_type: ConnectionType) -> None:
        """End one connection as if it were lost, for a try; it is opened again."""
        self.connections[connection_type].cut()

    async def command(self, body: JSONObject, *, timeout: float | None = 30.0) -> Reply:
        """Have the server do something, at most once, and learn what became of it.

        It is repeated until there is a reply, over whatever connection there is, and never run a
        second time.

        Args:
            body: what the application's ``on_command`` gets.
            timeout: seconds to wait for the reply; ``None`` to wait until the session ends.

        Returns:
            The outcome: ``done`` with the application's ``body``; ``refused`` with the ``reason``;
            or ``unknown``, when nobody can tell whether it was done, with the ``reason``.

        Raises:
            EventError: the body is no JSON object.
            MessageTooBigError: it is larger than the server allows.
        """
        return await self._commands.run(body, timeout)

    async def send(self, message: JSONObject) -> None:
        """Send a message without a number over the WebSocket, or over HTTP while there is none.

        Nothing repeats it, and what is answered comes as :class:`Direct`.

        Raises:
            EventError: it is no JSON object.
            MessageTooBigError: it is larger than the server allows.
            RefusedError: the server does not take it.
            ConnectionError: the server cannot be reached either way.
        """
        payload = encode_object(message)
        self._uplink.check(payload)
        if self._receiving.inbox.closed:
            raise ConnectionError(f"{self.url}: this client is closed; connect again")
        answer = await self._uplink.send(payload)
        if answer:
            self._receiving.inbox.put([Direct(answer, "sse")])

    def __aiter__(self) -> AsyncIterator[Item]:
        return self._items()

    async def _items(self) -> AsyncIterator[Item]:
        while (item := await self._receiving.next()) is not None:
            yield item
        if self._ended is not None:
            raise self._ended.error()

    async def _wait_first(self) -> None:
        try:
            async with asyncio.timeout(self._open_timeout):
                await self._first.wait()
        except TimeoutError:
            reasons = {str(each.error) for each in self.connections.values()}
            raise ConnectionError(
                f"{self.url}: no connection within {self._open_timeout} s ({'; '.join(reasons)})"
            ) from None
        if self._ended is not None and self._receiving.inbox.closed:
            raise self._ended.error()

    def _changed(self, connection: ClientConnection) -> None:
        if connection.state == "open":
            self._first.set()
        self.on_change(connection)

    def _finished(self, task: asyncio.Task[Ended]) -> None:
        if task.cancelled() or self._ended is not None:
            return
        error = task.exception()
        if error is None:
            self._ended = task.result()
        else:
            self._ended = Ended(code=PEER_GONE, detail=repr(error))
        self._chores.spawn(self._wind_up())

    async def _wind_up(self) -> None:
        """The session is over on one connection; the other may still bring what came before."""
        last_words = asyncio.create_task(self._clock.sleep(LAST_WORDS))
        try:
            for connection, task in zip(self.connections.values(), self._keepers, strict=True):
                if connection.state == "open":
                    await asyncio.wait((task, last_words), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in (last_words, *self._keepers):
                each.cancel()
            self._commands.end(f"the session ended: {self._ended}")
            self._receiving.inbox.close()
            self._first.set()


def connect(
    url: str,
    token: Token,
    *,
    session_id: str | None = None,
    join: bool = False,
    types: Collection[str] = (),
    digest: bool = False,
    clock: Clock | None = None,
    rng: Random | None = None,
    open_timeout: float = 10.0,
) -> Client:
    """A client that holds both connections, to be entered with ``async with``.

    Each connection opens again by itself, at once while the other lives, and goes on where the
    client stands. Entering returns when the first of them is open.

    Args:
        url: of the server, ``http://`` or ``https://``.
        token: who the player is; or a function or coroutine function that returns a fresh token,
            called before the old one expires and when the server no longer takes it.
        session_id: to go on with a session; ``None`` for a new one, which ends the player's other
            clients.
        join: be one more client of the player's current session, whatever its id, for a look at
            what the player is sent.
        types: the types of events to get, decided by who opens the session first; empty for all.
        digest: check that each event's text is the one that the server sent. One that is not counts
            as not received: the connection that brought it is opened again.
        clock: time; ``None`` for the system's.
        rng: chance; ``None`` for the system's.
        open_timeout: seconds for the first connection to open.

    Raises:
        AuthenticationError: while entering: the token is not valid.
        RefusedError: while entering: the server does not want this client, and says why.
        ConnectionError: while entering: nothing opened in time.
    """
    return Client(
        url,
        token,
        session_id or (None if join else secrets.token_urlsafe(24)),
        clock or SystemClock(),
        rng or SystemRandom(),
        open_timeout,
        types,
        digest,
    )


def _ignore(_: ClientConnection) -> None:
    pass

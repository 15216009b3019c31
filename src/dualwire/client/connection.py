"""One of a client's two connections: it opens, carries, ends, and opens again by itself."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from random import Random
from typing import Literal, Protocol

from ..abc import Clock
from ..codes import PEER_GONE, TOKEN_EXPIRED, UNAUTHORIZED
from ..core.encoding.json import decode_message
from ..exceptions import ProtocolError
from ..types import ConnectionType, Cursor, JSONObject
from .backoff import delay
from .ended import Ended, farewell
from .quality import Quality, smoothed
from .tokens import NoTokenError, Tokens

__all__ = ["ClientConnection", "ConnectionState", "Receiver"]

ConnectionState = Literal["connecting", "open", "closed"]

SETTLED = 5.0
"""Seconds that a connection must have lived for its end to be no failure in a row: otherwise one
that opens and breaks at once would be tried without pause."""

OPEN_TIMEOUT = 10.0
"""Seconds from the first try to the ``hello``."""

BURST = 16
"""Frames of one connection in a row, after which the other one gets its turn: what a proxy held
back comes all at once, is mostly repeated, and must not keep waiting what is new."""

PATIENCE = 10.0
"""Seconds that a ping may be late before the connection is taken for dead."""


class Receiver(Protocol):
    """What becomes of what a connection brings."""

    def cursor(self) -> Cursor:
        """Where to go on."""

    def opened(self, connection: ClientConnection, hello: JSONObject) -> None:
        """The server said ``hello``."""

    async def take(self, connection: ClientConnection, frame: JSONObject, size: int) -> None:
        """A frame came, ``size`` bytes of text; returns when the next one may come.

        Raises:
            ProtocolError: it is not as the protocol has it.
        """

    def closed(self, connection: ClientConnection) -> None:
        """It ended after its ``hello``; ``id`` is still the one that ended."""

    def changed(self, connection: ClientConnection) -> None:
        """Its ``state`` is another one now."""


class ClientConnection(ABC):
    """A connection of one type, kept open until the server says that it is over.

    Args:
        clock: time.
        rng: chance, for the waits.
        tokens: prove who the player is.
        receiver: takes what comes.
    """

    connection_type: ConnectionType
    twin: ClientConnection
    """The other connection; set by the client."""

    def __init__(self, clock: Clock, rng: Random, tokens: Tokens, receiver: Receiver) -> None:
        self._clock = clock
        self._rng = rng
        self._tokens = tokens
        self._receiver = receiver
        self._attempt: asyncio.Task[Ended] | None = None
        self._failures = 0
        self._opened_at: float | None = None
        self._last_seen: float | None = None
        self._taking = False
        self._in_a_row = 0
        self._ping_interval = 0.0
        self.id: str | None = None
        """What the server calls the current one; ``None`` before the first ``hello``."""
        self.state: ConnectionState = "closed"
        self.since = clock.now()
        """Clock seconds since which it is in this state."""
        self.error: str | None = None
        """Why the latest one ended, or did not open."""
        self.warning: str | None = None
        """What the server warned of last."""
        self.opened = 0
        """How often it opened."""
        self.round_trip: float | None = None
        self.lag: float | None = None
        self.won = 0
        self.duplicates = 0

    @property
    def quality(self) -> Quality:
        """How well it does."""
        return Quality(
            round_trip=self.round_trip,
            lag=self.lag,
            won=self.won,
            duplicates=self.duplicates,
            reconnects=max(0, self.opened - 1),
            failures=self._failures,
            last_seen=self._last_seen,
        )

    def measured(self, round_trip: float) -> None:
        """A question was answered after so many seconds."""
        self.round_trip = smoothed(self.round_trip, round_trip)

    @abstractmethod
    async def carry(self, token: str) -> Ended:
        """Open once and carry until the end, giving each frame to :meth:`_frame`."""

    async def keep(self) -> Ended:
        """Stay connected; returns when the server said that there is no coming back."""
        try:
            return await self._keep()
        finally:
            self._enter("closed")

    async def _keep(self) -> Ended:
        while True:
            self._enter("connecting")
            self._opened_at = None
            ended, final = await self._try()
            now = self._clock.now()
            if self._opened_at is not None and now - self._opened_at >= SETTLED:
                self._failures = 0
            self.error = str(ended)
            self._enter("closed")
            if final:
                return ended
            wait = delay(
                self._rng,
                self._failures,
                twin_lives=self.twin.state == "open",
                retry_after=ended.retry_after,
            )
            self._failures += 1
            await self._clock.sleep(wait)

    def cut(self) -> None:
        """End the current one; another is opened as after any loss. A no-op without one."""
        if self._attempt is not None:
            self._abort()
            self._attempt.cancel()
            # At once, so that nothing is sent on what is going to be closed.
            self._enter("closed")

    async def _try(self) -> tuple[Ended, bool]:
        """One life: how it ended, and whether there is no other."""
        try:
            token = await self._tokens.current()
        except NoTokenError as error:
            return Ended(code=PEER_GONE, detail=str(error)), False
        ended = await self._live(token)
        if ended.code in (TOKEN_EXPIRED, UNAUTHORIZED):
            return ended, not self._tokens.refused(token)
        return ended, not ended.code.reconnect

    async def _live(self, token: str) -> Ended:
        self._last_seen = self._clock.now()
        self._attempt = asyncio.create_task(self.carry(token))
        watch = asyncio.create_task(self._watch())
        try:
            await asyncio.wait((self._attempt, watch), return_when=asyncio.FIRST_COMPLETED)
            if not self._attempt.done():
                self._abort()
                return Ended(code=PEER_GONE, detail="No sign of life from the server.")
            if self._attempt.cancelled():
                return Ended(code=PEER_GONE, detail="Cut on this side.")
            return self._attempt.result()
        except ProtocolError as error:
            return Ended(code=PEER_GONE, detail=str(error))
        finally:
            watch.cancel()
            self._attempt.cancel()
            await asyncio.gather(self._attempt, watch, return_exceptions=True)
            self._attempt = None
            if self._opened_at is not None:
                self._receiver.closed(self)

    @abstractmethod
    def _abort(self) -> None:
        """Let go of the network without a goodbye, where one would take time."""

    async def _watch(self) -> None:
        """Return when the connection is silent for too long."""
        while True:
            allowed = OPEN_TIMEOUT if self._opened_at is None else self._ping_interval + PATIENCE
            if self._taking:
                self._seen()  # It is us who do not read.
            assert self._last_seen is not None
            left = self._last_seen + allowed - self._clock.now()
            if left <= 0:
                return
            await self._clock.sleep(left)

    async def _frame(self, text: bytes) -> Ended | None:
        """Act on a frame; the goodbye is the last one.

        Raises:
            ProtocolError: it is none.
        """
        frame = decode_message(text)
        self._seen()
        if frame.get("type") == "bye":
            return farewell(frame)
        if self._opened_at is None:
            self._greeted(frame)
            return None
        self._taking = True
        try:
            await self._receiver.take(self, frame, len(text))
            self._in_a_row += 1
            if self._in_a_row % BURST == 0:
                await asyncio.sleep(0)
        finally:
            self._taking = False
            self._seen()
        return None

    def _greeted(self, hello: JSONObject) -> None:
        connection, interval = hello.get("connection"), hello.get("ping_interval")
        if hello.get("type") != "hello" or not isinstance(connection, str):
            raise ProtocolError(
                "expected hello as the first frame: this server does not speak dualwire.v1"
            )
        self.id = connection
        self._ping_interval = float(interval) if isinstance(interval, (int, float)) else 25.0
        self._receiver.opened(self, hello)
        self._tokens.accepted()
        self.opened += 1
        self._opened_at = self._clock.now()
        self.error = None
        self._enter("open")

    def _seen(self) -> None:
        self._last_seen = self._clock.now()

    def _enter(self, state: ConnectionState) -> None:
        if state != self.state:
            self.state = state
            self.since = self._clock.now()
            self._receiver.changed(self)

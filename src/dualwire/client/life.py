"""One network connection of a client, from the first try to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Protocol

from ..abc import Clock
from ..codes import PEER_GONE
from ..core.encoding.digests import check_digest
from ..core.encoding.json import decode_message
from ..exceptions import DigestError, ProtocolError
from ..types import Cursor, JSONObject
from .ended import Ended, farewell

if TYPE_CHECKING:
    from .connection import ClientConnection

__all__ = ["OPEN_TIMEOUT", "Life", "Receiver"]

OPEN_TIMEOUT = 10.0
"""Seconds from the first try to the ``hello``."""

BURST = 16
"""Frames of one connection in a row, after which the other one gets its turn: what a proxy held
back comes all at once, is mostly repeated, and must not keep waiting what is new."""

PATIENCE = 10.0
"""Seconds that a ping may be late before the connection is taken for dead."""


class Receiver(Protocol):
    """What becomes of what connections bring."""

    def cursor(self) -> Cursor:
        """Where to go on."""

    def opened(self, life: Life, hello: JSONObject) -> None:
        """The server said ``hello``."""

    async def take(self, life: Life, frame: JSONObject, size: int) -> None:
        """A frame came, ``size`` bytes of text; returns when the next one may come.

        Raises:
            ProtocolError: it is not as the protocol has it.
        """

    def closed(self, life: Life) -> None:
        """It ended after its ``hello``."""

    def changed(self, connection: ClientConnection) -> None:
        """The state of a connection is another one now."""


class Life:
    """One network connection.

    Args:
        connection: whose life this is.
        receiver: takes what comes.
        clock: time.
    """

    def __init__(self, connection: ClientConnection, receiver: Receiver, clock: Clock) -> None:
        self.connection = connection
        self.task: asyncio.Task[tuple[Ended, bool]]
        """How it ended, and whether there is no other; set by its connection."""
        self._receiver = receiver
        self._clock = clock
        self.id = ""
        """What the server calls it; empty before the ``hello``."""
        self.opened_at: float | None = None
        """Clock seconds of the ``hello``; ``None`` before."""
        self.last_seen = clock.now()
        """Clock seconds of the latest sign of life."""
        self.opened = asyncio.Event()
        """The server said ``hello``."""
        self.asked_to_move = asyncio.Event()
        """The server asked for another connection in place of this one."""
        self._ping_interval = 0.0
        self._taking = False
        self._in_a_row = 0
        self._over = False
        self._work: asyncio.Task[Ended] | None = None

    async def lead(self, carrying: Coroutine[None, None, Ended]) -> Ended:
        """Carry until it ends, or the server is silent for too long."""
        self._seen()
        self._work = asyncio.create_task(carrying)
        watch = asyncio.create_task(self._watch())
        try:
            await asyncio.wait((self._work, watch), return_when=asyncio.FIRST_COMPLETED)
            if not self._work.done():
                self.connection.abort(self)
                return Ended(code=PEER_GONE, detail="No sign of life from the server.")
            if self._work.cancelled():
                return Ended(code=PEER_GONE, detail="Cut on this side.")
            return self._work.result()
        except ProtocolError as error:
            return Ended(code=PEER_GONE, detail=str(error))
        finally:
            watch.cancel()
            self._work.cancel()
            await asyncio.gather(self._work, watch, return_exceptions=True)
            self._end()

    def let_go(self) -> None:
        """End it with a goodbye; what it still brings is not taken."""
        self._end()
        if self._work is not None:
            self._work.cancel()

    def _end(self) -> None:
        if self.opened_at is not None and not self._over:
            self._over = True
            self._receiver.closed(self)

    async def _watch(self) -> None:
        """Return when the connection is silent for too long."""
        while True:
            allowed = OPEN_TIMEOUT if self.opened_at is None else self._ping_interval + PATIENCE
            if self._taking:
                self._seen()  # It is us who do not read.
            left = self.last_seen + allowed - self._clock.now()
            if left <= 0:
                return
            await self._clock.sleep(left)

    async def frame(self, text: bytes) -> Ended | None:
        """Act on a frame; the goodbye is the last one.

        Raises:
            ProtocolError: it is none.
            DigestError: it is not the one that the server sent.
        """
        frame = decode_message(text, deepest=None)
        self._seen()
        if frame.get("type") == "bye":
            return farewell(frame)
        if self.opened_at is None:
            self._greeted(frame)
            return None
        if frame.get("type") == "warning" and frame.get("reason") == "draining":
            self.asked_to_move.set()
        if self.connection.checks and frame.get("type") == "event":
            self._check(text, frame)
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

    def _check(self, text: bytes, frame: JSONObject) -> None:
        """An event that was changed on the way counts as not received: this connection ends, and
        the other one, or the next one from here on, brings it intact."""
        try:
            check_digest(text, frame)
        except DigestError:
            self.connection.corrupted += 1
            raise

    def _greeted(self, hello: JSONObject) -> None:
        connection, interval = hello.get("connection"), hello.get("ping_interval")
        if hello.get("type") != "hello" or not isinstance(connection, str):
            raise ProtocolError(
                "expected hello as the first frame: this server does not speak dualwire.v1"
            )
        self.id = connection
        self._ping_interval = float(interval) if isinstance(interval, (int, float)) else 25.0
        self._receiver.opened(self, hello)
        self.opened_at = self._clock.now()
        self.opened.set()
        self.connection.greeted(self)

    def _seen(self) -> None:
        self.last_seen = self._clock.now()

"""One of a client's two connections: it opens, carries, ends, and opens again by itself."""

from __future__ import annotations

import asyncio
import contextlib
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random
from typing import Literal

from ..abc import Clock
from ..codes import PEER_GONE, Code
from ..types import ConnectionType, JSONObject
from .backoff import delay

__all__ = ["ClientConnection", "ConnectionState", "Ended", "Quality"]

ConnectionState = Literal["connecting", "open", "closed"]

SETTLED = 5.0
"""Seconds that a connection must have lived for its end to be no failure in a row: otherwise one
that opens and breaks at once would be tried without pause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How one connection ended, or why it did not open."""

    code: Code
    detail: str = ""
    retry_after: float | None = None
    """Seconds that the server asked to wait."""

    def __str__(self) -> str:
        return self.detail or self.code.reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """How well a connection does."""

    round_trip: float | None
    """Seconds of the latest ping and its pong; ``None`` where none was measured."""
    last_seen: float | None
    """Clock seconds of the latest sign of life; ``None`` before the first."""
    failures: int
    """Tries in a row that came to nothing."""


class ClientConnection(ABC):
    """A connection of one type, kept open until the server says that it is over.

    Args:
        clock: time.
        rng: chance, for the waits.
        receive: takes an event.
        changed: called when the state changed.
    """

    connection_type: ConnectionType
    twin: ClientConnection
    """The other connection; set by the client."""

    def __init__(
        self,
        clock: Clock,
        rng: Random,
        receive: Callable[[JSONObject], Awaitable[None]],
        changed: Callable[[ClientConnection], None],
    ) -> None:
        self._clock = clock
        self._rng = rng
        self._receive = receive
        self._changed = changed
        self._attempt: asyncio.Task[Ended] | None = None
        self._failures = 0
        self._opened_at: float | None = None
        self._last_seen: float | None = None
        self.state: ConnectionState = "closed"
        self.since = clock.now()
        """Clock seconds since which it is in this state."""
        self.error: str | None = None
        """Why the latest one ended, or did not open."""
        self.opened = 0
        """How often it opened."""

    @property
    def quality(self) -> Quality:
        """How well it does."""
        return Quality(
            round_trip=self.round_trip, last_seen=self._last_seen, failures=self._failures
        )

    @property
    def round_trip(self) -> float | None:
        """Seconds of the latest ping and its pong; ``None`` where none was measured."""
        return None

    @abstractmethod
    async def carry(self) -> Ended:
        """Open once and carry until the end. Calls :meth:`_opened` when open."""

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
            ended = await self._try()
            now = self._clock.now()
            if self._opened_at is not None and now - self._opened_at >= SETTLED:
                self._failures = 0
            self.error = str(ended)
            self._enter("closed")
            if not ended.code.reconnect:
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
            self._attempt.cancel()
            # At once, so that nothing is sent on what is going to be closed.
            self._enter("closed")

    async def _try(self) -> Ended:
        self._attempt = asyncio.create_task(self.carry())
        try:
            await asyncio.wait((self._attempt,))
            if self._attempt.cancelled():
                return Ended(code=PEER_GONE, detail="Cut on this side.")
            return self._attempt.result()
        finally:
            self._attempt.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._attempt
            self._attempt = None

    def _opened(self) -> None:
        self.opened += 1
        self._opened_at = self._clock.now()
        self.error = None
        self._seen()
        self._enter("open")

    def _seen(self) -> None:
        self._last_seen = self._clock.now()

    def _enter(self, state: ConnectionState) -> None:
        if state != self.state:
            self.state = state
            self.since = self._clock.now()
            self._changed(self)

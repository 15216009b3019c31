"""One of a client's two connections: it opens, carries, ends, and opens again by itself."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from random import Random
from typing import Any, Literal

from ..abc import Clock
from ..codes import PEER_GONE, TOKEN_EXPIRED, UNAUTHORIZED
from ..types import ConnectionType
from .backoff import delay, delay_of_move
from .ended import Ended
from .life import Life, Receiver
from .quality import Quality, smoothed
from .tokens import NoTokenError, Tokens

__all__ = ["ClientConnection", "ConnectionState", "until"]

ConnectionState = Literal["connecting", "open", "closed"]

SETTLED = 5.0
"""Seconds that a connection must have lived for its end to be no failure in a row: otherwise one
that opens and breaks at once would be tried without pause."""


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
        self._life: Life | None = None
        """The one that carries, or is going to."""
        self._lives: set[Life] = set()
        """All that are not over: one, or two while it moves to another node."""
        self._failures = 0
        self._last_seen: float | None = None
        self._moves = 0
        self.state: ConnectionState = "closed"
        self.since = clock.now()
        """Clock seconds since which it is in this state."""
        self.error: str | None = None
        """Why the latest one ended, or did not open."""
        self.warning: str | None = None
        """What the server warned of last; ``None`` on a new one."""
        self.opened = 0
        """How often it opened."""
        self.tried = asyncio.Event()
        """Its first try has come to something, or to nothing."""
        self.noticed = False
        """Whether the player was without any connection since this one broke."""
        self.round_trip: float | None = None
        self.lag: float | None = None
        self.won = 0
        self.duplicates = 0
        self.checks = False
        """Whether events must fit their digests."""
        self.corrupted = 0
        """Events that did not."""

    @property
    def id(self) -> str | None:
        """What the server calls the current one; ``None`` before its ``hello``."""
        return self._life.id or None if self._life is not None else None

    @property
    def quality(self) -> Quality:
        """How well it does."""
        return Quality(
            round_trip=self.round_trip,
            lag=self.lag,
            won=self.won,
            duplicates=self.duplicates,
            reconnects=max(0, self.opened - self._moves - 1),
            moves=self._moves,
            failures=self._failures,
            corrupted=self.corrupted,
            last_seen=self._life.last_seen if self._life is not None else self._last_seen,
        )

    def measured(self, round_trip: float) -> None:
        """A question was answered after so many seconds."""
        self.round_trip = smoothed(self.round_trip, round_trip)

    @abstractmethod
    async def carry(self, token: str, life: Life) -> Ended:
        """Open once and carry until the end, giving each frame to the life."""

    @abstractmethod
    def abort(self, life: Life) -> None:
        """Let go of the network without a goodbye, where one would take time."""

    def greeted(self, life: Life) -> None:
        """A life of this connection was told ``hello``."""
        self._tokens.accepted()
        self.opened += 1
        self.tried.set()
        if life is self._life:
            self._is_open()

    async def keep(self) -> Ended:
        """Stay connected; returns when the server said that there is no coming back."""
        try:
            return await self._keep()
        finally:
            tasks = [life.task for life in self._lives]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._enter("closed")

    async def _keep(self) -> Ended:
        while True:
            self._enter("connecting")
            life = self._life = self._begin()
            while (successor := await self._successor(life)) is not None:
                life = self._life = successor
            ended, final = await life.task
            self.tried.set()
            opened_at = life.opened_at
            self._last_seen, self._life = life.last_seen, None
            if opened_at is not None and self._clock.now() - opened_at >= SETTLED:
                self._failures = 0
            self.error = str(ended)
            self._enter("closed")
            if self.twin.state != "open":
                self.noticed = self.twin.noticed = True
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
        if self._life is not None:
            self.abort(self._life)
            self._life.let_go()
            # At once, so that nothing is sent on what is going to be closed.
            self._enter("closed")

    def _begin(self) -> Life:
        life = Life(self, self._receiver, self._clock)
        life.task = asyncio.create_task(self._lead(life))
        self._lives.add(life)
        life.task.add_done_callback(lambda _: self._lives.discard(life))
        return life

    async def _lead(self, life: Life) -> tuple[Ended, bool]:
        """One life: how it ended, and whether there is no other."""
        try:
            token = await self._tokens.current()
        except NoTokenError as error:
            return Ended(code=PEER_GONE, detail=str(error)), False
        ended = await life.lead(self.carry(token, life))
        if ended.code in (TOKEN_EXPIRED, UNAUTHORIZED):
            return ended, not self._tokens.refused(token)
        return ended, not ended.code.reconnect

    # Moving: the server stops, and asks for a connection elsewhere before this one ends

    async def _successor(self, life: Life) -> Life | None:
        """The life that goes on where one was asked to move; ``None`` when it just ended."""
        await until(life.asked_to_move, life.task)
        failures = 0
        while not life.task.done():
            other = self._begin()
            await until(other.opened, life.task, other.task)
            if other.task.done():
                ended, final = other.task.result()
                if final:
                    life.let_go()
                    return other
                pause = self._clock.sleep(delay_of_move(self._rng, failures, ended.retry_after))
                await _first(life.task, asyncio.create_task(pause))
                failures += 1
            elif other.opened.is_set():
                life.let_go()
                self._moves += 1
                return self._go_on(other)
            elif life.task.result()[1]:
                other.task.cancel()
            else:
                # It ended before the other was open: that one is the next try.
                self.error = str(life.task.result()[0])
                return self._go_on(other)
        return None

    def _go_on(self, life: Life) -> Life:
        self._life = life
        if life.opened.is_set():
            self._is_open()
        else:
            self._enter("connecting")
        return life

    def _is_open(self) -> None:
        self.error = self.warning = None
        self.noticed = False
        self._enter("open")

    def _enter(self, state: ConnectionState) -> None:
        if state != self.state:
            self.state = state
            self.since = self._clock.now()
            self._receiver.changed(self)


async def until(event: asyncio.Event, *tasks: asyncio.Task[Any]) -> None:
    """Return when something happened, or a task is done."""
    await _first(*tasks, asyncio.create_task(event.wait()))


async def _first(*tasks: asyncio.Task[Any]) -> None:
    """Return when a task is done; the last one is ended then."""
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        tasks[-1].cancel()

"""One Redis server: calls joined into pipelines, and whether it answers at present.

Nothing here is tried twice by the client library. What was certainly not carried out is sent again
here; what may have been is told as such, and only a caller with a publish id may repeat it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import (
    AskError,
    AuthenticationError,
    BusyLoadingError,
    ClusterDownError,
    ConnectionError,  # noqa: A004  the library's own, wider than the built-in
    MasterDownError,
    MovedError,
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
    TimeoutError,  # noqa: A004
    TryAgainError,
)

from ...exceptions import EngineError
from .scripts import Script, all_scripts

__all__ = ["FailedError", "MovedAwayError", "Shard"]

log = structlog.get_logger("dualwire")

BATCH = 256
"""Calls sent in one pipeline."""

REVIVE_EVERY = (0.0, 0.05, 0.1, 0.2, 0.5)
"""Seconds before each attempt to reach a server again; the last one goes on."""

_TRANSIENT = (ReadOnlyError, ClusterDownError, MasterDownError)
"""Answers of a server that is not, or not yet, the one that carries out writes."""


class FailedError(Exception):
    """A call was not answered as it should be.

    Args:
        reason: why.
        executed: whether it may have been carried out all the same.
    """

    def __init__(self, reason: str, *, executed: bool) -> None:
        self.reason = reason
        self.executed = executed
        super().__init__(reason)


class MovedAwayError(Exception):
    """The slot of a call is on another server: it was not carried out."""

    def __init__(self, to: str | None) -> None:
        self.to = to
        """``HOST:PORT`` where this one call is to be made (ASK); ``None`` to look again."""
        super().__init__(to)


@dataclass(slots=True, eq=False)
class _Call:
    script: Script
    arguments: Sequence[str | bytes | int | float]
    """The number of keys, the keys, the arguments."""
    asking: bool
    future: asyncio.Future[Any]


class Lane:
    """Calls that share one pipeline at a time; what comes meanwhile goes out with the next."""

    def __init__(self, shard: Shard) -> None:
        self._shard = shard
        self._queue: list[_Call] = []
        self._pump: asyncio.Task[None] | None = None

    async def call(
        self, script: Script, keys: Sequence[str], args: Sequence[Any], asking: bool
    ) -> Any:
        """Run one script."""
        future = asyncio.get_running_loop().create_future()
        self._queue.append(_Call(script, (len(keys), *keys, *args), asking, future))
        if self._pump is None:
            self._pump = asyncio.create_task(self._run())
        return await future

    async def stop(self) -> None:
        """Let go; whoever waits is told so."""
        if self._pump is not None:
            self._pump.cancel()
            await asyncio.gather(self._pump, return_exceptions=True)
        for call in self._queue:
            if not call.future.done():
                call.future.set_exception(FailedError("the engine was stopped", executed=True))
        self._queue.clear()

    async def _run(self) -> None:
        try:
            while self._queue:
                calls, self._queue = self._queue[:BATCH], self._queue[BATCH:]
                try:
                    await self._send(calls)
                except Exception as error:
                    # The library's own mistake must not keep those waiting who come after.
                    log.exception("engine_call_failed", server=self._shard.name)
                    for call in calls:
                        if not call.future.done():
                            call.future.set_exception(FailedError(_reason(error), executed=True))
                finally:
                    for call in calls:
                        if not call.future.done():
                            failed = FailedError("the engine was stopped", executed=True)
                            call.future.set_exception(failed)
        finally:
            self._pump = None

    async def _send(self, calls: list[_Call]) -> None:
        answers = await self._shard.execute([(call, False) for call in calls])
        unknown = [i for i, answer in enumerate(answers) if isinstance(answer, NoScriptError)]
        if unknown:
            # It was not carried out: the server does not know the script by its digest (any more).
            again = await self._shard.execute([(calls[i], True) for i in unknown])
            for i, answer in zip(unknown, again, strict=True):
                answers[i] = answer
        for call, answer in zip(calls, answers, strict=True):
            if call.future.done():
                continue
            if isinstance(answer, Exception):
                call.future.set_exception(answer)
            else:
                call.future.set_result(answer)


class Shard:
    """One Redis server, or the primary that Sentinel names.

    Args:
        name: for logs.
        client: made so that it tries nothing twice.
        restore: brings the server up to what this node knows, before others may use it again.
    """

    def __init__(
        self, name: str, client: Redis, restore: Callable[[Shard], Awaitable[None]]
    ) -> None:
        self.name = name
        self.client = client
        self.trouble: str | None = None
        """Why it does not answer at present."""
        self._restore = restore
        self._lanes = {bulk: Lane(self) for bulk in (False, True)}
        self._reviving: asyncio.Task[None] | None = None
        self._first: asyncio.Future[None] | None = None
        self._stopped = False
        self._run_id: object = None
        """Of the process: another one may have lost what was written last."""

    async def start(self) -> None:
        """Meet the server.

        Raises:
            FailedError: it does not answer, is too old, or refuses us.
        """
        try:
            await self._greet()
        except (RedisError, OSError) as error:
            raise FailedError(_reason(error), executed=False) from error

    async def stop(self) -> None:
        """Let go. Idempotent."""
        self._stopped = True
        if self._reviving is not None:
            self._reviving.cancel()
            await asyncio.gather(self._reviving, return_exceptions=True)
        for lane in self._lanes.values():
            await lane.stop()
        with contextlib.suppress(RedisError, OSError):
            await self.client.aclose()

    async def call(
        self,
        script: Script,
        keys: Sequence[str],
        args: Sequence[Any] = (),
        *,
        bulk: bool = False,
        asking: bool = False,
        even_down: bool = False,
    ) -> Any:
        """Run one script.

        Args:
            script: which one.
            keys: what it touches.
            args: what it is told.
            bulk: whether much comes back: it must not delay small calls.
            asking: whether a slot on its way to this server is meant.
            even_down: try it even while the server counts as away.

        Raises:
            FailedError: it was refused, or nothing is known.
            MovedAwayError: another server has the slot.
        """
        if self.trouble is not None and not even_down:
            if self._first is not None:
                # The first attempt to come back is made at once: a reset is over before it shows.
                await asyncio.shield(self._first)
            if self.trouble is not None:
                raise FailedError(self.trouble, executed=False)
        return await self._lanes[bulk].call(script, keys, args, asking)

    async def execute(self, calls: Sequence[tuple[_Call, bool]]) -> list[Any]:
        """Send calls in one pipeline, each with its script's text or its digest only."""
        commands = self.client.pipeline(transaction=False)
        first: list[int] = []
        for call, whole in calls:
            if call.asking:
                commands.execute_command("ASKING")
            first.append(len(commands))
            if whole:
                commands.execute_command("EVAL", call.script.text, *call.arguments)
            else:
                commands.execute_command("EVALSHA", call.script.digest, *call.arguments)
        try:
            answers = await commands.execute(raise_on_error=False)
        except (BusyLoadingError, AuthenticationError) as error:
            self.fail(_reason(error))
            return [FailedError(_reason(error), executed=False)] * len(calls)
        except (ConnectionError, TimeoutError, OSError) as error:
            self.fail(_reason(error))
            return [FailedError(_reason(error), executed=True)] * len(calls)
        return [self._answer(answers[index]) for index in first]

    def _answer(self, answer: Any) -> Any:
        if not isinstance(answer, Exception) or isinstance(answer, NoScriptError):
            return answer
        if isinstance(answer, AskError):
            return MovedAwayError(f"{answer.host}:{answer.port}")
        if isinstance(answer, (MovedError, TryAgainError)):
            return MovedAwayError(None)
        if isinstance(answer, _TRANSIENT):
            self.fail(_reason(answer))
        if isinstance(answer, OutOfMemoryError):
            reason = "Redis is full (maxmemory); nothing was stored. Give it more memory"
            return FailedError(reason, executed=False)
        return FailedError(_reason(answer), executed=False)

    # Away and back

    def fail(self, reason: str) -> None:
        """The server does not answer as it should: nothing more is asked of it until it does."""
        if self.trouble is not None or self._stopped:
            return
        self.trouble = reason
        log.warning("engine_away", server=self.name, reason=reason)
        loop = asyncio.get_running_loop()
        self._first = loop.create_future()
        self._reviving = loop.create_task(self._revive())

    async def _revive(self) -> None:
        began = asyncio.get_running_loop().time()
        attempt = 0
        while True:
            await asyncio.sleep(REVIVE_EVERY[min(attempt, len(REVIVE_EVERY) - 1)])
            try:
                # Connections to a server that is no primary any more must not be used again.
                await self.client.connection_pool.disconnect(inuse_connections=False)
                if not await self._greet():
                    await self._restore(self)
            except Exception as error:
                if not isinstance(error, (RedisError, OSError, EngineError)):
                    # Whatever it is, giving up would mean to be away for ever.
                    log.exception("engine_not_restored", server=self.name)
                self.trouble = _reason(error)
                attempt += 1
                self._attempted()
                continue
            self.trouble = None
            self._attempted()
            away = round(asyncio.get_running_loop().time() - began, 3)
            log.info("engine_back", server=self.name, away=away)
            return

    def _attempted(self) -> None:
        if self._first is not None and not self._first.done():
            self._first.set_result(None)
        self._first = None

    async def _greet(self) -> bool:
        """Meet the server; says whether it is the same process as the last time."""
        info = await self.client.info("server")
        version = str(info.get("redis_version", "0"))
        if int(version.partition(".")[0]) < 7:
            raise ResponseError(f"Redis or Valkey 7 or newer is needed, this one is {version}")
        for each in all_scripts():
            await self.client.script_load(each.text)
        known, self._run_id = self._run_id, info.get("run_id")
        return known == self._run_id


def _reason(error: Exception) -> str:
    text = str(error) or type(error).__name__
    return f"Redis: {text}"

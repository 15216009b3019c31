"""Calling the application back: in order per player, one at a time, never inside a fan-out."""

from __future__ import annotations

import asyncio
import inspect
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import structlog

from .stats import Stats

__all__ = ["HookRunner", "Hooks"]

log = structlog.get_logger("dualwire")


@dataclass(slots=True)
class Hooks:
    """What the application is called back for; each a function or a coroutine function."""

    on_command: Callable[..., Any] | None = None
    on_player_online: Callable[..., Any] | None = None
    on_player_offline: Callable[..., Any] | None = None
    on_connection_opened: Callable[..., Any] | None = None
    on_connection_closed: Callable[..., Any] | None = None


class HookRunner:
    """Runs hooks as tasks: those of one player strictly one after the other.

    A hook may be a function or a coroutine function. What it raises is logged and counted, and
    harms nobody else.
    """

    def __init__(self, stats: Stats) -> None:
        self._stats = stats
        self._waiting: dict[str, deque[Callable[[], Awaitable[None]]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def run(self, player_id: str, name: str, hook: Callable[..., Any] | None, *args: Any) -> None:
        """Call a hook after everything that waits for the same player."""
        if hook is not None:
            self.submit(player_id, lambda: self._call(name, hook, *args))

    def submit(self, player_id: str, work: Callable[[], Awaitable[None]]) -> None:
        """Do some work after everything that waits for the same player."""
        queue = self._waiting.get(player_id)
        if queue is not None:
            queue.append(work)
            return
        self._waiting[player_id] = deque((work,))
        task = asyncio.get_running_loop().create_task(self._drain(player_id))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def call(self, player_id: str, work: Callable[[], Awaitable[Any]]) -> Any:
        """Do some work in the player's order and wait for its outcome."""
        outcome: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

        async def resolve() -> None:
            try:
                result = await work()
            except Exception as error:
                if not outcome.done():
                    outcome.set_exception(error)
            else:
                if not outcome.done():
                    outcome.set_result(result)

        self.submit(player_id, resolve)
        return await outcome

    async def wait_idle(self) -> None:
        """Return when nothing runs or waits."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def stop(self) -> None:
        """End what runs."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._waiting.clear()

    async def _drain(self, player_id: str) -> None:
        queue = self._waiting[player_id]
        try:
            while queue:
                await queue.popleft()()
        finally:
            del self._waiting[player_id]

    async def _call(self, name: str, hook: Callable[..., Any], *args: Any) -> None:
        try:
            result = hook(*args)
            if inspect.isawaitable(result):
                await result
        except Exception as error:
            self._stats.failed("hook", error)
            log.exception("hook_failed", hook=name)

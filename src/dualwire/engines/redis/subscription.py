"""The channels of one Redis server that this node listens to: one connection, one subscription per
stream."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import MovedError, RedisError

__all__ = ["Subscription"]

log = structlog.get_logger("dualwire")

CHUNK = 500
"""Commands written at once."""

PING_EVERY = 5.0
"""Seconds of silence after which the connection is asked whether it lives."""

AGAIN_AFTER = (0.0, 0.05, 0.1, 0.2, 0.5)
"""Seconds before each attempt to subscribe again; the last one goes on."""

_COMMANDS = {True: "SSUBSCRIBE", False: "SUNSUBSCRIBE"}


class Subscription:
    """Listens, and subscribes again whenever the connection breaks.

    The library's own ``PubSub`` connects again by itself and does not say when; here it matters,
    because what was told meanwhile is missing.

    Args:
        client: of the server.
        told: takes (channel, message).
        confirmed: a channel is listened to from now on; what was told before may be missing.
        moved: channels have gone to another server of the cluster.
    """

    def __init__(
        self,
        client: Redis,
        told: Callable[[str, bytes], None],
        confirmed: Callable[[str], None],
        moved: Callable[[], None],
    ) -> None:
        self._client = client
        self._told = told
        self._confirmed = confirmed
        self._moved = moved
        self._wanted: dict[str, None] = {}
        self._changes: list[tuple[str, str]] = []
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def add(self, channel: str) -> None:
        """Listen to a channel; ``confirmed`` tells from when on."""
        if channel not in self._wanted:
            self._wanted[channel] = None
            self._change(channel, wanted=True)

    def remove(self, channel: str) -> None:
        """Listen to a channel no longer."""
        if channel in self._wanted:
            del self._wanted[channel]
            self._change(channel, wanted=False)

    async def stop(self) -> None:
        """Let go. Idempotent."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    def _change(self, channel: str, *, wanted: bool) -> None:
        self._changes.append((_COMMANDS[wanted], channel))
        self._changed.set()
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        attempt = 0
        while True:
            await asyncio.sleep(AGAIN_AFTER[min(attempt, len(AGAIN_AFTER) - 1)])
            attempt += 1
            pool, connection = self._client.connection_pool, None
            try:
                connection = await pool.get_connection()  # type: ignore[no-untyped-call]
                self._changes = [("SSUBSCRIBE", channel) for channel in self._wanted]
                self._changed.set()
                attempt = 0
                await self._listen(connection)
            except MovedError:
                self._moved()
            except (RedisError, OSError) as error:
                log.warning("subscription_lost", reason=str(error) or type(error).__name__)
            finally:
                if connection is not None:
                    with contextlib.suppress(RedisError, OSError):
                        await connection.disconnect(nowait=True)
                    await pool.release(connection)

    async def _listen(self, connection: Any) -> None:
        """Read and subscribe until the connection breaks, then raise why."""
        tasks = [
            asyncio.create_task(self._write(connection)),
            asyncio.create_task(self._read(connection)),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                if task.done():
                    task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _write(self, connection: Any) -> None:
        while True:
            try:
                async with asyncio.timeout(PING_EVERY):
                    await self._changed.wait()
            except TimeoutError:
                await connection.send_command("PING", check_health=False)
                continue
            self._changed.clear()
            changes, self._changes = self._changes, []
            for start in range(0, len(changes), CHUNK):
                # One channel per command: a cluster refuses those of two slots in one.
                packed = connection.pack_commands(changes[start : start + CHUNK])
                await connection.send_packed_command(packed, check_health=False)

    async def _read(self, connection: Any) -> None:
        while True:
            message = await connection.read_response(
                timeout=2 * PING_EVERY, disconnect_on_error=False, push_request=True
            )
            if message is None:
                raise RedisError("the subscription's connection does not answer")
            if not isinstance(message, list):
                continue  # The answer to a ping while nothing is subscribed to.
            kind = message[0]
            if kind == b"smessage":
                self._told(message[1].decode(), message[2])
            elif kind == b"ssubscribe":
                self._confirmed(message[1].decode())
            elif kind == b"sunsubscribe" and message[1] is not None:
                channel = message[1].decode()
                if channel in self._wanted and not self._again(channel):
                    self._moved()

    def _again(self, channel: str) -> bool:
        """Whether a channel that was left is subscribed to once more."""
        return ("SSUBSCRIBE", channel) in self._changes

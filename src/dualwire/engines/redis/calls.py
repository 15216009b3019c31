"""Calling scripts: on the right server, with the time and the limits, and with errors that say what
to do."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from typing import Any

from ...abc import Clock
from ...config import HistoryPolicy
from ...exceptions import EngineError
from .scripts import script
from .shard import FailedError, MovedAwayError, Shard
from .topology import Topology

__all__ = ["Calls", "milliseconds"]

KEEP = 24 * 3600.0
"""Seconds after which what belongs to an idle stream that nobody follows is let go."""

MOVES = 16
"""Times that a call follows a slot that moves (redis-py: 16)."""

AGAIN_AFTER = 0.02
"""Seconds between attempts of a call."""


def milliseconds(seconds: float) -> int:
    """Seconds as scripts take them."""
    return round(seconds * 1000)


class Calls:
    """Runs scripts.

    Args:
        topology: which server has what.
        clock: this node's time.
        history: limits of logs.
        wait: seconds for which a call waits for a server that is away.
        time: (now, wall) in seconds for the scripts instead of Redis's own time, for tests.
    """

    def __init__(
        self,
        topology: Topology,
        clock: Clock,
        history: HistoryPolicy,
        wait: float,
        time: Callable[[], tuple[float, float]] | None,
    ) -> None:
        self.topology = topology
        self.started = False
        self._clock = clock
        self._wait = wait
        self._time = time
        self._skew = 0.0
        keep, age = milliseconds(KEEP), milliseconds(history.room_age)
        player = history.player_events, history.player_bytes, "", keep, age
        self._limits: dict[bool, Sequence[str | int]] = {
            True: player,
            False: (history.room_events, history.room_bytes, age, keep, ""),
        }

    def head(self, stream: str = "player:") -> list[Any]:
        """What the arguments of every script begin with; ``log.lua`` says what it is."""
        now: tuple[str | int, str | int] = ("", "")
        if self._time is not None:
            engine_now, wall = self._time()
            now = milliseconds(engine_now), milliseconds(wall)
        random = f"{secrets.randbits(32):08x}"
        return [*now, random, *self._limits[stream.startswith("player:")]]

    def note(self, now: int) -> None:
        """Learn from an answer what time it is for the engine."""
        self._skew = self._clock.now() - now / 1000

    def local(self, at: int) -> float:
        """Milliseconds of the engine's clock in seconds of this node's clock."""
        return at / 1000 + self._skew

    async def run(
        self,
        operation: str,
        name: str,
        keys: Sequence[str],
        args: Sequence[Any],
        *,
        bulk: bool = False,
        repeatable: bool = False,
        patient: bool = False,
        inner: bool = False,
    ) -> Any:
        """Run one script.

        Args:
            operation: what the caller does, for messages.
            name: the script's.
            keys: what it touches, all in one slot.
            args: what it is told.
            bulk: whether much comes back.
            repeatable: whether carrying it out twice is the same as once.
            patient: whether to wait for a server that is away, as the setting says: what a caller
                asked for does, what this node does by itself does not.
            inner: whether to ask a server that counts as away: it may be the one being restored.

        Raises:
            EngineError: it was not carried out, or, unless ``repeatable``, perhaps it was.
        """
        if not self.started:
            raise EngineError(operation, "the engine is not started (or was stopped)")
        loop = asyncio.get_running_loop()
        deadline = loop.time() + (self._wait if patient else 0.0)
        moves, repeats = 0, 0
        at: Shard | None = None
        while True:
            try:
                shard = at or self.topology.shard_of(keys[0])
                return await shard.call(
                    script(name), keys, args, bulk=bulk, asking=bool(at), even_down=inner
                )
            except MovedAwayError as moved:
                moves += 1
                if moves > MOVES:
                    raise EngineError(operation, "Redis Cluster: its slot keeps moving") from moved
                at = await self._follow(moved, moves)
            except FailedError as failed:
                repeats += 1
                if failed.executed and not repeatable:
                    hint = "whether it was stored is not known"
                    raise EngineError(operation, f"{failed.reason}; {hint}") from failed
                # A reply that was lost is asked for once more at once, whatever the setting.
                once_more = failed.executed and repeats == 1
                if not once_more and loop.time() >= deadline:
                    raise EngineError(operation, failed.reason) from failed
                at = None
                await asyncio.sleep(AGAIN_AFTER)

    async def _follow(self, moved: MovedAwayError, moves: int) -> Shard | None:
        if moved.to is not None:
            return self.topology.at(moved.to)
        if moves > 1:
            await asyncio.sleep(AGAIN_AFTER)
        await self.topology.look_again()
        return None

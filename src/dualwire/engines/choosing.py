"""The engine that a setting names."""

from __future__ import annotations

from ..abc import Clock, Engine
from ..config import Config
from .memory import MemoryEngine

__all__ = ["MEMORY", "engine_of"]

MEMORY = "memory"
"""The engine in this process's memory, which no other process sees."""


def engine_of(name: str, clock: Clock, config: Config, *, wait: float = 0.0) -> Engine:
    """Make an engine.

    Args:
        name: ``memory``, or the URL of a Redis, as :class:`~dualwire.engines.redis.RedisEngine`
            takes it.
        clock: time.
        config: how much is kept, and for how long.
        wait: seconds that a call waits for a Redis that is away, before it fails.

    Raises:
        ConfigurationError: there is no such engine.
    """
    if name == MEMORY:
        return MemoryEngine(clock, config.history, config.session)
    # Who needs none does not load the client library.
    from .redis import RedisEngine  # noqa: PLC0415

    return RedisEngine(name, clock, config.history, config.session, wait=wait)

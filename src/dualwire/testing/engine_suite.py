"""The conformance suite of :class:`dualwire.abc.Engine`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from . import engine_players, engine_presence, engine_records, engine_streams
from .engine_rig import EngineFactory, engine_suite

__all__ = ["EngineFactory", "check_engine", "engine_cases"]

# Each of them adds its cases to the one suite.
_PARTS = engine_streams, engine_players, engine_presence, engine_records


def engine_cases() -> Mapping[str, Callable[[EngineFactory], Awaitable[None]]]:
    """The cases by name, so that a test runner can show one line for each.

    Each takes a factory that gives, as an asynchronous context manager, a fresh engine that is not
    started and lives by the default policies, and the :class:`ManualClock` that it lives by.
    """
    return engine_suite.cases


async def check_engine(factory: EngineFactory) -> None:
    """Run all cases of :func:`engine_cases`.

    Raises:
        AssertionError: the engine breaks the contract; the text names the case.
    """
    await engine_suite.check(factory)

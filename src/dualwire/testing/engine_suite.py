"""The conformance suite of :class:`dualwire.abc.Engine`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from . import (
    engine_faults,
    engine_nodes,
    engine_players,
    engine_presence,
    engine_records,
    engine_streams,
)
from .engine_place import EnginePlace, PlaceFactory, place_suite
from .engine_rig import EngineFactory, engine_suite

__all__ = [
    "EngineFactory",
    "EnginePlace",
    "PlaceFactory",
    "check_engine",
    "check_engine_place",
    "engine_cases",
    "engine_place_cases",
]

# Each of them adds its cases to one of the two suites.
_PARTS = (
    engine_streams,
    engine_players,
    engine_presence,
    engine_records,
    engine_nodes,
    engine_faults,
)


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


def engine_place_cases() -> Mapping[str, Callable[[PlaceFactory], Awaitable[None]]]:
    """Cases for an engine that several nodes share, by name: beside :func:`engine_cases`.

    Each takes a factory that gives, as an asynchronous context manager, a fresh
    :class:`EnginePlace`, in which nodes are opened, killed and cut off.
    """
    return place_suite.cases


async def check_engine_place(factory: PlaceFactory) -> None:
    """Run all cases of :func:`engine_place_cases`.

    Raises:
        AssertionError: the engine breaks the contract; the text names the case.
    """
    await place_suite.check(factory)

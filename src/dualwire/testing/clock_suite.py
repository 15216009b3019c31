"""The conformance suite of :class:`dualwire.abc.Clock`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

from ..abc import Clock
from .suite import Suite, expect

__all__ = ["ClockFactory", "check_clock", "clock_cases"]

ClockFactory: TypeAlias = Callable[[], tuple[Clock, Callable[[float], Awaitable[None]]]]
"""Gives a clock, and a function that lets so many seconds pass on it."""

MOMENT = 0.01
"""Seconds: short, so that the system's clock can be tested as well."""

_suite: Suite[ClockFactory] = Suite("Clock")


def _case(body: Callable[[ClockFactory], Awaitable[None]]) -> None:
    _suite.add(body.__name__, body)


@_case
async def now_never_goes_back(make: ClockFactory) -> None:
    """``now`` is monotonic, and as long as what passed."""
    clock, let_pass = make()
    before = seen = clock.now()
    for _ in range(100):
        expect("not before the last", clock.now() >= seen, True)
        seen = clock.now()
    await let_pass(MOMENT)
    expect("it went on", clock.now() - before >= MOMENT * 0.99, True)


@_case
async def wall_is_seconds_since_1970(make: ClockFactory) -> None:
    """``wall`` is of this century: no milliseconds, no seconds since the start."""
    clock, _ = make()
    expect("a time from 2001 to 2100", 1e9 < clock.wall() < 4.2e9, True)


@_case
async def sleep_returns_after_its_time(make: ClockFactory) -> None:
    """Not before ``seconds`` have passed."""
    clock, let_pass = make()
    before = clock.now()
    sleeper = asyncio.ensure_future(clock.sleep(MOMENT))
    await asyncio.sleep(0)
    expect("asleep", sleeper.done(), False)
    await let_pass(MOMENT * 2)
    await sleeper
    expect("time passed", clock.now() - before >= MOMENT * 0.99, True)


@_case
async def sleeping_for_nothing_returns_at_once(make: ClockFactory) -> None:
    """Durations that are not above 0 do not wait."""
    clock, _ = make()
    await clock.sleep(0.0)
    await clock.sleep(-5.0)


@_case
async def a_sleeper_can_be_cancelled(make: ClockFactory) -> None:
    """Cancelling one sleeper leaves the others asleep and the clock at work."""
    clock, let_pass = make()
    one = asyncio.ensure_future(clock.sleep(MOMENT))
    two = asyncio.ensure_future(clock.sleep(MOMENT))
    await asyncio.sleep(0)
    one.cancel()
    await let_pass(MOMENT * 2)
    await two
    await asyncio.wait([one])
    expect("cancelled", one.cancelled(), True)


def clock_cases() -> Mapping[str, Callable[[ClockFactory], Awaitable[None]]]:
    """The cases by name, so that a test runner can show one line for each."""
    return _suite.cases


async def check_clock(factory: ClockFactory) -> None:
    """Run all cases of :func:`clock_cases`.

    Raises:
        AssertionError: the clock breaks the contract; the text names the case.
    """
    await _suite.check(factory)

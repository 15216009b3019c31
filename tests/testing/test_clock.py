"""Time that moves when it is told to."""

from __future__ import annotations

import asyncio

from dualwire.testing import ManualClock


async def test_sleepers_wake_each_at_its_own_moment() -> None:
    clock = ManualClock(now=0.0)
    woke: list[tuple[str, float]] = []

    async def sleeper(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        woke.append((name, clock.now()))

    tasks = [asyncio.create_task(sleeper(*each)) for each in (("b", 2.0), ("a", 1.0), ("c", 9.0))]
    await asyncio.sleep(0)
    await clock.advance(5.0)
    assert woke == [("a", 1.0), ("b", 2.0)]
    assert clock.now() == 5.0
    await clock.advance(5.0)
    assert woke[2:] == [("c", 9.0)]
    await asyncio.gather(*tasks)


def test_the_wall_clock_goes_back_and_time_does_not() -> None:
    clock = ManualClock(now=10.0, wall=1000.0)
    clock.shift(5.0)
    clock.set_back(100.0)
    assert (clock.now(), clock.wall()) == (15.0, 905.0)

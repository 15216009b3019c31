"""The system's time."""

from __future__ import annotations

import asyncio
import time

import pytest

from dualwire.clock import SystemClock
from dualwire.testing import clock_cases


@pytest.mark.parametrize("name", clock_cases())
async def test_contract(name: str) -> None:
    await clock_cases()[name](lambda: (SystemClock(), asyncio.sleep))


def test_it_is_the_systems() -> None:
    clock = SystemClock()
    assert abs(clock.wall() - time.time()) < 5.0
    assert abs(clock.now() - time.monotonic()) < 5.0

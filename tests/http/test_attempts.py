from __future__ import annotations

from dualwire.http.attempts import Attempts, Limit
from dualwire.testing import ManualClock

LOGIN = Limit("login", 3, 60.0)


async def test_so_often_in_so_long() -> None:
    clock = ManualClock()
    attempts = Attempts(clock)
    assert [await attempts.take(LOGIN, "a") for _ in range(5)] == [0.0, 0.0, 0.0, 20.0, 20.0]
    clock.shift(20.0)
    assert await attempts.take(LOGIN, "a") == 0.0
    assert await attempts.take(LOGIN, "a") == 20.0


async def test_to_look_counts_nothing() -> None:
    attempts = Attempts(ManualClock())
    for _ in range(9):
        assert attempts.wait(LOGIN, "a") == 0.0
    for _ in range(3):
        await attempts.take(LOGIN, "a")
    assert attempts.wait(LOGIN, "a") == 20.0


async def test_each_key_and_each_limit_by_itself() -> None:
    attempts = Attempts(ManualClock())
    for _ in range(4):
        last = await attempts.take(LOGIN, "a")
    assert last > 0.0
    assert await attempts.take(LOGIN, "b") == 0.0
    assert await attempts.take(Limit("guest", 3, 60.0), "a") == 0.0

from __future__ import annotations

from dualwire.engines.memory import MemoryEngine
from dualwire.exceptions import EngineError
from dualwire.http.attempts import KEPT, Attempts, Limit
from dualwire.testing import ManualClock

LOGIN = Limit("login", 3, 60.0)


def counting() -> tuple[Attempts, ManualClock]:
    clock = ManualClock()
    return Attempts(MemoryEngine(clock), clock), clock


async def test_so_often_in_so_long() -> None:
    attempts, clock = counting()
    assert [await attempts.take(LOGIN, "a") for _ in range(5)] == [0.0, 0.0, 0.0, 20.0, 20.0]
    clock.shift(20.0)
    assert await attempts.take(LOGIN, "a") == 0.0
    assert await attempts.take(LOGIN, "a") == 20.0


async def test_to_look_counts_nothing() -> None:
    attempts, clock = counting()
    for _ in range(9):
        assert attempts.wait(LOGIN, "a") == 0.0
    for _ in range(4):
        await attempts.take(LOGIN, "a")
    assert attempts.wait(LOGIN, "a") == 20.0
    clock.shift(20.0)
    assert attempts.wait(LOGIN, "a") == 0.0


async def test_each_key_and_each_limit_by_itself() -> None:
    attempts, _ = counting()
    for _ in range(4):
        last = await attempts.take(LOGIN, "a")
    assert last > 0.0
    assert await attempts.take(LOGIN, "b") == 0.0
    assert await attempts.take(Limit("guest", 3, 60.0), "a") == 0.0


async def test_nodes_that_share_an_engine_count_together() -> None:
    clock = ManualClock()
    engine = MemoryEngine(clock)
    one, two = Attempts(engine, clock), Attempts(engine, clock)
    waits = [await each.take(LOGIN, "a") for each in (one, two, one, two)]
    assert waits == [0.0, 0.0, 0.0, 20.0]


class _Away(MemoryEngine):
    async def attempt(self, key: str, amount: int, period: float) -> float:
        raise EngineError("attempt", "it is away")


async def test_what_cannot_be_counted_is_forgiven() -> None:
    clock = ManualClock()
    assert await Attempts(_Away(clock), clock).take(LOGIN, "a") == 0.0


class _Strict(MemoryEngine):
    async def attempt(self, key: str, amount: int, period: float) -> float:
        return 20.0


async def test_those_who_wait_are_not_remembered_without_end() -> None:
    clock = ManualClock()
    attempts = Attempts(_Strict(clock), clock)
    for n in range(KEPT + 1):
        await attempts.take(LOGIN, str(n))
    assert len(attempts._waiting) <= KEPT
    assert attempts.wait(LOGIN, str(KEPT)) == 20.0

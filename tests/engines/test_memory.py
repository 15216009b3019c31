"""The embedded engine: the contract's suite, and what is its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from dualwire.abc import Engine
from dualwire.config import HistoryPolicy
from dualwire.engines.memory import MemoryEngine
from dualwire.exceptions import EngineError
from dualwire.testing import ManualClock, check_engine, engine_cases
from dualwire.types import Entry, Event, player_stream, room_stream


@asynccontextmanager
async def fresh() -> AsyncIterator[tuple[Engine, ManualClock]]:
    clock = ManualClock()
    yield MemoryEngine(clock), clock


@pytest.mark.parametrize("name", engine_cases())
async def test_contract(name: str) -> None:
    await engine_cases()[name](fresh)


async def test_the_whole_suite_at_once() -> None:
    await check_engine(fresh)


def ignore(stream: str, entry: Entry) -> None:
    pass


async def started(history: HistoryPolicy | None = None) -> tuple[MemoryEngine, ManualClock]:
    clock = ManualClock()
    engine = MemoryEngine(clock, history)
    await engine.start(ignore)
    return engine, clock


def event(size: int = 10) -> Event:
    return Event(payload=b"x" * size)


async def test_it_keeps_nothing_beyond_the_process() -> None:
    engine, _ = await started()
    assert not engine.durable


async def test_the_budget_takes_the_longest_idle_stream_first() -> None:
    engine, clock = await started(HistoryPolicy(budget=2500))
    for room in ("old", "middle", "new"):
        engine.follow(room_stream(room))
        await engine.publish(room_stream(room), event(1000))
        clock.shift(1.0)
    await engine.tick()
    kept = {room: len(engine.log(room_stream(room))) for room in ("old", "middle", "new")}
    assert kept == {"old": 0, "middle": 1, "new": 1}
    assert engine.log(room_stream("old")).position.offset == 1
    assert (await engine.history(room_stream("old"), 0, 10)).first == 2


async def test_within_the_budget_nothing_gives_way() -> None:
    engine, _ = await started(HistoryPolicy(budget=2500))
    for room in ("one", "two"):
        await engine.publish(room_stream(room), event(1000))
    await engine.tick()
    assert len(engine.log(room_stream("one"))) == len(engine.log(room_stream("two"))) == 1


async def test_an_idle_log_that_nobody_follows_is_let_go() -> None:
    engine, clock = await started()
    engine.follow("room:followed")
    first = {}
    for stream in ("room:idle", "room:followed", "player:eva"):
        first[stream] = (await engine.publish(stream, event())).position
    clock.shift(120.0)
    await engine.tick()
    second = {stream: (await engine.publish(stream, event())).position for stream in first}
    assert second["room:followed"] == (first["room:followed"].epoch, 2)
    for gone in ("room:idle", "player:eva"):
        assert second[gone].offset == 1
        assert second[gone].epoch > first[gone].epoch


async def test_publish_ids_are_let_go() -> None:
    engine, clock = await started()
    for number in range(10):
        await engine.publish("global", event(), publish_id=f"id-{number}")
        clock.shift(10.0)
    clock.shift(70.0)
    await engine.tick()
    # The ids of the first 50 s were made 120 s ago or earlier.
    assert len(engine._publish_ids) == 4
    assert not (await engine.publish("global", event(), publish_id="id-5")).repeated
    assert (await engine.publish("global", event(), publish_id="id-6")).repeated


async def test_a_session_that_ends_takes_its_history_along() -> None:
    engine, _ = await started()
    await engine.claim("eva", "session-1", "unused-1")
    before = (await engine.publish(player_stream("eva"), event())).position
    clock_codes = await engine.claim("eva", "session-2", "unused-1")
    assert clock_codes.outcome == "takeover"
    after = (await engine.publish(player_stream("eva"), event())).position
    assert after == (before.epoch, before.offset + 2), "a takeover goes on in the same stream"


async def test_errors_say_what_failed_and_why() -> None:
    engine = MemoryEngine(ManualClock())
    with pytest.raises(EngineError, match=r"publish failed: the engine is not started"):
        await engine.publish("global", event())
    with pytest.raises(EngineError, match=r"enter failed: the engine is not started"):
        await engine.enter("eva", "hall")

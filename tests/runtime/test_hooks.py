"""Hooks: in each player's order, one at a time, and never anybody else's problem."""

from __future__ import annotations

import asyncio

import pytest

from dualwire.runtime.hooks import HookRunner
from dualwire.runtime.stats import Stats

from ..game import Game
from ..live import until


async def test_one_players_hooks_run_one_after_the_other() -> None:
    said: list[str] = []
    runner = HookRunner(Stats())
    release = asyncio.Event()

    async def slow(name: str) -> None:
        said.append(f"{name} begins")
        await release.wait()
        said.append(f"{name} ends")

    runner.run("ann", "hook", slow, "first")
    runner.run("ann", "hook", said.append, "second")
    runner.run("bob", "hook", said.append, "bob's own")
    await until(lambda: "bob's own" in said)
    assert said == ["first begins", "bob's own"]
    release.set()
    await runner.wait_idle()
    assert said == ["first begins", "bob's own", "first ends", "second"]


async def test_a_hook_that_fails_is_counted_and_the_next_one_runs() -> None:
    said: list[str] = []
    stats = Stats()
    runner = HookRunner(stats)

    def broken() -> None:
        raise KeyError("a defect of the application")

    runner.run("ann", "hook", broken)
    runner.run("ann", "hook", said.append, "next")
    await runner.wait_idle()
    assert said == ["next"]
    assert stats.errors["hook", "KeyError"] == 1


async def test_call_gives_back_the_outcome_and_the_error() -> None:
    runner = HookRunner(Stats())

    async def answer() -> int:
        return 42

    async def fail() -> int:
        raise ValueError("no")

    assert await runner.call("ann", answer) == 42
    with pytest.raises(ValueError, match="no"):
        await runner.call("ann", fail)


async def test_work_goes_on_when_whoever_waited_for_it_gave_up() -> None:
    said: list[str] = []
    runner = HookRunner(Stats())
    release = asyncio.Event()

    async def work() -> None:
        await release.wait()
        said.append("done")

    waiting = asyncio.create_task(runner.call("ann", work))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    release.set()
    await runner.wait_idle()
    assert said == ["done"]


async def test_stop_ends_what_runs() -> None:
    runner = HookRunner(Stats())
    runner.run("ann", "hook", asyncio.Event().wait)
    await asyncio.sleep(0)
    await runner.stop()
    await runner.wait_idle()


async def test_every_hook_is_called_with_what_it_promises(game: Game) -> None:
    calls: list[tuple[object, ...]] = []
    manager = game.manager
    manager.on_player_online(lambda *args: calls.append(("online", *args)))
    manager.on_player_offline(lambda *args: calls.append(("offline", *args)))
    manager.on_connection_opened(lambda *args: calls.append(("opened", *args)))
    manager.on_connection_closed(lambda *args: calls.append(("closed", *args)))
    async with game.websocket("ann"):
        await game.connected("ann", websocket=1)
        (connection_id,) = manager.active_websockets
    await game.connected("ann")
    await manager.node.wait_settled()
    await game.clock.advance(20.0)
    await manager.node.wait_settled()
    assert calls[0] == ("online", "ann")
    assert calls[1] == ("opened", "ann", connection_id)
    assert calls[2][:3] == ("closed", "ann", connection_id)
    assert calls[3] == ("offline", "ann")
    assert str(calls[2][3]) == "1000 normal"

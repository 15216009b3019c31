"""Commands run at most once, and their outcome is always told."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import dualwire.client
from dualwire import Command, Config
from dualwire.codes import LOGGED_OUT
from dualwire.config import Limits
from dualwire.exceptions import EventError, MessageTooBigError, RefusedError
from dualwire.testing import FaultProxy, ManualClock
from tests.game import Game, playing
from tests.live import until

from .player import entered
from .test_merging import spoiling


class Runs:
    """Counts what was run, as the server sees it."""

    def __init__(self, game: Game) -> None:
        self.bodies: list[Any] = []
        self.over: list[str | None] = []
        self.go_on = asyncio.Event()
        self.go_on.set()
        self._game = game
        game.manager.on_command(self._run)

    async def _run(self, command: Any) -> dict[str, Any]:
        connection = self._game.manager.node.connections.get(command.connection_id)
        self.bodies.append(command.data)
        self.over.append(connection.connection_type if connection else None)
        await self.go_on.wait()
        if command.verb == "forbidden":
            raise RefusedError("Not you.")
        return {"ran": len(self.bodies)}


async def test_done_with_its_answer(game: Game) -> None:
    runs = Runs(game)
    async with entered(game) as amy:
        replies = [await amy.client.command({"command": "look", "n": n}) for n in range(3)]
        assert [reply.outcome for reply in replies] == ["done"] * 3
        assert [reply.body for reply in replies] == [{"ran": 1}, {"ran": 2}, {"ran": 3}]
        assert len({reply.command_id for reply in replies}) == 3
    assert [body["n"] for body in runs.bodies] == [0, 1, 2]
    assert runs.over == ["websocket"] * 3


async def test_refused_with_the_reason(game: Game) -> None:
    Runs(game)
    async with entered(game) as amy:
        reply = await amy.client.command({"command": "forbidden"})
        assert (reply.outcome, reply.reason, reply.body) == ("refused", "Not you.", None)


async def test_a_lost_reply_is_asked_for_again_over_the_other_way(game: Game) -> None:
    runs, clock = Runs(game), ManualClock()
    async with spoiling(game) as proxy, entered(game, clock=clock, address=proxy.address) as amy:
        proxy.websocket.swallow("to_client")
        proxy.sse.swallow("to_client")
        command = asyncio.create_task(amy.client.command({"command": "pay"}))
        await until(lambda: runs.bodies)
        await until(lambda: game.manager.node.runner.wait_idle)
        assert not command.done()
        await clock.advance(0.25)
        reply = await command
        assert (reply.outcome, reply.body) == ("done", {"ran": 1})
    assert len(runs.bodies) == 1


async def test_a_command_that_still_runs_is_not_run_again(game: Game) -> None:
    runs, clock = Runs(game), ManualClock()
    runs.go_on.clear()
    async with entered(game, clock=clock) as amy:
        command = asyncio.create_task(amy.client.command({"command": "pay"}))
        await until(lambda: runs.bodies)
        for _ in range(8):
            await clock.advance(2.0)
        assert not command.done()
        runs.go_on.set()
        assert (await command).outcome == "done"
    assert len(runs.bodies) == 1


async def test_one_that_never_arrived_is_unknown_and_not_run(game: Game) -> None:
    runs, clock = Runs(game), ManualClock()
    async with spoiling(game) as proxy, entered(game, clock=clock, address=proxy.address) as amy:
        proxy.websocket.swallow("to_server")
        command = asyncio.create_task(amy.client.command({"command": "pay"}))
        await until(lambda: amy.client._commands._pending)
        await until(lambda: next(iter(amy.client._commands._pending.values())).perhaps_sent)
        await clock.advance(0.25)
        reply = await command
        assert reply.outcome == "unknown"
        assert "not executed" in reply.reason
    assert not runs.bodies


async def test_without_a_websocket_it_goes_by_post(game: Game) -> None:
    runs = Runs(game)
    async with spoiling(game) as proxy:
        proxy.websocket.refuse()
        async with entered(game, address=proxy.address, both=False) as amy:
            await until(lambda: amy.state()["sse"] == "open")
            await game.manager.subscribe_to_room("amy", "hall")
            reply = await amy.client.command({"command": "look"})
            await game.manager.broadcast_to_room("hall", {"n": 1})
            assert (reply.outcome, reply.body) == ("done", {"ran": 1})
            await until(lambda: amy.numbers() == [1])
            assert amy.state()["websocket"] != "open"
            assert amy.client.connections["websocket"].error
    assert runs.over == [None]


async def test_it_waits_for_the_server_to_come_back(game: Game) -> None:
    runs, clock = Runs(game), ManualClock()
    async with spoiling(game) as proxy, entered(game, clock=clock, address=proxy.address) as amy:
        proxy.all.refuse()
        proxy.all.reset()
        await until(lambda: "open" not in amy.state().values())
        command = asyncio.create_task(amy.client.command({"command": "look"}, timeout=None))
        await clock.advance(1.0)
        proxy.all.heal()
        while not command.done():
            await clock.advance(0.5)
            await asyncio.sleep(0.01)
        # Its first try may have reached the server, as far as the client can tell.
        assert (await command).outcome in ("done", "unknown")
    assert len(runs.bodies) <= 1


async def test_time_is_up(game: Game) -> None:
    runs, clock = Runs(game), ManualClock()
    runs.go_on.clear()
    async with entered(game, clock=clock) as amy:
        command = asyncio.create_task(amy.client.command({"command": "pay"}, timeout=3.0))
        await until(lambda: runs.bodies)
        await clock.advance(3.0)
        reply = await command
        assert (reply.outcome, reply.reason) == ("unknown", "no reply within 3 s")
        runs.go_on.set()


async def test_the_end_of_the_session_leaves_it_unknown(game: Game) -> None:
    runs = Runs(game)
    runs.go_on.clear()
    async with entered(game) as amy:
        command = asyncio.create_task(amy.client.command({"command": "pay"}))
        await until(lambda: runs.bodies)
        await game.manager.disconnect_player("amy", LOGGED_OUT)
        reply = await command
        assert reply.outcome == "unknown"
        assert "The player left the game." in reply.reason
        runs.go_on.set()
        after = await amy.client.command({"command": "look"})
        assert (after.outcome, after.reason) == ("unknown", reply.reason)


async def test_closing_leaves_it_unknown(game: Game) -> None:
    runs = Runs(game)
    runs.go_on.clear()
    async with entered(game) as amy:
        command = asyncio.create_task(amy.client.command({"command": "pay"}))
        await until(lambda: runs.bodies)
    assert (await command).reason == "this client was closed before the reply came"
    runs.go_on.set()


@pytest.mark.parametrize("way", ["command", "send"])
async def test_what_cannot_be_sent_is_said_at_once(way: str) -> None:
    async with playing(Config(limits=Limits(message=500))) as game, entered(game) as amy:
        send = getattr(amy.client, way)
        with pytest.raises(EventError):
            await send({"command": object()})
        with pytest.raises(MessageTooBigError, match="at most 500 bytes, got"):
            await send({"command": "x" * 600})
        assert set(amy.state().values()) == {"open"}


async def test_a_command_waits_until_its_player_is_there_again(game: Game) -> None:
    """Sent by HTTP meanwhile, it would run for a player who is not in the game."""
    ran: list[bool] = []

    @game.manager.on_command
    def act(command: Command) -> dict[str, bool]:
        ran.append(sum(game.counts("ann")) > 0)
        return {"ok": True}

    host, _, port = game.address.partition(":")
    async with (
        FaultProxy(host, int(port)) as proxy,
        dualwire.client.connect(f"http://{proxy.address}", game.token("ann")) as client,
    ):
        await game.connected("ann", websocket=1, sse=1)
        proxy.rules.websocket.refuse()
        proxy.rules.sse.refuse()
        proxy.all.reset()
        await until(lambda: not any(each.state == "open" for each in client.connections.values()))
        running = asyncio.create_task(client.command({"command": "look"}))
        for _ in range(20):
            await asyncio.sleep(0)
        assert ran == []
        proxy.rules.websocket.heal()
        proxy.rules.sse.heal()
        reply = await running
        assert reply.outcome == "done"
        assert ran == [True]

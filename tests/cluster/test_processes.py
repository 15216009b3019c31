"""Three ``dualwire serve`` behind a real nginx without sticky sessions, and a real Redis.

What dies here is killed as the system kills it. Loss and repetition are judged by the publisher's
own numbers in the events.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence

import pytest
from bench.cluster.course import Course, Stage, holding, node_of, staged
from bench.cluster.processes import Cluster, cluster
from bench.failover.figures import Figures

from dualwire.client import Client, Delivered, connect
from dualwire.exceptions import RefusedError
from dualwire.http import JWTAuthenticator
from tests.live import until
from tests.process.running import SECRET

RATE = 200.0
COURSE = Course(before=0.3, after=0.3, drain=60.0)
PATIENCE = 60.0
"""Seconds for what takes a moment on a machine that has nothing else to do."""


@contextlib.asynccontextmanager
async def three(**environ: str) -> AsyncIterator[tuple[Cluster, Stage]]:
    async with (
        cluster(SECRET, {"DUALWIRE_DRAIN_GRACE": "5"} | environ) as nodes,
        staged(nodes, SECRET) as stage,
    ):
        yield nodes, stage


def check(figures: Sequence[Figures]) -> None:
    for each in figures:
        assert each.published > 0
        assert (each.lost, each.repeated, each.out_of_order) == (0, 0, 0), each


async def test_nodes_die_and_are_restarted_and_nobody_misses_anything() -> None:
    async with three() as (nodes, stage):

        async def kill(clients: Sequence[Client]) -> None:
            await holding(nodes.nodes, clients[0], "websocket").kill()

        figures, _ = await stage.run(COURSE, 2, RATE, kill, 0.5)
        check(figures)
        for node in nodes.nodes:
            if not node.running:
                await node.start()

        seen: list[tuple[str, str]] = []

        async def roll(clients: Sequence[Client]) -> None:
            client = clients[0]
            client.on_change = lambda each: seen.append((each.connection_type, each.state))
            await nodes.rolling_restart()
            # Asked to move, each connection was open elsewhere before it was let go of.
            assert {state for _, state in seen} == {"open"}, seen
            assert client.statistics.reconnects == 0
            assert sum(each.quality.moves for each in client.connections.values()) >= 2

        figures, _ = await stage.run(COURSE, 2, RATE, roll, 0.5)
        check(figures)
        for node in nodes.nodes:
            assert node.events("node_drained")[-1]["left"] == 0


async def test_redis_comes_back_empty_and_the_game_goes_on() -> None:
    async with three() as (nodes, stage), stage.apart("ann") as ann, stage.apart("bob") as bob:
        for client in (ann, bob):
            assert (await client.command({"command": "enter hall"}, timeout=PATIENCE)).body
        items: list[Delivered] = []
        reading = asyncio.create_task(_read(bob, items))
        await ann.command({"command": "say hall before"}, timeout=PATIENCE)
        await until(lambda: _said(items) == ["before"], PATIENCE)
        before = {kind: node_of(bob, kind) for kind in bob.connections}

        await nodes.redis.kill()
        for node in nodes.nodes:
            await until(lambda node=node: node.events("engine_away"), PATIENCE)  # type: ignore[misc]
        failed = await ann.command({"command": "say hall meanwhile"}, timeout=3.0)
        assert failed.outcome != "done"
        assert {each.state for each in bob.connections.values()} == {"open"}

        await nodes.redis.start()
        for node in nodes.nodes:
            await until(lambda node=node: node.events("engine_back"), PATIENCE)  # type: ignore[misc]
        await ann.command({"command": "say hall after"}, timeout=PATIENCE)
        await until(lambda: "after" in _said(items), PATIENCE)
        assert _said(items).count("after") == 1
        assert {kind: node_of(bob, kind) for kind in bob.connections} == before
        assert bob.statistics.reconnects == ann.statistics.reconnects
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


async def _read(client: Client, items: list[Delivered]) -> None:
    async for item in client:
        if isinstance(item, Delivered):
            items.append(item)


def _said(items: Sequence[Delivered]) -> list[str]:
    return [each.event["say"] for each in items if "say" in each.event]


async def test_another_session_takes_over_whatever_the_nodes() -> None:
    token = JWTAuthenticator(SECRET).issue("ann")
    async with three() as (nodes, stage), stage.apart("ann") as first:
        async with connect(nodes.url, token, open_timeout=PATIENCE):
            with pytest.raises(RefusedError, match="newer game client"):
                await asyncio.wait_for(_read(first, []), PATIENCE)
        assert {each.state for each in first.connections.values()} == {"closed"}


async def test_the_players_of_a_dead_node_leave_once() -> None:
    async with three(DUALWIRE_SESSION__GRACE="1") as (nodes, _):
        token = JWTAuthenticator(SECRET).issue("ann")
        async with connect(nodes.url, token, open_timeout=PATIENCE) as client:
            await until(
                lambda: {each.state for each in client.connections.values()} == {"open"}, PATIENCE
            )
            held = {node_of(client, kind) for kind in client.connections}
            # At one moment: nobody notices anything, and nobody comes back.
            dying = [node for node in nodes.nodes if node.id in held]
            await asyncio.gather(*(each.kill() for each in (*dying, nodes.front)))
        living = [node for node in nodes.nodes if node.running]
        assert living

        def departures() -> list[object]:
            return [
                each["player"] for node in nodes.nodes for each in node.events("player_offline")
            ]

        await until(departures, PATIENCE)
        # What else they had to say of it, they have said when they have stopped.
        await asyncio.gather(*(node.stop() for node in living))
        assert departures() == ["ann"]
        assert any(node.events("node_gone") for node in living)

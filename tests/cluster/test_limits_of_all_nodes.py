"""A player's rates hold for all nodes together, within what the how-to of limits says."""

from __future__ import annotations

from typing import Any

from dualwire import Config, Rates
from tests.cluster.nodes import nodes
from tests.engines.servers import RedisServer
from tests.live import until, ws

V1 = ["dualwire.v1"]


def outcomes(client: Any) -> list[str]:
    return [each["outcome"] for each in client.events if each["type"] == "reply"]


async def test_commands_of_a_player_on_two_nodes(redis_server: RedisServer) -> None:
    rates = Rates(websocket_commands=None, player_commands=0.5, burst=40.0)
    async with nodes(redis_server, config=Config(rates=rates)) as (a, b):
        for each in (a, b):
            each.manager.on_command(lambda command: {})
        token, path = a.token("ann"), "/api/ws?session_id=session-1"
        async with (
            ws(a.address, path, token, subprotocols=V1) as here,
            ws(b.address, path, token, subprotocols=V1) as there,
        ):
            for each in (a, b):
                await until(
                    lambda each=each: each.manager.node.elsewhere.connections("ann")  # type: ignore[misc]
                )
            for n in range(20):
                await here.send({"type": "command", "id": f"instance-a.{n}", "body": {}})
            await until(lambda: len(outcomes(here)) == 20)
            assert outcomes(here) == ["done"] * 20
            # The other node is told within a second or two, and has nothing left to give.
            flow = b.manager.node.pacing.by_http("ann", b.clock.now()).player
            await until(lambda: flow.commands.wait(b.clock.now()) > 0.0)
            await there.send({"type": "command", "id": "instance-b.1", "body": {}})
            await until(lambda: "refused" in outcomes(there))


async def test_openings_of_a_player_on_two_nodes(redis_server: RedisServer) -> None:
    rates = Rates(openings=8.0, trusted="")
    async with nodes(redis_server, config=Config(rates=rates)) as (a, b):
        token, path = a.token("ann"), "/api/ws?session_id=session-1"
        async with ws(b.address, path, token):
            await until(lambda: a.manager.node.elsewhere.connections("ann"))
            for _ in range(8):
                async with ws(a.address, path, token):
                    pass
            limiter = b.manager.node.limiter
            await until(lambda: limiter.wait("ann", "websocket", b.clock.now()) > 0.0)
            async with ws(b.address, path, token, subprotocols=V1) as client:
                assert await client.wait_end() == 4005

"""The doctor and several nodes behind one address: what one node is asked, another answers."""

from __future__ import annotations

from dualwire.testing import FaultProxy
from tests.cluster.nodes import nodes
from tests.engines.servers import RedisServer

from .examined import examine, found, verdicts


async def test_an_event_stream_on_another_node_is_not_taken_for_a_held_one(
    redis_server: RedisServer,
) -> None:
    async with nodes(redis_server) as (one, other):
        host, _, port = one.address.partition(":")
        async with FaultProxy(host, int(port)) as proxy:

            def turn(text: str, share: float | None) -> None:
                if text == "Opening both connections":
                    # Requests go on over the connection that they have; new ones go elsewhere.
                    proxy.upstream_port = int(other.address.partition(":")[2])

            _, report = await examine(
                f"http://127.0.0.1:{proxy.port}", one.token("ann"), hurried=True, tell=turn
            )
            assert verdicts(report) == {}
            assert found(report, "same_game").verdict == "ok"
            assert report.verdict_of("buffering") in ("ok", "warning")


async def test_a_held_event_stream_on_another_node_is_found_all_the_same(
    redis_server: RedisServer,
) -> None:
    async with nodes(redis_server) as (one, other):
        host, _, port = one.address.partition(":")
        async with FaultProxy(host, int(port)) as proxy:

            def turn(text: str, share: float | None) -> None:
                if text == "Opening both connections":
                    proxy.upstream_port = int(other.address.partition(":")[2])
                if text == "Comparing both connections":
                    proxy.sse.buffer(4096, "to_client")

            _, report = await examine(
                f"http://127.0.0.1:{proxy.port}", one.token("ann"), hurried=True, tell=turn
            )
            assert found(report, "buffering").verdict == "problem"

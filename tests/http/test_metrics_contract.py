"""The metrics as a contract: what is documented is emitted by a real run, and nothing else is."""

from __future__ import annotations

import gc
import re
from functools import partial
from pathlib import Path
from typing import Any

from dualwire import Config, HistoryPolicy, Limits
from dualwire.runtime.connection import Connection
from dualwire.runtime.inbound import Command
from tests.http.site import Site, site_on
from tests.http.test_metrics import Samples, scrape
from tests.live import SSEClient, WSClient, sse, until, ws

PAGE = Path(__file__).parents[2] / "docs/reference/metrics.md"
V1 = "protocol=dualwire.v1"
QUIET = {
    "dualwire_health_changes_total",
    "dualwire_arm_stalls_total",
    "dualwire_arm_replaced_total",
    "dualwire_control_rejected_total",
    "dualwire_waiting_bytes",
    "dualwire_waiting_bytes_max",
}
"""What no peer here stalls for, no rollout, no other node: their own tests make these count."""


def documented() -> dict[str, str]:
    """Each name on the page, with its kind."""
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \|", PAGE.read_text(), re.MULTILINE)
    return dict(rows)


def families(samples: Samples) -> dict[str, float]:
    """Names as documented, with the sum of what they count."""
    found: dict[str, float] = {}
    for (name, _), value in samples.items():
        family = re.sub(r"_(bucket|sum|count)$", "", name)
        if not name.endswith(("_bucket", "_sum", "_created")):
            found[family] = found.get(family, 0.0) + value
    return found


def v1_frames(client: WSClient | SSEClient, kind: str) -> list[Any]:
    return [each for each in client.events if each.get("type") == kind]


async def play(site: Site) -> None:
    """Everything that the metrics count, over real sockets."""
    manager = site.manager

    @manager.on_command
    def fail(command: Command) -> None:
        raise LookupError(command.verb)

    token = site.token("ann")
    async with (
        ws(site.address, f"/api/ws?{V1}", token) as socket,
        sse(site.address, f"/api/events?{V1}", token) as stream,
        ws(site.address, token=site.token("bob")) as plain,
        sse(site.address, token=site.token("bob")),
    ):
        await site.open("ann", websocket=1, sse=1)
        await site.open("bob", websocket=1, sse=1)
        hello = v1_frames(socket, "hello")[0]
        async with ws(site.address, token=site.token("bob")) as refused:
            assert await refused.wait_end() is not None
        await manager.subscribe_to_room("ann", "hall")
        await manager.broadcast_to_room("hall", {"n": 1})
        await manager.broadcast_global({"n": 2})
        await manager.deliver("bob", {"n": 3})
        await plain.send({"type": "command", "data": {"command": "jump"}})
        await socket.send({"type": "recovered", "connection": hello["connection"]})
        await socket.send({"type": "recovered", "noticed": True})
        await confirm(site, socket)
        await manager.send_personal_message("ann", {"n": "not acknowledged"})
        await answer_pings(site, socket, stream)
        # The WebSocket breaks, which its twin hides; then that breaks too.
        socket.socket.transport.abort()
        await site.open("ann", sse=1)
        await stream.close()
        await site.open("ann")
        for n in range(5):
            await manager.send_personal_message("ann", {"n": n})
        async with sse(site.address, f"/api/events?{V1}&{cursor(hello)}", token) as late:
            await until(lambda: v1_frames(late, "hello"))
            await manager.handle_new_game_session("bob", "another-session")
            await until(lambda: plain.ended)
        gc.collect()
    await until(lambda: not manager.node.connections)
    await site.clock.advance(200.0)
    async with ws(site.address, token=token), sse(site.address, token=site.token("cid")):
        await site.open("ann", websocket=1)
        await site.open("cid", sse=1)


async def answer_pings(site: Site, socket: WSClient, *others: SSEClient) -> None:
    """As long as it takes until each was pinged once."""
    for _ in range(26):
        await site.clock.advance(1.0)
        clients: list[WSClient | SSEClient] = [socket, *others]
        for client in clients:
            connection = site.manager.node.connections[v1_frames(client, "hello")[0]["connection"]]
            await until(partial(has_pings, client, connection.pings))
            if connection.pong_due is not None:
                pong = {"type": "pong", "connection": connection.id, "n": connection.pings}
                await socket.send(pong)
                await until(partial(is_answered, connection))


def has_pings(client: WSClient | SSEClient, count: int) -> bool:
    return len(v1_frames(client, "ping")) == count


def is_answered(connection: Connection) -> bool:
    return connection.pong_due is None


async def confirm(site: Site, socket: WSClient) -> None:
    """One event that a client acknowledges at once."""
    stream = "player:ann"

    async def answer() -> None:
        asked = await until(lambda: [e for e in v1_frames(socket, "event") if e.get("confirm")])
        epoch = v1_frames(socket, "hello")[0]["streams"][stream][0]
        await socket.send({"type": "ack", "cursor": {stream: [epoch, asked[0]["offset"] + 1]}})

    site.manager.node.spawn(answer())
    report = await site.manager.send_confirmed("ann", {"n": 4}, timeout=10.0)
    assert report.acknowledged


def cursor(hello: dict[str, Any]) -> str:
    epoch, first = hello["streams"]["player:ann"]
    return f'cursor={{"player:ann":["{epoch}",{first}]}}'


async def test_each_documented_name_is_emitted_by_a_real_run_and_no_other() -> None:
    config = Config(limits=Limits(connections_per_type=1), history=HistoryPolicy(player_events=3))
    async with site_on("gateway", config=config) as site:
        await play(site)
        async with (
            ws(site.address, f"/api/ws?{V1}", site.token("dan")) as socket,
            sse(site.address, token=site.token("dan")),
        ):
            await site.open("dan", websocket=1, sse=1)
            await until(lambda: v1_frames(socket, "hello"))
            await site.manager.subscribe_to_room("dan", "hall")
            epoch, first = v1_frames(socket, "hello")[0]["streams"]["player:dan"]
            await socket.send({"type": "ack", "cursor": {"player:dan": [epoch, first]}})
            await until(lambda: site.manager.get_acknowledged_lag("dan"))
            found = families(await scrape(site))
    told = documented()
    assert set(found) == set(told)
    silent = {name for name, value in found.items() if not value and name.startswith("dualwire_")}
    assert silent <= QUIET


async def test_names_do_not_depend_on_what_happened(site: Site) -> None:
    answer = await site.http.get("/metrics")
    declared = set(re.findall(r"^# TYPE (\w+)", answer.text, re.MULTILINE))
    assert declared == set(documented())

"""The log as a contract: what the page says of a connection's life is what a real run writes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from dualwire import Config, HistoryPolicy, Limits
from tests.http.site import Site, site_on
from tests.live import sse, until, ws

PAGE = Path(__file__).parents[1] / "docs" / "how-to" / "operate.md"
V1 = "protocol=dualwire.v1"


def documented() -> dict[str, set[str]]:
    """Each line of a connection's life, with the fields that the page promises."""
    rows = re.findall(r"^\| \*\*(\w+)\*\* \| (.+) \|$", PAGE.read_text(), re.MULTILINE)
    return {name: set(re.findall(r"`(\w+)`", fields)) for name, fields in rows}


@pytest.fixture
def written() -> Iterator[list[Any]]:
    """What is logged, line by line."""
    with capture_logs() as lines:
        yield lines


async def live(site: Site) -> None:
    """Everything that happens to connections, over real sockets."""
    manager, token = site.manager, site.token()
    session = "session_id=the.session"
    async with ws(site.address, f"/api/ws?{V1}&{session}", token) as socket:
        await until(lambda: socket.events)
        hello = socket.events[0]
        async with ws(site.address, token=token) as refused:
            await refused.wait_end()
        await manager.detect_and_handle_error_state("ann", "RENDER", "odd", hello["connection"])
    await site.open("ann")
    for n in range(5):
        await manager.send_personal_message("ann", {"n": n})
    epoch, first = hello["streams"]["player:ann"]
    path = f'/api/ws?{V1}&{session}&cursor={{"player:ann":["{epoch}",{first}]}}'
    async with ws(site.address, path, token) as back:
        await until(lambda: back.events)
        await back.send({"type": "recovered", "connection": back.events[0]["connection"]})
        await until(lambda: manager.node.stats.recoveries)
        await manager.handle_new_game_session("ann", "another.session")
        await back.wait_end()
    async with sse(site.address, token=site.token("bob")):
        await site.open("bob", sse=1)
        (connection,) = manager.node.hub.players["bob"].connections.values()
        # As a peer that takes nothing would look.
        connection.verdict = "degraded"
        await site.clock.advance(1.0)
        await until(lambda: connection.verdict == "healthy")


async def test_each_line_is_written_by_a_real_run_with_its_fields(written: list[Any]) -> None:
    config = Config(limits=Limits(connections_per_type=1), history=HistoryPolicy(player_events=3))
    async with site_on("gateway", config=config) as site:
        await live(site)
    told = documented()
    assert len(told) == 9
    for name, fields in told.items():
        lines = [line for line in written if line["event"] == name]
        assert lines, f"{name} was not written"
        for line in lines:
            assert fields <= set(line), f"{name} has no {fields - set(line)}"

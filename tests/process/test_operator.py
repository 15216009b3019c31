"""An operator's commands as real processes, against ``dualwire serve`` with a key."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dualwire.cli import exit_codes
from tests.live import until

from .running import SECRET, dualwire, run
from .test_play import playing, token
from .test_serve import address_of

KEY = "the-operators-key"


@pytest.fixture
async def url(tmp_path: Path) -> AsyncIterator[str]:
    settings = {"DUALWIRE_SECRET": SECRET, "DUALWIRE_API_KEY": KEY}
    async with dualwire("serve", "--port", "0", cwd=tmp_path, **settings) as server:
        yield f"http://{await address_of(server)}"


async def test_a_players_client_survives_the_end_of_one_connection(
    url: str, tmp_path: Path
) -> None:
    async with playing(url, "--token", token("amy"), cwd=tmp_path) as amy:
        looked = await run("stats", url, "--player", "amy", "--json", cwd=tmp_path)
        (connection,) = [
            each["connection_id"]
            for each in json.loads(looked.out)["connections"]
            if each["type"] == "websocket"
        ]
        ended = await run("disconnect", url, connection, cwd=tmp_path, DUALWIRE_API_KEY=KEY)
        assert ended.process.returncode == exit_codes.OK, ended
        await amy.says("[ws \u25cf sse \u25cf]", times=2)
        ended = await run("disconnect", url, "amy", cwd=tmp_path, DUALWIRE_API_KEY=KEY)
        assert ended.process.returncode == exit_codes.OK, ended
        assert await amy.ends() == exit_codes.REFUSED


async def test_stats_again_and_again_until_somebody_stops_it(url: str, tmp_path: Path) -> None:
    args = ("stats", url, "--watch", "--interval", "0.1", "--json")
    async with dualwire(*args, cwd=tmp_path) as watching:
        await until(lambda: watching.out.count("\n") >= 3)
        for line in watching.out.splitlines()[:3]:
            assert json.loads(line)["players"]["online"] == 0

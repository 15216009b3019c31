"""``dualwire tail`` beside a player who plays: real processes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dualwire.cli import exit_codes

from .running import SECRET, dualwire, run
from .test_play import playing, token, url

__all__ = ["url"]


@pytest.mark.parametrize("by", ["token", "id"])
async def test_it_shows_what_a_player_is_sent_and_disturbs_nobody(
    url: str, tmp_path: Path, by: str
) -> None:
    async with (
        playing(url, "--token", token("amy"), cwd=tmp_path) as amy,
        playing(url, "--token", token("ben"), cwd=tmp_path) as ben,
    ):
        player = token("amy") if by == "token" else "amy"
        async with dualwire("tail", player, url, cwd=tmp_path, DUALWIRE_SECRET=SECRET) as tail:
            await tail.says("welcome")  # It carries from here on.
            await ben.type("emote hums")
            await tail.says("hums")
            lines = [json.loads(line) for line in tail.out.splitlines()]
            hums = [line for line in lines if "hums" in json.dumps(line)]
            assert len(hums) == 1
            assert set(hums[0]) == {"stream", "offset", "event"}
            await amy.says("hums")
            assert amy.out.count("hums") == 1
            assert amy.process.returncode is None


async def test_nobody_there(tmp_path: Path) -> None:
    failed = await run("tail", token("amy"), "http://127.0.0.1:9", cwd=tmp_path)
    assert failed.process.returncode == exit_codes.CANNOT_CONNECT
    assert failed.err.count("\n") == 1, failed


async def test_an_id_needs_the_secret(tmp_path: Path) -> None:
    failed = await run(
        "tail", "amy", cwd=tmp_path, DUALWIRE_PROFILE="production", XDG_CONFIG_HOME=str(tmp_path)
    )
    assert failed.process.returncode == exit_codes.BAD_SETTINGS
    assert failed.err.count("\n") == 1, failed

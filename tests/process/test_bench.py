"""``dualwire bench`` against ``dualwire serve``: real processes."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dualwire.cli import exit_codes

from .running import SECRET, dualwire, run
from .test_serve import address_of

KEY = "the-operators-key"
SMALL = ("--players", "3", "--rate", "40", "--seconds", "0.5")


@pytest.fixture
async def url(tmp_path: Path) -> AsyncIterator[str]:
    settings = {"DUALWIRE_SECRET": SECRET, "DUALWIRE_API_KEY": KEY}
    async with dualwire("serve", "--port", "0", cwd=tmp_path, **settings) as server:
        yield f"http://{await address_of(server)}"


@pytest.mark.parametrize("more", [(), ("--guests",)])
async def test_everything_comes_once(url: str, tmp_path: Path, more: tuple[str, ...]) -> None:
    args = ("bench", url, *SMALL, *more, "--json")
    ended = await run(*args, cwd=tmp_path, DUALWIRE_API_KEY=KEY, DUALWIRE_SECRET=SECRET)
    assert ended.process.returncode == exit_codes.OK, ended
    told = json.loads(ended.out)
    assert told["connections"] == 6
    assert told["delivered"] == told["published"] > 0
    assert (told["lost"], told["repeated"], told["refused"]) == (0, 0, {})
    # Both connections carried: the client took out what came twice.
    assert told["duplicates_eliminated"] > 0
    assert 0 < told["latency_ms"]["p50"] <= told["latency_ms"]["p99"]


async def test_for_people(url: str, tmp_path: Path) -> None:
    args = ("bench", url, *SMALL)
    ended = await run(*args, cwd=tmp_path, DUALWIRE_API_KEY=KEY, DUALWIRE_SECRET=SECRET)
    assert "3 players, 6 connections" in ended.out
    assert "0 lost, 0 repeated" in ended.out
    assert "Python program" in ended.out or "This program was busy" in ended.out


async def test_who_may_not(url: str, tmp_path: Path) -> None:
    right = {"DUALWIRE_API_KEY": KEY, "DUALWIRE_SECRET": SECRET}
    for wrong in ({"DUALWIRE_API_KEY": "no"}, {"DUALWIRE_SECRET": SECRET[::-1]}):
        ended = await run("bench", url, *SMALL, cwd=tmp_path, **(right | wrong))
        assert ended.process.returncode == exit_codes.AUTHENTICATION_REFUSED, ended
        assert ended.err.count("\n") == 1, ended
    ended = await run("bench", "http://127.0.0.1:9", *SMALL, cwd=tmp_path, **right)
    assert ended.process.returncode == exit_codes.CANNOT_CONNECT, ended

"""Every ``curl`` that a page tells its reader to type, typed as it stands there."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.live import DEADLINE

from .running import SECRET, dualwire
from .test_play import token
from .test_serve import address_of

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
KEY = "the-operators-key"
TOO_LATE = 28
"""What curl ends with where its time is over: the only end of an event stream."""


def commands() -> list[tuple[str, str]]:
    """Each with its page."""
    found = []
    for page in PAGES:
        for block in re.findall(r"^```console\n(.*?)^```", page.read_text(), re.S | re.M):
            lines = block.replace("\\\n", " ").splitlines()
            found += [(page.stem, line[2:]) for line in lines if line.startswith("$ curl ")]
    return found


@pytest.fixture
async def address(tmp_path: Path) -> AsyncIterator[str]:
    settings = {"DUALWIRE_SECRET": SECRET, "DUALWIRE_API_KEY": KEY}
    async with dualwire("serve", "--port", "0", cwd=tmp_path, **settings) as server:
        yield await address_of(server)


async def typed(command: str, address: str) -> tuple[int | None, str]:
    """How a command ended, and what it said."""
    for place in ("http://127.0.0.1:8000", "https://game.example"):
        command = command.replace(place, f"http://{address}")
    endless = "curl -N" in command
    command = command.replace("curl ", f"curl -sS --fail-with-body -m {1 if endless else 20} ", 1)
    given = os.environ | {"TOKEN": token("ann"), "KEY": KEY}
    out = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_shell(
        command, stdout=out, stderr=asyncio.subprocess.STDOUT, env=given
    )
    said, _ = await asyncio.wait_for(process.communicate(), DEADLINE)
    return process.returncode, said.decode()


async def test_each_does_what_it_says(address: str) -> None:
    found = commands()
    assert len(found) >= 8
    for page, command in found:
        code, said = await typed(command, address)
        if "curl -N" in command:
            assert code == TOO_LATE, (page, command, said)
            assert "data: " in said, (page, command, said)
        else:
            assert code == 0, (page, command, said)
            assert said.startswith("{"), (page, command, said)

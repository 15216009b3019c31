"""The commands of the pages for operators, run as they stand there against a real server."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from dualwire.cli import exit_codes

from .running import SECRET, dualwire, run
from .test_play import playing, token
from .test_serve import address_of

HOW_TO = Path(__file__).parents[2] / "docs/how-to"
KEY = "the-operators-key"


def commands(page: str) -> list[list[str]]:
    """Each command of a page, but for the server itself, which is running."""
    text = (HOW_TO / page).read_text()
    blocks = re.findall(r"^```console\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    lines = [line for block in blocks for line in block.splitlines()]
    found = [shlex.split(line)[2:] for line in lines if line.startswith("$ dualwire ")]
    return [words for words in found if words[0] != "serve"]


@dataclass
class Place:
    """Where the commands are run."""

    url: str
    cwd: Path

    async def words(self, words: list[str]) -> list[str]:
        """A command with what a reader has to put in."""
        said = {"https://game.example": self.url, "http://127.0.0.1:8000": self.url}
        said |= {"$TOKEN": token("ann"), "600": "1"}
        if "CONNECTION" in words:
            said["CONNECTION"] = await self.connection()
        return [said.get(word, word) for word in words]

    async def connection(self) -> str:
        """One of the player's connections."""
        looked = await run("stats", self.url, "--player", "ann", "--json", cwd=self.cwd)
        connection_id: str = json.loads(looked.out)["connections"][0]["connection_id"]
        return connection_id


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    settings = {
        "DUALWIRE_SECRET": SECRET,
        "DUALWIRE_API_KEY": KEY,
        "DUALWIRE_HEARTBEAT__INTERVAL": "1",
    }
    async with dualwire("serve", "--port", "0", cwd=tmp_path, **settings) as server:
        yield Place(f"http://{await address_of(server)}", tmp_path)


@pytest.mark.parametrize(
    ("page", "least"), [("troubleshoot.md", 10), ("operate.md", 3), ("proxy.md", 1)]
)
@pytest.mark.timeout(240)
async def test_each_command_of_a_page_does_what_it_says(
    place: Place, page: str, least: int
) -> None:
    found = commands(page)
    assert len(found) >= least
    environ = {"DUALWIRE_API_KEY": KEY}
    async with playing(place.url, "--token", token("ann"), cwd=place.cwd):
        for each in found:
            words = await place.words(each)
            if (says := _goes_on(words)) is not None:
                async with dualwire(*words, cwd=place.cwd, **environ) as endless:
                    await endless.says(says)
                continue
            ended = await run(*words, cwd=place.cwd, **environ)
            assert ended.process.returncode == exit_codes.OK, (each, ended)
            assert ended.out
            assert ended.err == ""


def _goes_on(words: list[str]) -> str | None:
    """What a command says that goes on until somebody stops it; ``None`` for one that ends."""
    if words[0] == "tail":
        return "welcome"
    if words[0] == "stats" and "--watch" in words:
        return '"node":' if "--json" in words else "Node "
    return None

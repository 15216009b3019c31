from __future__ import annotations

import json
from io import StringIO

from fastapi import FastAPI
from rich.console import Console

from dualwire.cli import exit_codes
from dualwire.cli.operator.stats_page import player_page
from tests.http.site import Site
from tests.live import serving, sse, ws

from .asked import run


async def test_a_node(site: Site) -> None:
    async with (
        ws(site.address, token=site.token("ann")),
        sse(site.address, token=site.token("ann")),
    ):
        await site.open("ann", websocket=1, sse=1)
        await site.manager.subscribe_to_room("ann", "hall")
        said = await run("stats", site.origin)
        assert said.code == exit_codes.OK
        assert "Players online: 1; with both connections 1, " in said.out
        rows = {line.split()[0]: line.split() for line in said.out.splitlines() if line.strip()}
        assert rows["websocket"][1:4] == ["1", "0", "1"]
        assert rows["sse"][1:4] == ["1", "0", "1"]
        assert rows["hall"] == ["hall", "1"]
        told = json.loads((await run("stats", site.origin, "--json")).last)
        assert told["players"]["dual"] == 1


async def test_a_node_on_which_nothing_happened(site: Site) -> None:
    said = await run("stats", site.origin, key=None)
    assert said.code == exit_codes.OK
    assert "Players online: 0" in said.out


async def test_a_player(site: Site) -> None:
    async with ws(site.address, token=site.token("ann")):
        await site.open("ann", websocket=1)
        connection_id = site.manager.get_active_connections("ann")["websocket"][0]
        said = await run("stats", site.origin, "--player", "ann")
        assert "ann  online" in said.out
        assert connection_id in said.out
        assert "opened" in said.out
    said = await run("stats", site.origin, "--player", "nobody")
    assert said.code == exit_codes.NOT_FOUND
    assert "'nobody'" in said.err


def test_names_are_not_obeyed_by_a_terminal() -> None:
    console = Console(file=StringIO(), width=100)
    name = "\x1b[2Jann\x07\u202e[red]"
    player = {"player_id": name, "online": True, "rooms": [name], "connections": [], "history": []}
    console.print(player_page(player))
    assert isinstance(console.file, StringIO)
    shown = console.file.getvalue()
    assert "[2Jann[red]" in shown
    assert not set(shown) & set("\x1b\x07\u202e")


async def test_an_answer_of_another_version() -> None:
    app = FastAPI()

    @app.get("/monitoring/ops")
    async def ops() -> dict[str, int]:
        return {"players": 7}

    async with serving(app) as address:
        said = await run("stats", f"http://{address}")
        assert said.code == exit_codes.NOT_DUALWIRE
        assert "--json prints it as it came" in said.err
        said = await run("stats", f"http://{address}", "--json")
        assert json.loads(said.last) == {"players": 7}

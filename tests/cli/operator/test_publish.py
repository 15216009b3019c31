from __future__ import annotations

import json

import pytest

from dualwire.cli import exit_codes
from tests.http.site import Site
from tests.live import ws

from .asked import run


async def test_to_a_player_a_room_and_everybody(site: Site) -> None:
    async with (
        ws(site.address, token=site.token("ann")) as ann,
        ws(site.address, token=site.token("bob")) as bob,
    ):
        await site.open("ann", websocket=1)
        await site.open("bob", websocket=1)
        await site.manager.subscribe_to_room("ann", "hall")
        await site.manager.subscribe_to_room("bob", "hall")
        said = await run("publish", site.origin, '{"n": 1}', "--player", "ann")
        assert "of player:ann; 1 connections of this node took it at once." in said.out
        await run("publish", site.origin, '{"n": 2}', "--room", "hall", "--exclude", "bob")
        said = await run("publish", site.origin, "-", "--all", "--json", stdin='{"n": 3}')
        assert json.loads(said.last)["stream"] == "global"
        assert await ann.wait(3) == [{"n": 1}, {"n": 2}, {"n": 3}]
        assert await bob.wait(1) == [{"n": 3}]


async def test_a_repeat_is_stored_once(site: Site) -> None:
    args = ("publish", site.origin, "{}", "--all", "--json", "--idempotency-key", "k1")
    one, other = await run(*args), await run(*args)
    assert json.loads(one.last)["offset"] == json.loads(other.last)["offset"] == 1


@pytest.mark.parametrize(
    "args",
    [
        ("{}",),
        ("{}", "--all", "--player", "ann"),
        ("hello", "--all"),
        ("[1]", "--all"),
        ("", "--all"),
    ],
)
async def test_what_makes_no_sense_is_not_sent(site: Site, args: tuple[str, ...]) -> None:
    assert (await run("publish", site.origin, *args)).code == exit_codes.USAGE


async def test_what_the_server_refuses(site: Site) -> None:
    event = json.dumps({"text": "x" * 70_000})
    said = await run("publish", site.origin, event, "--all")
    assert said.code == exit_codes.REFUSED
    assert "at most 65536 bytes" in said.err

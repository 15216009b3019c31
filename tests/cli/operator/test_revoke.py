from __future__ import annotations

import pytest

from dualwire.cli import exit_codes
from tests.http.site import Site
from tests.live import ws

from .asked import run


async def test_a_players_tokens_are_worth_nothing_any_more(site: Site) -> None:
    async with ws(site.address, token=site.token()) as socket:
        await site.open("ann", websocket=1)
        said = await run("revoke", site.origin, "--player", "ann")
        assert said.code == exit_codes.OK
        assert "All tokens of ann up to now are revoked; the session has ended." in said.out
        assert await socket.wait_end() == 4410
    again = await run("revoke", site.origin, "--player", "nobody")
    assert "there was no session" in again.out


async def test_one_session(site: Site) -> None:
    async with ws(site.address, "/api/ws?session_id=the.first.one", site.token()) as socket:
        await site.open("ann", websocket=1)
        other = await run("revoke", site.origin, "--player", "ann", "--session", "another.one")
        assert "it was not the current one" in other.out
        said = await run("revoke", site.origin, "--player", "ann", "--session", "the.first.one")
        assert "it has ended" in said.out
        assert "the.first.one" not in said.last
        assert await socket.wait_end() == 4410


async def test_one_token(site: Site) -> None:
    said = await run("revoke", site.origin, "--token-id", "t-1")
    assert said.last == "Token t-1 is revoked, and its connections have ended."


@pytest.mark.parametrize(
    "args",
    [
        (),
        ("--player", "ann", "--token-id", "t-1"),
        ("--session", "the.first.one"),
        ("--session", "the.first.one", "--token-id", "t-1"),
    ],
)
async def test_what_makes_no_sense_is_not_sent(site: Site, args: tuple[str, ...]) -> None:
    assert (await run("revoke", site.origin, *args)).code == exit_codes.USAGE

from __future__ import annotations

from dualwire.cli import exit_codes
from tests.http.site import Site
from tests.live import sse, ws

from .asked import run


async def test_a_player_and_all_its_connections(site: Site) -> None:
    async with (
        ws(site.address, token=site.token()) as socket,
        sse(site.address, token=site.token()) as stream,
    ):
        await site.open("ann", websocket=1, sse=1)
        said = await run("disconnect", site.origin, "ann")
        assert said.code == exit_codes.OK
        assert said.last == "The session of ann has ended, with all its connections."
        assert await socket.wait_end() == 4400
        await stream.wait_end()


async def test_one_connection_whose_client_comes_back(site: Site) -> None:
    async with (
        ws(site.address, token=site.token()) as one,
        ws(site.address, token=site.token()) as other,
    ):
        await site.open("ann", websocket=2)
        first = site.manager.get_active_connections("ann")["websocket"][0]
        said = await run("disconnect", site.origin, first)
        assert said.last == f"Connection {first} has ended; its client opens another."
        # A code that says reconnect: with 1000 a client would stay away.
        assert await one.wait_end() == 4003
        assert not other.ended
        again = await run("disconnect", site.origin, first, "--as", "connection")
        assert again.code == exit_codes.NOT_FOUND


async def test_nobody_of_that_name(site: Site) -> None:
    for more in ((), ("--as", "player"), ("--as", "connection")):
        said = await run("disconnect", site.origin, "nobody", *more)
        assert said.code == exit_codes.NOT_FOUND
        assert "nobody" in said.err
    assert "stats URL --player" in (await run("disconnect", site.origin, "nobody")).err


async def test_as_what(site: Site) -> None:
    said = await run("disconnect", site.origin, "ann", "--as", "room")
    assert said.code == exit_codes.USAGE

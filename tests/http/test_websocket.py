from __future__ import annotations

import contextlib

from tests.http.site import Site
from tests.live import ws


async def test_events_come_and_commands_go(each_site: Site) -> None:
    site = each_site

    @site.manager.on_command
    async def echo(command: object) -> dict[str, object]:
        return {"you_said": getattr(command, "verb", None)}

    async with ws(site.address, token=site.token()) as client:
        await site.open("ann", websocket=1)
        await site.manager.send_personal_message("ann", {"n": 1})
        await client.wait(1)
        await client.send({"type": "command", "data": {"command": "look"}})
        assert await client.wait(2) == [{"n": 1}, {"you_said": "look"}]


async def test_the_seventeenth_is_closed_with_a_code(each_site: Site) -> None:
    site, token = each_site, each_site.token()
    async with contextlib.AsyncExitStack() as opened:
        for _ in range(16):
            await opened.enter_async_context(ws(site.address, token=token))
        await site.open("ann", websocket=16)
        async with ws(site.address, token=token) as refused:
            assert await refused.wait_end() == 4005
            assert refused.socket.close_reason == "rate_limited retry_after=25"
        await site.open("ann", websocket=16)


async def test_a_replaced_session_is_refused_by_code(each_site: Site) -> None:
    site, token = each_site, each_site.token()
    async with ws(site.address, "/api/ws?session_id=first.one", token) as first:
        await site.open("ann", websocket=1)
        async with ws(site.address, "/api/ws?session_id=second.one", token) as second:
            assert await first.wait_end() == 4409
            async with ws(site.address, "/api/ws?session_id=first.one", token) as late:
                assert await late.wait_end() == 4409
            async with ws(site.address, "/api/ws?session_id=bad", token) as bad:
                assert await bad.wait_end() == 4422
            assert not second.ended


async def test_expiry_of_the_token_ends_the_connection(site: Site) -> None:
    token = site.token(lifetime=30.0)
    async with ws(site.address, token=token) as client:
        await site.open("ann", websocket=1)
        await site.clock.advance(31.0)
        assert await client.wait_end() == 4004

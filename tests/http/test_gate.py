"""Who is let in, over real sockets: every source of a proof, every refusal."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
import websockets.exceptions

from dualwire import Authenticator, Config, Identity, Limits
from dualwire.http.credentials import COOKIE
from tests.http.site import ELSEWHERE, EVIL, Site, error_of, site_on
from tests.live import sse, ws


async def denial(site: Site, path: str = "/api/ws", **options: Any) -> tuple[int, str]:
    """The HTTP status and the type of error with which a WebSocket is refused."""
    with pytest.raises(websockets.exceptions.InvalidStatus) as caught:
        async with ws(site.address, path, **options):
            pass
    response = caught.value.response
    body = response.body
    assert body is not None
    return response.status_code, json.loads(bytes(body))["error"]["type"]


async def test_every_source_of_a_token_opens_both(each_site: Site) -> None:
    site, token = each_site, each_site.token()
    cookie = {"Cookie": f"{COOKIE}={token}", "Origin": site.origin}
    async with (
        ws(site.address, token=token),
        ws(site.address, f"/api/ws?token={token}"),
        ws(site.address, headers=cookie, origin=None),
        ws(site.address, subprotocols=["dualwire.plain", f"bearer.{token}"]) as offered,
        sse(site.address, token=token) as stream,
        sse(site.address, f"/api/events?token={token}"),
        sse(site.address, **cookie),
        sse(site.address, Cookie=cookie["Cookie"], **{"Sec-Fetch-Site": "same-origin"}),
    ):
        await site.open("ann", websocket=4, sse=4)
        assert offered.socket.subprotocol == "dualwire.plain"
        assert stream.response.headers["content-type"].startswith("text/event-stream")


async def test_without_a_valid_token_nobody_comes_in(each_site: Site) -> None:
    site = each_site
    site_token = site.token(lifetime=1.0)
    site.clock.shift(1.0)
    for token in (None, "rubbish", site_token):
        expected = "token_expired" if token == site_token else "unauthorized"
        assert await denial(site, token=token) == (401, expected)
        async with sse(site.address, token=token) as stream:
            assert stream.response.status_code == 401
            assert stream.response.headers["www-authenticate"] == "Bearer"
            error = error_of(stream.response)
            assert error["type"] == expected
    assert site.refused("websocket", "unauthorized") == 2
    assert site.refused("sse", "token_expired") == 1
    assert not site.manager.node.connections


async def test_a_subprotocol_of_ours_is_told_by_close_code(each_site: Site) -> None:
    site = each_site
    for offered in (["dualwire.plain"], ["dualwire.v1", "bearer.rubbish"]):
        async with ws(site.address, subprotocols=offered) as refused:
            assert await refused.wait_end() == 4401
            assert refused.socket.subprotocol == offered[0]
    good = ["dualwire.plain", f"bearer.{site.token()}"]
    async with ws(site.address, "/api/ws/bob", subprotocols=good) as refused:
        assert await refused.wait_end() == 4403
    async with ws(site.address, subprotocols=good, origin=EVIL) as refused:
        assert await refused.wait_end() == 4403


async def test_the_path_is_only_a_check(each_site: Site) -> None:
    site, token = each_site, each_site.token("ann")
    async with (
        ws(site.address, "/api/ws/ann", token),
        sse(site.address, "/api/events/ann", token),
    ):
        await site.open("ann", websocket=1, sse=1)
    assert await denial(site, "/api/ws/bob", token=token) == (403, "forbidden")
    async with sse(site.address, "/api/events/bob", token) as stream:
        assert stream.response.status_code == 403
    assert await denial(site, "/api/ws/ann") == (401, "unauthorized")
    assert "bob" not in site.manager.node.hub.players


async def test_a_page_elsewhere_may_not(each_site: Site) -> None:
    site, token = each_site, each_site.token()
    assert await denial(site, token=token, origin=EVIL) == (403, "forbidden")
    async with sse(site.address, token=token, Origin=EVIL) as stream:
        assert stream.response.status_code == 403
        assert "access-control-allow-origin" not in stream.response.headers
    async with (
        ws(site.address, token=token, origin=ELSEWHERE),
        sse(site.address, token=token, Origin=ELSEWHERE) as stream,
    ):
        await site.open("ann", websocket=1, sse=1)
        assert stream.response.headers["access-control-allow-origin"] == ELSEWHERE
        assert stream.response.headers["access-control-allow-credentials"] == "true"
        assert stream.response.headers["vary"] == "Origin"


async def test_reading_with_a_cookie_needs_no_origin(site: Site) -> None:
    cookie = {"Cookie": f"{COOKIE}={site.token()}"}
    assert (await site.http.get("/api/connections/stats", headers=cookie)).status_code == 200


async def test_twins_is_one_of_two_words(site: Site) -> None:
    async with sse(site.address, "/api/events?twins=standby", site.token()):
        await site.open("ann", sse=1)
        (connection,) = site.manager.node.connections.values()
        assert connection.standby_wanted
    async with sse(site.address, "/api/events?twins=none", site.token()) as stream:
        assert stream.response.status_code == 400
        assert "twins: expected 'all' or 'standby', got 'none'" in stream.response.text


class _Slow(Authenticator):
    async def authenticate(self, token: str) -> Identity:
        await asyncio.Event().wait()
        raise AssertionError("it waits for ever")


async def test_authentication_has_a_deadline() -> None:
    config = Config(limits=Limits(handshake=0.05))
    async with site_on(config=config, authenticator=_Slow()) as site:
        assert await denial(site, token="x") == (503, "draining")
        # Another node may do better, so a proxy has to see the status.
        offered = await denial(site, token="x", subprotocols=["dualwire.plain"])
        assert offered == (503, "draining")
        async with sse(site.address, token="x") as stream:
            assert stream.response.status_code == 503
            assert stream.response.headers["retry-after"] == "5"
        assert site.refused("websocket", "draining") == 2
        assert site.refused("sse", "draining") == 1


async def test_a_server_that_is_about_to_stop_lets_nobody_in(site: Site) -> None:
    site.manager.node.ready = False
    assert await denial(site, token=site.token()) == (503, "restart")
    async with sse(site.address, token=site.token()) as stream:
        assert stream.response.status_code == 503
        assert stream.response.headers["retry-after"] == "1"

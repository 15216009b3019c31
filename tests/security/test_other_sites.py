"""A page of somebody else's, open in the browser of a player who is signed in here."""

from __future__ import annotations

import json
from typing import Any

import pytest
import websockets.exceptions

from dualwire.http.credentials import COOKIE
from tests.http.site import ELSEWHERE, EVIL, Site
from tests.live import sse, ws


@pytest.fixture
def cookie(site: Site) -> str:
    """What the browser adds to whatever is asked of this site."""
    return f"{COOKIE}={site.token()}"


async def denial(site: Site, path: str = "/api/ws", **options: Any) -> tuple[int, str]:
    """The HTTP status and the type of error with which a WebSocket is refused."""
    with pytest.raises(websockets.exceptions.InvalidStatus) as caught:
        async with ws(site.address, path, **options):
            pass
    response = caught.value.response
    return response.status_code, json.loads(bytes(response.body or b""))["error"]["type"]


NOT_OURS: list[dict[str, str]] = [
    {},
    {"Origin": EVIL},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "same-origin", "Origin": EVIL},
]
"""What another site's page can make a browser say, or leave out."""


@pytest.mark.parametrize("says", NOT_OURS, ids=str)
async def test_cross_site_websocket_with_the_players_cookie(
    site: Site, cookie: str, says: dict[str, str]
) -> None:
    assert await denial(site, headers={"Cookie": cookie, **says}) == (403, "forbidden")
    assert not site.manager.node.connections


async def test_cross_site_websocket_even_with_a_token(site: Site) -> None:
    assert await denial(site, token=site.token(), origin=EVIL) == (403, "forbidden")
    offered = ["dualwire.v1", f"bearer.{site.token()}"]
    async with ws(site.address, subprotocols=offered, origin=EVIL) as refused:
        assert await refused.wait_end() == 4403
    async with ws(site.address, token=site.token(), origin=ELSEWHERE):
        await site.open("ann", websocket=1)


@pytest.mark.parametrize("says", NOT_OURS, ids=str)
async def test_cross_site_event_stream_with_the_players_cookie(
    site: Site, cookie: str, says: dict[str, str]
) -> None:
    async with sse(site.address, Cookie=cookie, **says) as stream:
        assert stream.response.status_code == 403
        assert "access-control-allow-origin" not in stream.response.headers


async def test_takeover_from_another_site_by_image_tag(site: Site, cookie: str) -> None:
    """A GET that a browser sends for an image would claim a session, if it were let in."""
    async with ws(site.address, "/api/ws?session_id=the.first", site.token()) as mine:
        await site.open("ann", websocket=1)
        path = "/api/events?session_id=the.second"
        image = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "image"}
        for says in ({}, image, {"Referer": EVIL}):
            async with sse(site.address, path, Cookie=cookie, **says) as stream:
                assert stream.response.status_code == 403
        refused = await denial(site, "/api/ws?session_id=the.second", headers={"Cookie": cookie})
        assert refused == (403, "forbidden")
        assert not mine.ended
        assert site.manager.get_player_session("ann") == "the.first"


async def test_cross_site_forms_change_nothing(site: Site, cookie: str) -> None:
    """A form of another site can post; its cookie alone is no consent."""
    async with ws(site.address, "/api/ws?session_id=the.first", site.token()):
        await site.open("ann", websocket=1)
        for path in ("/api/session", "/api/send", "/api/connections/ann/session"):
            for says in NOT_OURS:
                answer = await site.http.post(
                    path, headers={"Cookie": cookie, **says}, content="{}"
                )
                assert answer.status_code == 403, (path, says)
        assert site.manager.get_player_session("ann") == "the.first"

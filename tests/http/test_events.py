from __future__ import annotations

import contextlib

import pytest

from dualwire import Config, Limits
from tests.http.site import Site, error_of, site_on
from tests.live import sse

SSE = "text/event-stream"


async def test_a_stream_is_not_held_back_on_its_way(each_site: Site) -> None:
    async with sse(each_site.address, token=each_site.token()) as stream:
        headers = stream.response.headers
        assert headers["content-type"] == "text/event-stream; charset=utf-8"
        assert headers["cache-control"] == "no-cache, no-transform"
        assert headers["x-accel-buffering"] == "no"
        assert "content-length" not in headers
        await each_site.open("ann", sse=1)
        await each_site.manager.send_personal_message("ann", {"n": 1})
        assert await stream.wait(1) == [{"n": 1}]


async def test_last_event_id_resumes_from_header_query_and_body(each_site: Site) -> None:
    site, token = each_site, each_site.token()
    async with sse(site.address, token=token) as stream:
        await site.open("ann", sse=1)
        for n in range(4):
            await site.manager.send_personal_message("ann", {"n": n})
        await stream.wait(4)
        ids = [message["id"] for message in stream.messages if message["event"] is None]
        async with sse(site.address, token=token, **{"Last-Event-ID": ids[1]}) as again:
            assert await again.wait(2) == [{"n": 2}, {"n": 3}]
        async with sse(site.address, f"/api/events?last_event_id={ids[2]}", token) as again:
            assert await again.wait(1) == [{"n": 3}]
        # A browser that comes back by itself has a new header and its old address.
        path = f"/api/events?last_event_id={ids[0]}"
        async with sse(site.address, path, token, **{"Last-Event-ID": ids[2]}) as again:
            assert await again.wait(1) == [{"n": 3}]
        async with site.http.stream(
            "POST",
            "/api/events/ann",
            headers={"Authorization": f"Bearer {token}"},
            json={"last_event_id": ids[2]},
        ) as posted:
            assert posted.status_code == 200
            assert posted.headers["content-type"].startswith(SSE)
            raw = b""
            async for chunk in posted.aiter_raw():
                raw += chunk
                if b'{"n":3}' in raw:
                    break
            assert b'{"n":2}' not in raw


@pytest.mark.parametrize("body", [b"{", b"[1]", b'"x"', b'{"last_event_id": 7}', b"\xff"])
async def test_a_body_that_is_no_cursor_is_a_bad_request(site: Site, body: bytes) -> None:
    answer = await site.http.post("/api/events", headers=site.bearer(), content=body)
    assert answer.status_code == 400
    assert error_of(answer)["type"] == "protocol_error"
    assert not site.manager.node.connections


async def test_the_seventeenth_connection_is_refused_and_harms_nobody(each_site: Site) -> None:
    site, token = each_site, each_site.token()
    async with contextlib.AsyncExitStack() as opened:
        for _ in range(16):
            await opened.enter_async_context(sse(site.address, token=token))
        await site.open("ann", sse=16)
        async with sse(site.address, token=token) as refused:
            assert refused.response.status_code == 429
            assert refused.response.headers["retry-after"] == "25"
            error = error_of(refused.response)
            assert error["type"] == "rate_limited"
            assert error["details"] == {"code": 4005, "reconnect": True, "retry_after": 25.0}
        await site.open("ann", sse=16)
        assert site.refused("sse", "rate_limited") == 1


async def test_a_browser_is_told_to_come_back_in_the_way_it_understands(each_site: Site) -> None:
    site, token = each_site, each_site.token()
    site.manager.node.ready = False
    path = f"/api/events?token={token}"
    native = await site.http.get(path, headers={"Accept": SSE})
    assert native.status_code == 200
    assert native.headers["content-type"].startswith(SSE)
    assert native.text.startswith("retry: 1000\n\n")
    assert "event: bye\n" in native.text
    assert '"code":1012' in native.text
    # Whoever can read a status gets one.
    assert (await site.http.get(path)).status_code == 503
    answer = await site.http.get("/api/events", headers=site.bearer(Accept=SSE))
    assert answer.status_code == 503
    # What will not pass is final, for browsers too.
    answer = await site.http.get("/api/events?token=x", headers={"Accept": SSE})
    assert answer.status_code == 401


async def test_sessions_are_refused_by_status() -> None:
    async with site_on(config=Config(limits=Limits(connections_per_type=4))) as site:
        token = site.token()
        async with sse(site.address, "/api/events?session_id=first.one", token):
            await site.open("ann", sse=1)
            async with sse(site.address, "/api/events?session_id=second.one", token):
                await site.open("ann", sse=1)
                for session_id, status in (("first.one", 409), ("bad", 400), ("%00%00", 400)):
                    path = f"/api/events?session_id={session_id}"
                    answer = await site.http.get(path, headers=site.bearer())
                    assert answer.status_code == status, answer.text


async def test_other_methods_open_nothing(each_site: Site) -> None:
    site = each_site
    for method in ("HEAD", "PUT", "DELETE", "PATCH"):
        answer = await site.http.request(method, "/api/events", headers=site.bearer())
        assert answer.status_code == 405
    assert not site.manager.node.connections

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from dualwire import Config, Limits
from tests.http.site import Site, error_of, site_on
from tests.live import DEADLINE

PATHS = ("/api/send", "/api/session", "/api/events", "/api/connections/ann/session")


@pytest.mark.parametrize("path", PATHS)
async def test_too_big_with_and_without_a_length(each_site: Site, path: str) -> None:
    site = each_site
    big = b'{"type": "x", "data": {"t": "' + b"a" * (64 * 1024) + b'"}}'
    answer = await site.http.post(path, headers=site.bearer(), content=big)
    assert answer.status_code == 413
    assert error_of(answer)["type"] == "message_too_big"

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(big), 8192):
            yield big[start : start + 8192]

    answer = await site.http.post(path, headers=site.bearer(), content=chunks())
    assert answer.status_code == 413


async def test_the_limit_itself_fits(site: Site) -> None:
    frame = b'{"type": "ping", "data": {"t": "%s"}}'
    body = frame % (b"a" * (64 * 1024 - len(frame) + 2))
    assert len(body) == 64 * 1024
    answer = await site.http.post("/api/send", headers=site.bearer(), content=body)
    assert answer.status_code == 200


async def test_a_body_that_never_arrives() -> None:
    async with site_on(config=Config(limits=Limits(handshake=0.1))) as site:
        host, _, port = site.address.partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        head = f"POST /api/send HTTP/1.1\r\nHost: {site.address}\r\nContent-Length: 9\r\n"
        writer.write(f"{head}Authorization: Bearer {site.token()}\r\n\r\n{{".encode())
        line = await asyncio.wait_for(reader.readline(), DEADLINE)
        assert line.startswith(b"HTTP/1.1 408 ")
        writer.close()

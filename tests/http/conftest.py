"""Fixtures of the tests of the HTTP endpoints."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.http.site import Site, site_on
from tests.live import ServerName


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    """Every endpoint on uvicorn."""
    async with site_on() as served:
        yield served


@pytest.fixture(params=["uvicorn", "hypercorn", "gateway"])
async def each_site(request: pytest.FixtureRequest) -> AsyncIterator[Site]:
    """Every endpoint, on each server in turn."""
    server: ServerName = request.param
    async with site_on(server) as served:
        yield served

"""Each attack on both servers: plain ASGI on uvicorn, and the gateway of ``dualwire serve``."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.game import Game, playing
from tests.http.site import Site, site_on
from tests.live import ServerName


@pytest.fixture(params=["uvicorn", "gateway"])
def server(request: pytest.FixtureRequest) -> ServerName:
    """Which server is attacked."""
    name: ServerName = request.param
    return name


@pytest.fixture
async def site(server: ServerName) -> AsyncIterator[Site]:
    """Every endpoint."""
    async with site_on(server) as served:
        yield served


@pytest.fixture
async def game(server: ServerName) -> AsyncIterator[Game]:
    """The realtime endpoints, with players."""
    async with playing(server=server) as served:
        yield served

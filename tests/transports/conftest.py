"""The same tests on every ASGI server that is supported."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from ..game import Game, playing


@pytest.fixture(params=["uvicorn", "hypercorn", "gateway"])
async def game(request: pytest.FixtureRequest) -> AsyncIterator[Game]:
    """A served application; each test runs once per server."""
    async with playing(server=request.param) as served:
        yield served

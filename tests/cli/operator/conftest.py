"""A served site for an operator."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.http.site import Site, site_on


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    """Every endpoint, with a key."""
    async with site_on() as served:
        yield served

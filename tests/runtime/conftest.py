"""What the runtime does is tested where it is fastest: on sockets that are ours."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from ..game import Game, playing


@pytest.fixture
async def game() -> AsyncIterator[Game]:
    """A served application on the gateway, with time that a test moves by hand."""
    async with playing(server="gateway") as served:
        yield served

"""Fixtures that several parts of the tests share."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from dualwire import Config

from .game import Game, playing


@pytest.fixture
async def game() -> AsyncIterator[Game]:
    """A served application on real uvicorn, with time that a test moves by hand."""
    async with playing() as served:
        yield served


@pytest.fixture
async def standby_game() -> AsyncIterator[Game]:
    """The same, with plain twins that stand by."""
    async with playing(Config(plain_twins="standby")) as served:
        yield served

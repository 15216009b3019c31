"""Fixtures that several parts of the tests share."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator

import pytest
import structlog

from dualwire import Config

from .game import Game, playing


@pytest.fixture(autouse=True)
def own_log() -> Iterator[None]:
    """Whatever a test does to the log, the next one finds it as it was."""
    configured, root = structlog.get_config(), logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.configure(**configured)
    root.handlers[:] = handlers
    root.setLevel(level)


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

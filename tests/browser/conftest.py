"""One Chromium for all tests of a process; each test has windows of its own."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

from .arkham import Arkham, arkham

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A page that is not in front must do its work as one that is: hiding is what a test does.
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
]

expect.set_options(timeout=30_000)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Debian's Chromium; ``make test`` installs it."""
    path = shutil.which("chromium")
    assert path is not None, "there is no chromium: make test installs it"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def game(browser: Browser, request: pytest.FixtureRequest) -> AsyncIterator[Arkham]:
    """The game on a server of its own behind a proxy, and players in windows."""
    pictures = Path(__file__).parent / "pictures"
    pictures.mkdir(exist_ok=True)
    async with arkham(browser, pictures) as game:
        yield game

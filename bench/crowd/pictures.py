"""Pictures of the dashboard, as an operator sees it, by Debian's Chromium."""

from __future__ import annotations

import shutil
from pathlib import Path

from playwright.async_api import Page, ViewportSize, async_playwright

from ..children import ChildError
from .town import Town

__all__ = ["take_pictures"]

DESK: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}


async def take_pictures(town: Town, player: str, folder: Path) -> list[Path]:
    """Open ``/ops/`` with the operator's key, and take it: whole, one player, and on a phone.

    Args:
        town: whose.
        player: whose panel is opened.
        folder: where the pictures go.

    Raises:
        ChildError: there is no Chromium.
    """
    program = shutil.which("chromium")
    if program is None:
        raise ChildError("chromium is not installed; `make crowd` installs it")
    taken = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for name, viewport in (("ops", DESK), ("ops-phone", PHONE)):
            page = await browser.new_page(viewport=viewport)
            await _sign_in(page, town)
            taken.append(folder / f"{name}.png")
            await page.screenshot(path=taken[-1], full_page=True)
            if viewport is DESK:
                await page.get_by_label("Player's id").fill(player)
                await page.get_by_role("button", name="Look").click()
                await page.locator(".connection").first.wait_for()
                taken.append(folder / "ops-player.png")
                await page.screenshot(path=taken[-1])
            await page.close()
        await browser.close()
    return taken


async def _sign_in(page: Page, town: Town) -> None:
    await page.goto(f"{town.url}/ops/")
    # This machine needs no key to look, but the page may have one for its actions.
    await page.evaluate("key => sessionStorage.setItem('dualwire.ops.key', key)", town.key)
    await page.reload()
    await page.locator(".chart canvas").first.wait_for()

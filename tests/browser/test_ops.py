"""The dashboard in a browser: live figures of a real node, and actions that do what they say."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from fastapi import FastAPI
from playwright.async_api import Browser, Page, ViewportSize, expect

from dualwire import ConnectionManager
from dualwire.http import JWTAuthenticator, admin_router, monitoring_router, realtime_router
from dualwire.testing import ManualClock
from tests.game import SECRET, Game
from tests.live import serving, until

pytestmark = pytest.mark.asyncio(loop_scope="session")

KEY = "the-operators-key"
PHONE: ViewportSize = {"width": 390, "height": 844}


@pytest_asyncio.fixture(loop_scope="session")
async def node() -> AsyncIterator[Game]:
    clock = ManualClock()
    manager = ConnectionManager(clock=clock, secret=SECRET)
    auth = JWTAuthenticator(SECRET, clock=clock)
    app = FastAPI(lifespan=manager.lifespan)
    app.include_router(realtime_router(manager, auth))
    app.include_router(monitoring_router(manager, api_key=KEY))
    app.include_router(admin_router(manager, KEY))
    async with serving(app, "gateway") as address:
        yield Game(manager, address, clock, auth, app)


@contextlib.asynccontextmanager
async def looking(
    browser: Browser, node: Game, viewport: ViewportSize | None = None, key: str = KEY
) -> AsyncIterator[Page]:
    """An operator on another machine, with the dashboard open; nothing may go wrong in the page."""
    context = await browser.new_context(
        viewport=viewport, extra_http_headers={"X-Forwarded-For": "203.0.113.7"}
    )
    page = await context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if "Policy" in said.text else None)
    await page.goto(f"http://{node.address}/ops/")
    await page.get_by_label("Operator's key").fill(key)
    await page.get_by_role("button", name="Open the dashboard").click()
    yield page
    await context.close()
    assert not wrong


async def test_figures_are_live(browser: Browser, node: Game) -> None:
    async with looking(browser, node) as page:
        online = page.locator(".tile", has_text="Players online").locator(".value")
        await expect(online).to_have_text("0")
        async with node.both("ann") as (socket, _):
            await node.clock.advance(3.0)
            await expect(online).to_have_text("1")
            await expect(page.get_by_text("100 % on both connections")).to_be_visible()
            await expect(page.locator(".chart canvas")).to_have_count(4)
            socket.socket.transport.abort()
            await node.connected("ann", sse=1)
            await node.clock.advance(2.0)
            hidden = page.locator(".tile", has_text="Failovers hidden").locator(".value")
            await expect(hidden).to_have_text("1")
            ends = page.locator(".card", has_text="Ends by code")
            await expect(ends.get_by_role("row", name="peer_gone websocket 1")).to_be_visible()


async def test_a_connection_is_cut_and_the_other_carries_on(browser: Browser, node: Game) -> None:
    async with looking(browser, node) as page, node.both("ann") as (socket, stream):
        await page.get_by_label("Player's id").fill("ann")
        await page.get_by_role("button", name="Look").click()
        panel = page.get_by_role("dialog", name="Player ann")
        websocket = panel.locator(".connection", has_text="WebSocket")
        await websocket.get_by_role("button", name="Cut").click()
        assert not socket.ended, "it asks once more"
        await websocket.get_by_role("button", name="Cut now").click()
        assert await socket.wait_end() == 4003
        await node.connected("ann", sse=1)
        await expect(panel.locator(".connection")).to_have_count(1)
        await expect(panel.get_by_text("closed stale")).to_be_visible()
        assert not stream.ended


async def test_a_player_is_disconnected_or_revoked(browser: Browser, node: Game) -> None:
    for action, code in (("Disconnect", 4400), ("Revoke", 4410)):
        async with looking(browser, node) as page, node.both("ann") as (socket, _):
            # What is in the list of happenings can be clicked.
            await node.clock.advance(2.0)
            await page.get_by_role("button", name="ann").first.click()
            panel = page.get_by_role("dialog", name="Player ann")
            await panel.get_by_role("button", name=action).click()
            await panel.get_by_role("button", name=f"{action} now").click()
            assert await socket.wait_end() == code
            await expect(panel.get_by_text("No connection on this node.")).to_be_visible()
        await until(lambda: not node.manager.node.connections)


async def test_what_just_happened_is_shown_by_kind(browser: Browser, node: Game) -> None:
    async with looking(browser, node) as page, node.both("ann") as (socket, _):
        socket.socket.transport.abort()
        await node.connected("ann", sse=1)
        await node.clock.advance(2.0)
        recent = page.locator(".recent")
        await expect(recent.get_by_text("opened")).to_have_count(2)
        await recent.get_by_role("button", name="Ends").click()
        await expect(recent.get_by_text("opened")).to_have_count(0)
        await expect(recent.get_by_text("peer_gone")).to_have_count(1)
        await recent.get_by_role("button", name="Refusals").click()
        await expect(recent.get_by_text("Nothing has happened.")).to_be_visible()


async def test_a_wrong_key_opens_nothing(browser: Browser, node: Game) -> None:
    async with looking(browser, node, key="guessed") as page:
        await expect(page.get_by_text("a valid key is needed")).to_be_visible()
        await expect(page.locator(".tile")).to_have_count(0)
        await page.get_by_label("Operator's key").fill(KEY)
        await page.get_by_role("button", name="Open the dashboard").click()
        await expect(page.locator(".tile")).to_have_count(8)
        await page.get_by_role("button", name="Forget the key of this tab").click()
        await expect(page.get_by_label("Operator's key")).to_be_visible()
        assert await page.evaluate("sessionStorage.length") == 0


async def test_on_a_phone_nothing_is_wider_than_the_screen(browser: Browser, node: Game) -> None:
    async with looking(browser, node, PHONE) as page, node.both("a-player-with-a-long-name" * 4):
        await node.clock.advance(3.0)
        await expect(page.get_by_text("a-player-with-a-long-name").first).to_be_visible()
        width = await page.evaluate("document.documentElement.scrollWidth")
        assert width == PHONE["width"]

"""Reloads, tabs, other devices, and servers that begin anew."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from playwright.async_api import expect

from dualwire.testing import FaultProxy
from tests.live import until_async
from tests.process.running import Process, dualwire
from tests.process.test_serve import address_of

from .arkham import SECRET, Arkham, Window
from .test_outages import judge

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_reload_resumes(game: Arkham) -> None:
    window = await game.player("Ada")
    async with game.clock.running():
        await window.hears(10)
        await window.page.reload()
        await window.connected()
        await window.hears(game.clock.struck + 10)
    await judge(window, game)
    assert (await window.heard())[0] <= 10
    await window.reads("The Railway Station")
    assert len(game.manager.get_active_connections("id-of-Ada")["websocket"]) == 1


async def test_eight_tabs_of_one_player(game: Arkham) -> None:
    context = await game.context("Ada")
    tabs = [await game.window(context) for _ in range(8)]
    for tab in tabs:
        await tab.connected("websocket")
    # Over HTTP/1.1 a browser opens six connections to a server: one event stream, not eight.
    streams = [await tab.connection("sse").count() for tab in tabs]
    assert sum(streams) == 1
    await game.clock.strike()
    for number, tab in enumerate(tabs):
        await tab.hears(1)
        await tab.do(f"say This is tab {number}.")
        await tab.reads(f"You say: “This is tab {number}.”")
    assert [await tab.heard() for tab in tabs] == [[1]] * 8
    # Whoever has it leaves; another one takes it.
    holder = streams.index(1)
    await tabs[holder].page.close()
    rest = [tab for tab in tabs if tab is not tabs[holder]]
    await until_async(lambda: _one_holds_the_stream(rest), 30.0)
    await game.clock.strike()
    for tab in rest:
        await tab.hears(2)


async def _one_holds_the_stream(tabs: list[Window]) -> bool:
    streams: list[int] = [await tab.connection("sse").count() for tab in tabs]
    return sum(streams) == 1


async def test_a_tab_that_sleeps_wakes_up_whole(game: Arkham) -> None:
    window = await game.player("Ada")
    browser = await window.page.context.new_cdp_session(window.page)
    async with game.clock.running():
        await window.hears(5)
        await browser.send("Page.setWebLifecycleState", {"state": "frozen"})
        # The network goes meanwhile, as it does when a phone is put away.
        game.proxy.all.reset()
        before = game.clock.struck
        other = await game.player("Bob")
        await other.hears(before + 20)
        await browser.send("Page.setWebLifecycleState", {"state": "active"})
        await window.connected()
        await window.hears(game.clock.struck + 5)
    await judge(window, game)


async def _show(window: Window, state: str) -> None:
    """The page is looked at, or no longer: headless browsers never hide one."""
    await window.page.evaluate(
        """state => {
            Object.defineProperty(document, "visibilityState", {value: state, configurable: true});
            document.dispatchEvent(new Event("visibilitychange"));
        }""",
        state,
    )


async def test_a_hidden_tab_finds_out_what_died_as_soon_as_it_is_looked_at(game: Arkham) -> None:
    window = await game.player("Ada")

    def websockets() -> list[str]:
        return game.manager.get_active_connections("id-of-Ada")["websocket"]

    async with game.clock.running():
        await window.hears(5)
        dead = websockets()
        await _show(window, "hidden")
        # A connection that does not know that it is dead; whatever opens later lives.
        game.proxy.websocket.swallow()
        await window.hears(game.clock.struck + 20)
        assert websockets() == dead
        await _show(window, "visible")
        # It would be missed after the ping interval and more: 35 s.
        await until_async(lambda: _another(websockets, dead), 20.0)
        await window.connected()
        await window.hears(game.clock.struck + 5)
    await judge(window, game)


async def _another(now: Callable[[], list[str]], before: list[str]) -> bool:
    return any(each not in before for each in now())


async def test_a_login_elsewhere_takes_over_and_is_taken_back(game: Arkham) -> None:
    here = await game.player("Ada")
    there = await game.player("Ada", viewport={"width": 390, "height": 844})
    dialog = here.page.get_by_role("dialog", name="You are playing somewhere else.")
    await expect(dialog).to_contain_text("somebody signed in as Ada")
    await game.picture(here, "replaced")
    await expect(there.page.get_by_role("dialog")).to_have_count(0)
    await game.clock.strike()
    await there.hears(1)

    await dialog.get_by_role("button", name="Play here again").click()
    await expect(dialog).to_have_count(0)
    await here.connected()
    await expect(there.page.get_by_role("dialog")).to_be_visible()
    await game.picture(there, "replaced-phone")
    await here.hears(1)
    await here.do("say Back again.")
    await here.reads("You say: “Back again.”")

    await there.page.get_by_role("button", name="Leave").click()
    await expect(there.page.get_by_role("button", name="Walk in as a guest")).to_be_visible()
    await here.do("say Still here.")
    await here.reads("You say: “Still here.”")


async def test_leaving_shows_the_door(game: Arkham) -> None:
    window = await game.player("Ada")
    await window.page.get_by_role("button", name="Leave", exact=True).click()
    door = window.page.get_by_role("button", name="Walk in as a guest")
    await expect(door).to_be_visible()
    await window.page.reload()
    await expect(door).to_be_visible()


async def test_a_server_that_begins_anew(tmp_path: Path, game: Arkham) -> None:
    async def serve(proxy: FaultProxy, server: Process) -> None:
        host, _, port = (await address_of(server)).partition(":")
        proxy.upstream_host, proxy.upstream_port = host, int(port)

    serving = partial(dualwire, "serve", "--port", "0", cwd=tmp_path, DUALWIRE_SECRET=SECRET)
    async with serving() as first:
        await serve(game.proxy, first)
        window = await game.player("Ada")
        await window.do("south")
        await window.reads("Garrison Street")
        first.process.kill()
        await first.ends()
    await expect(window.page.get_by_role("status")).to_contain_text("Both connections are lost")
    async with serving() as second:
        await serve(game.proxy, second)
        await window.connected()
        told = "The town awoke anew. What happened before, and was not told, is lost."
        await window.reads(told)
        await window.do("say Is anybody left?")
        await window.reads("You say: “Is anybody left?”")

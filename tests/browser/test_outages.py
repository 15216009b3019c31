"""What a player in a browser notices when connections fail: nothing."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from .arkham import Arkham, Kind, Window

pytestmark = pytest.mark.asyncio(loop_scope="session")

KINDS: tuple[Kind, ...] = ("websocket", "sse")


def whole(heard: list[int]) -> list[int]:
    """Every strike from the first that was heard to the last, each once."""
    return list(range(heard[0], heard[-1] + 1))


async def judge(window: Window, game: Arkham) -> None:
    """All that was struck is heard, each once and in order."""
    await window.hears(game.clock.struck)
    heard = await window.heard()
    assert heard == whole(heard)


@pytest.mark.parametrize("fault", ["reset", "swallow"])
@pytest.mark.parametrize("kind", KINDS)
async def test_cutting_either_loses_and_repeats_nothing(
    game: Arkham, kind: Kind, fault: str
) -> None:
    window = await game.player("Ada")
    async with game.clock.running():
        await window.hears(10)
        target = game.proxy.target(kind)
        if fault == "reset":
            target.refuse()
            target.reset()
            await expect(window.connection(kind, "open")).to_have_count(0)
        else:
            target.swallow()
            if kind == "websocket":
                # By now commands go by HTTP.
                await expect(window.state(kind)).to_have_text("late")
        before = game.clock.struck
        await window.hears(before + 20)
        await window.do("say Nothing happened.")
        await window.reads("You say: “Nothing happened.”")
        target.heal()
        await window.connected()
        await window.hears(game.clock.struck + 5)
    await judge(window, game)
    if fault == "reset":
        await expect(window.page.get_by_text("outage hidden")).to_be_visible()
        assert await window.figure("outage hidden") == 1
    assert await window.page.locator('.line[data-kind="note"]').all_inner_texts() == []
    assert await window.figure("lost") == 0


@pytest.mark.parametrize("kind", KINDS)
async def test_the_page_itself_cuts_and_swallows_for_a_try(game: Arkham, kind: Kind) -> None:
    window = await game.player("Ada")
    name = {"websocket": "WebSocket", "sse": "Event stream"}[kind]
    async with game.clock.running():
        for label in ("Cut", "Swallow"):
            switch = window.page.get_by_role("switch", name=f"{label} the {name}")
            await switch.click()
            await expect(switch).to_have_attribute("aria-checked", "true")
            before = game.clock.struck
            await window.hears(before + 10)
            if (kind, label) == ("websocket", "Cut"):
                await game.picture(window, "cut")
            await switch.click()
            await expect(switch).to_have_attribute("aria-checked", "false")
            await window.connected()
    await judge(window, game)


async def test_offline_and_online(game: Arkham) -> None:
    window = await game.player("Ada")
    async with game.clock.running():
        await window.hears(5)
        await window.page.context.set_offline(True)
        game.proxy.all.refuse()
        game.proxy.all.reset()
        await expect(window.page.get_by_role("status")).to_contain_text("Both connections are lost")
        await game.picture(window, "offline")
        await window.do("say I was here.")
        game.proxy.all.heal()
        await window.page.context.set_offline(False)
        await window.connected()
        await window.reads("You say: “I was here.”")
        await window.hears(game.clock.struck + 5)
    await judge(window, game)


async def test_back_online_nothing_is_waited_for_that_the_old_network_swallowed(
    game: Arkham,
) -> None:
    window = await game.player("Ada")
    async with game.clock.running():
        await window.hears(5)
        # Whatever is opened from now on is never answered: a try takes its full 10 s.
        game.proxy.rules.all.swallow()
        game.proxy.all.reset()
        for kind in KINDS:
            await expect(window.connection(kind, "connecting")).to_have_count(1)
        game.proxy.rules.all.heal()
        before = await window.page.evaluate("performance.now()")
        await window.page.evaluate("dispatchEvent(new Event('online'))")
        await window.connected()
        took = await window.page.evaluate("performance.now()") - before
        await window.hears(game.clock.struck + 5)
    await judge(window, game)
    # Milliseconds; far below what the tries under way would have taken, on a slow machine too.
    assert took < 5000


async def test_a_buffering_proxy_is_detected(game: Arkham) -> None:
    window = await game.player("Ada")
    async with game.clock.running():
        await window.hears(3)
        game.proxy.sse.buffer(1 << 20, "to_client")
        await expect(window.state("sse")).to_have_text("held back by a proxy")
        await game.picture(window, "buffered")
        game.proxy.sse.heal()
        await expect(window.state("sse")).to_have_text("open")
    await judge(window, game)

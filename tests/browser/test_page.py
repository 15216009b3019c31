"""The page as people use it."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import expect

from .arkham import DESKTOP, PHONE, Arkham

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_guest_walks_in(game: Arkham) -> None:
    window = await game.window(await game.context())
    page = window.page
    await game.picture(window, "door")
    await page.get_by_role("button", name="Walk in as a guest").click()
    await window.connected()
    await window.reads("The Railway Station")
    await expect(page.get_by_label("What do you do?")).to_be_focused()
    await expect(page).to_have_title("The Railway Station \u2013 Arkham")


async def test_an_account_is_made_and_used(game: Arkham) -> None:
    window = await game.window(await game.context())
    page = window.page
    await page.get_by_label("Name").fill("Wilmarth")
    await page.get_by_label("Password").fill("folklore")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("alert")).not_to_be_empty()
    await game.picture(window, "door-trouble")
    await page.get_by_role("button", name="Register").click()
    await window.connected()
    await expect(page.get_by_text("Wilmarth", exact=True)).to_be_visible()
    await page.get_by_role("button", name="Leave", exact=True).click()
    await page.get_by_label("Name").fill("Wilmarth")
    await page.get_by_label("Password").fill("folklore")
    await page.get_by_label("Password").press("Enter")
    await window.connected()


async def test_two_players_talk(game: Arkham) -> None:
    ada = await game.player("Ada")
    bob = await game.player("Bob")
    await expect(ada.page.get_by_role("button", name="Bob")).to_be_visible()
    await ada.do("say Did you hear the clock?")
    await bob.reads("Ada says: “Did you hear the clock?”")
    # A tap on a name begins to speak to somebody.
    await bob.page.get_by_role("button", name="Ada").click()
    prompt = bob.page.get_by_label("What do you do?")
    await expect(prompt).to_have_value("tell Ada ")
    await expect(prompt).to_be_focused()
    await prompt.press_sequentially("Do not follow him.")
    await prompt.press("Enter")
    await ada.reads("Bob tells you: “Do not follow him.”")
    # Talk only shows talk only, and what is typed there is said.
    await ada.page.get_by_role("button", name="Talk only").click()
    await expect(ada.page.locator(".line")).to_have_count(2)
    await ada.do("Why not?")
    await bob.reads("Ada says: “Why not?”")
    await ada.reads("You say: “Why not?”")
    # Both connections brought it: one first, the other a copy.
    line = bob.page.locator(".line").filter(has_text="Why not?")
    await expect(line.locator('[data-mark="first"]')).to_have_count(1)
    await expect(line.locator('[data-mark="second"]')).to_have_count(1)


async def test_walking(game: Arkham) -> None:
    window = await game.player("Ada")
    ways = window.page.get_by_role("navigation", name="Ways out")
    await ways.get_by_role("button", name="south").click()
    await window.reads("Garrison Street")
    await expect(window.page.get_by_role("heading", level=1)).to_have_text("Garrison Street")
    # What was seen has its name on the way back, and on the map.
    await expect(ways.get_by_role("button", name="north")).to_contain_text("Railway Station")
    await expect(window.page.get_by_label("Map: 2 places seen")).to_be_visible()
    await window.page.locator(".place", has_text="The Railway Station").locator(".spot").click()
    await window.reads("The Railway Station", 2)
    assert await window.page.locator(".place").count() == 5


async def test_what_was_typed_is_remembered(game: Arkham) -> None:
    window = await game.player("Ada")
    prompt = window.page.get_by_label("What do you do?")
    await window.do("look")
    await window.do("who")
    await window.reads("1 soul is abroad in Arkham:\nAda, The Railway Station")
    await prompt.fill("sa")
    for key, value in [
        ("ArrowUp", "who"),
        ("ArrowUp", "look"),
        ("ArrowUp", "look"),
        ("ArrowDown", "who"),
        ("ArrowDown", "sa"),
    ]:
        await prompt.press(key)
        await expect(prompt).to_have_value(value)
    await window.do("fly")
    await window.reads("There is no command 'fly'. Type help to see what you can do.")


async def test_scrolled_back_it_stays_there(game: Arkham) -> None:
    window = await game.player("Ada")
    for _ in range(60):
        await game.clock.strike()
    await window.hears(60)
    story = window.page.get_by_role("log")
    await story.focus()
    await window.page.keyboard.press("Home")
    newest = window.page.get_by_role("button", name="To the newest")
    await expect(newest).to_be_visible()
    await game.clock.strike()
    await window.hears(61)
    await expect(window.page.get_by_text("The clock strikes 61.")).not_to_be_in_viewport()
    await newest.click()
    await expect(window.page.get_by_text("The clock strikes 61.")).to_be_in_viewport()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", ["desktop", "phone"])
async def test_how_it_looks(game: Arkham, scheme: str, size: str) -> None:
    options: dict[str, Any] = {
        "viewport": PHONE if size == "phone" else DESKTOP,
        "color_scheme": scheme,
    }
    if size == "phone":
        options |= {"has_touch": True, "is_mobile": True, "device_scale_factor": 2}
    door = await game.window(await game.context(**options))
    await expect(door.page.get_by_role("button", name="Walk in as a guest")).to_be_visible()
    await game.picture(door, f"door-{size}-{scheme}")

    bob = await game.player("Bob")
    window = await game.player("Ada", **options)
    await bob.do("say Did you hear the clock?")
    await bob.do("emote looks at the rails, and then, quickly, away.")
    await window.reads("Bob looks at the rails, and then, quickly, away.")
    await window.do("say Which clock?")
    await window.reads("You say: “Which clock?”")
    await game.picture(window, f"game-{size}-{scheme}")
    # Nothing sticks out at the side, and every button is large enough for a finger.
    assert await window.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    if size == "phone":
        toggle = window.page.locator('[aria-controls="side"]')
        await toggle.click()
        await expect(toggle).to_have_attribute("aria-expanded", "true")
        await expect(window.page.get_by_role("heading", name="Both connections")).to_be_visible()
        await expect(window.page.locator(".races circle").first).to_be_visible()
        await game.picture(window, f"town-{size}-{scheme}")
        await window.page.get_by_role("button", name="Close").click()
        await expect(window.page.locator("#side")).to_be_hidden()
        small = await window.page.evaluate(
            """() => [...document.querySelectorAll("button")]
                .filter(each => each.checkVisibility({visibilityProperty: true}))
                .filter(each => each.getBoundingClientRect().height < 40)
                .map(each => each.textContent)"""
        )
        assert small == []

"""The page for those who hear it, or use no mouse: judged by axe-core, and by the keyboard."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from .arkham import DESKTOP, PHONE, Arkham

pytestmark = pytest.mark.asyncio(loop_scope="session")

AXE = Path(__file__).parent.parent.parent / "clients/js/node_modules/axe-core/axe.min.js"

RUN = """async () => {
    const { violations } = await axe.run(document, {resultTypes: ["violations"]});
    return violations
        .filter(each => ["serious", "critical"].includes(each.impact))
        .flatMap(each => each.nodes.map(node => `${each.id}: ${node.failureSummary} ${node.html}`));
}"""


NAME = """() => {
    const {ariaLabel, labels, tagName, textContent} = document.activeElement;
    if (tagName === "BODY") return tagName;
    const label = ariaLabel ?? labels?.[0]?.textContent ?? textContent;
    return label.replace(/[^A-Za-z ?]/g, "").trim();
}"""

OUTLINED = """() => {
    const at = document.activeElement;
    if (at === document.body) return true;
    const marked = style => style.outlineStyle !== "none" || style.boxShadow !== "none";
    return marked(getComputedStyle(at)) || marked(getComputedStyle(at.parentElement));
}"""


async def judge(page: Page) -> None:
    """axe-core finds nothing serious or critical, contrast included."""
    await page.evaluate(AXE.read_text())
    # Halfway through a transition, colours are those of neither end.
    await page.evaluate("Promise.all(document.getAnimations().map(each => each.finished))")
    assert await page.evaluate(RUN) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", ["desktop", "phone"])
async def test_axe_finds_nothing_serious(game: Arkham, scheme: str, size: str) -> None:
    options: dict[str, Any] = {
        "viewport": PHONE if size == "phone" else DESKTOP,
        "color_scheme": scheme,
        "reduced_motion": "reduce",
    }
    door = await game.window(await game.context(**options))
    await expect(door.page.get_by_role("button", name="Walk in as a guest")).to_be_visible()
    await judge(door.page)

    bob = await game.player("Bob")
    window = await game.player("Ada", **options)
    await bob.do("say Did you hear the clock?")
    await window.reads("Bob says: “Did you hear the clock?”")
    await window.do("fly")
    await window.reads("There is no command 'fly'. Type help to see what you can do.")
    await judge(window.page)
    if size == "phone":
        await window.page.locator('[aria-controls="side"]').click()
        await expect(window.page.get_by_role("heading", name="Both connections")).to_be_visible()
        await judge(window.page)
        await window.page.get_by_role("button", name="Close").click()

    await game.player("Ada")
    await expect(window.page.get_by_role("dialog")).to_be_visible()
    await judge(window.page)


async def test_all_is_done_by_keyboard_in_the_order_in_which_it_is_read(game: Arkham) -> None:
    window = await game.player("Ada")
    await game.player("Bob")
    page = window.page
    await expect(page.get_by_role("button", name="Bob")).to_be_visible()
    prompt = page.get_by_label("What do you do?")
    await expect(prompt).to_be_focused()
    # From the prompt on, around the page and back to it.
    names = []
    for _ in range(30):
        await page.keyboard.press("Tab")
        names.append(await page.evaluate(NAME))
        assert await page.evaluate(OUTLINED), names[-1]
        if names[-1] == "What do you do?":
            break
    assert [name for name in names if name != "BODY"] == [
        "Do it",
        "Bob speak to them",
        "Who else is awake?",
        "Cut the WebSocket",
        "Swallow the WebSocket",
        "Cut the Event stream",
        "Swallow the Event stream",
        "Talk only",
        "Leave",
        "south",
        "east",
        "What do you do?",
    ]
    # Walked by keyboard; what happens is read out, and the prompt is where it was.
    await page.keyboard.press("Shift+Tab")
    await page.keyboard.press("Shift+Tab")
    await page.keyboard.press("Enter")
    await window.reads("Garrison Street")
    await expect(page.get_by_role("log", name="Story")).to_have_attribute("aria-live", "polite")


async def test_on_a_phone_escape_closes_what_covers_the_story(game: Arkham) -> None:
    window = await game.player("Ada", viewport=PHONE)
    toggle = window.page.locator('[aria-controls="side"]')
    await toggle.focus()
    await window.page.keyboard.press("Enter")
    await expect(window.page.locator("#side")).to_be_visible()
    await window.page.keyboard.press("Escape")
    await expect(window.page.locator("#side")).to_be_hidden()
    await expect(toggle).to_be_focused()

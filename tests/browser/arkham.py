"""The game on a real server behind a proxy that spoils connections, and players in browsers."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Literal

from playwright.async_api import Browser, BrowserContext, Page, expect

from dualwire import ConnectionManager
from dualwire.demo import create_app
from dualwire.http import JWTAuthenticator
from dualwire.http.credentials import COOKIE
from dualwire.testing import FaultProxy
from tests.live import serving, until_async

SECRET = "a secret of at least thirty-two bytes"

Kind = Literal["websocket", "sse"]

DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}

_STRIKES = re.compile(r"The clock strikes (\d+)\.")


@dataclass
class Window:
    """One tab."""

    page: Page
    errors: list[str] = field(default_factory=list)
    """What the page did wrong, as its console and its exceptions tell."""

    def connection(self, kind: Kind, state: str = "open") -> Any:
        """A connection in the panel, if it is in that state."""
        return self.page.locator(f'.type[data-type="{kind}"][data-state="{state}"]')

    def state(self, kind: Kind) -> Any:
        """What the panel says of a connection."""
        return self.page.locator(f'.type[data-type="{kind}"] .state')

    async def connected(self, *kinds: Kind) -> None:
        """Wait until these connections are open."""
        for kind in kinds or ("websocket", "sse"):
            await expect(self.connection(kind)).to_have_count(1)

    async def do(self, line: str) -> None:
        """Type a command."""
        prompt = self.page.get_by_label("What do you do?")
        await prompt.fill(line)
        await prompt.press("Enter")

    async def reads(self, text: str, times: int = 1) -> None:
        """Wait until the story has a text so many times."""
        story = self.page.get_by_role("log")
        await expect(story.get_by_text(text, exact=True)).to_have_count(times)

    async def heard(self) -> list[int]:
        """Which strikes of the clock the story has, in its order."""
        lines = await self.page.locator(".line .said").all_inner_texts()
        return [int(found[1]) for line in lines if (found := _STRIKES.fullmatch(line))]

    async def hears(self, strike: int) -> None:
        """Wait until a strike of the clock, or a later one, is shown."""

        async def shown() -> bool:
            heard = await self.heard()
            return bool(heard) and heard[-1] >= strike

        await until_async(shown, 30.0)

    async def figure(self, label: str) -> int:
        """One of the sums in the panel."""
        row = self.page.locator(".sums div").filter(has=self.page.get_by_text(label))
        return int((await row.locator("dd").inner_text()).replace(",", ""))


@dataclass
class Clock:
    """Strikes: what is told to everybody, numbered by itself."""

    manager: ConnectionManager
    numbers: count[int] = field(default_factory=lambda: count(1))
    struck: int = 0

    async def strike(self) -> None:
        self.struck = next(self.numbers)
        message = f"The clock strikes {self.struck}."
        data = {"message": message, "player_name": "", "sender_id": "clock"}
        event = {"event_type": "chat_message", "sequence_number": 0, "data": data}
        await self.manager.broadcast_global(event)

    @contextlib.asynccontextmanager
    async def running(self, per_second: float = 20.0) -> AsyncIterator[None]:
        """Strike all the time."""

        async def strike() -> None:
            while True:
                await self.strike()
                await asyncio.sleep(1 / per_second)

        task = asyncio.create_task(strike())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@dataclass
class Arkham:
    """A running game."""

    browser: Browser
    manager: ConnectionManager
    authenticator: JWTAuthenticator
    proxy: FaultProxy
    clock: Clock
    pictures: Path
    stack: contextlib.AsyncExitStack
    windows: list[Window] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://{self.proxy.address}"

    async def context(self, name: str | None = None, **options: Any) -> BrowserContext:
        """A browser of its own; with a name, somebody is signed in."""
        options = {"viewport": DESKTOP, "color_scheme": "dark", "locale": "en-US"} | options
        context = await self.browser.new_context(**options)
        self.stack.push_async_callback(context.close)
        if name is not None:
            token = self.authenticator.issue(f"id-of-{name}", name=name)
            cookie: Any = {"name": COOKIE, "value": token, "url": self.url, "sameSite": "Lax"}
            await context.add_cookies([cookie])
        return context

    async def window(self, context: BrowserContext) -> Window:
        """A tab in that browser, with the page."""
        window = Window(await context.new_page())
        window.page.on("pageerror", lambda error: window.errors.append(str(error)))
        window.page.on("console", lambda message: _note(window, message))
        self.windows.append(window)
        await window.page.goto(self.url)
        return window

    async def player(self, name: str, **options: Any) -> Window:
        """Somebody who plays, with both connections."""
        window = await self.window(await self.context(name, **options))
        await window.connected()
        return window

    async def picture(self, window: Window, name: str) -> None:
        """Keep how a window looks."""
        await window.page.screenshot(path=self.pictures / f"{name}.png", animations="disabled")


def _note(window: Window, message: Any) -> None:
    # What the network did is the test's doing.
    of_network = ("Failed to load resource", "WebSocket connection to")
    if message.type == "error" and not any(each in message.text for each in of_network):
        window.errors.append(message.text)


@contextlib.asynccontextmanager
async def arkham(browser: Browser, pictures: Path) -> AsyncIterator[Arkham]:
    """Serve the game as ``dualwire serve`` does, behind a proxy."""
    manager = ConnectionManager(secret=SECRET)
    authenticator = JWTAuthenticator(SECRET)
    app = create_app(manager, authenticator)
    async with serving(app, "gateway") as address, contextlib.AsyncExitStack() as stack:
        host, _, port = address.partition(":")
        proxy = await stack.enter_async_context(FaultProxy(host, int(port)))
        clock = Clock(manager)
        async with contextlib.AsyncExitStack() as windows:
            game = Arkham(browser, manager, authenticator, proxy, clock, pictures, windows)
            yield game
            assert not [each.errors for each in game.windows if each.errors]

"""A player with two tabs of one session: what the flag ``dual_connections`` is about."""

from __future__ import annotations

from dualwire.exceptions import RefusedError

from ..crowd.town import Town
from ..crowd.visitor import Tab, Visitor

__all__ = ["TwoTabs"]

REPLACED = 4411


class TwoTabs(Visitor):
    """Plays in two tabs wherever it may; where it may not, the newer one ended the older."""

    def __init__(self, name: str, town: Town, seed: int) -> None:
        super().__init__(name, town, seed)
        self._session = f"{name}-session"

    async def start(self) -> None:
        await self.proxy.start()
        await self.open(self._session)
        await self.walk()

    async def try_a_second(self) -> None:
        """Open the game once more, unless both tabs are alive."""
        if len(self.alive) < 2:
            await self.open(self._session)

    @property
    def alive(self) -> list[Tab]:
        """Tabs that the server did not let go."""
        return [tab for tab in self.tabs if tab.ended is None]

    @property
    def strange_ends(self) -> list[RefusedError]:
        """Ends of tabs that the older rule does not explain."""
        ended = [tab.ended for tab in self.tabs if tab.ended is not None]
        return [each for each in ended if each.code.number != REPLACED]

    def lost(self, said: int) -> int:
        """Numbers that no tab got, from the first that one of them got to the last of all."""
        got = {n for tab in self.tabs for n in tab.got}
        return len(set(range(min(got, default=1), said + 1)) - got)

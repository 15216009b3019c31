"""Numbers that everybody must get, each once and in order: the judge of loss."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence

from .town import Town
from .visitor import Tab, Visitor

__all__ = ["Publisher", "heard_wrongly"]


class Publisher:
    """Tells everybody the next number, again and again, by the server API.

    Args:
        town: where.
        players: to whom something is told alone, in turn.
        every: seconds between two numbers.
    """

    def __init__(self, town: Town, players: Sequence[str], every: float = 1.0) -> None:
        self.said = 0
        self._town = town
        self._players = itertools.cycle(players)
        self._every = every
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._publish())

    async def stop(self) -> None:
        """Say no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _publish(self) -> None:
        while True:
            # Whatever becomes of the call, the number is said once: it is repeated by its id.
            await asyncio.shield(self._say())
            await asyncio.sleep(self._every)

    async def _say(self) -> None:
        self.said += 1
        await self._town.ask("/api/admin/broadcast", {"event": {"n": self.said}})
        # For one alone, so that it is timed until that one's client has it.
        whisper = {"player_id": next(self._players), "event": {"whisper": self.said}}
        await self._town.ask("/api/admin/publish", whisper)


def heard_wrongly(visitors: Sequence[Visitor], said: int) -> tuple[int, int]:
    """Numbers that were lost, and that came again or out of order, over all players.

    Args:
        visitors: whose every tab is looked at, from the first number that it got.
        said: the last number; who is there until the end must have it.
    """
    lost = wrong = 0
    for visitor in visitors:
        for tab in visitor.tabs:
            there = tab is visitor.now and tab.ended is None
            one = _missing(tab, said if there else None)
            lost, wrong = lost + one[0], wrong + one[1]
    return lost, wrong


def _missing(tab: Tab, last: int | None) -> tuple[int, int]:
    if not tab.got:
        return last or 0, 0
    wrong = sum(1 for before, n in zip(tab.got, tab.got[1:], strict=False) if n <= before)
    end = max(tab.got) if last is None else last
    return len(set(range(tab.got[0], end + 1)) - set(tab.got)), wrong

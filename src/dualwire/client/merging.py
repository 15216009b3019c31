"""The merge of :mod:`dualwire.core.merge`, with a clock and with figures about the connections."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ..abc import Clock
from ..core.merge import Gap, Item, Merge, Statistics
from ..types import Cursor, JSONObject
from .life import Life
from .quality import Race

__all__ = ["Merging"]


class Merging:
    """Takes the frames of both connections and hands on what is new.

    Args:
        clock: time.
        hand_on: gets items, in order.
    """

    def __init__(self, clock: Clock, hand_on: Callable[[list[Item]], None]) -> None:
        self._clock = clock
        self._hand_on = hand_on
        self._merge = Merge()
        self._race = Race()
        self._lives: dict[str, Life] = {}
        self._timer: asyncio.Task[None] | None = None

    @property
    def cursor(self) -> Cursor:
        """Where to go on."""
        return self._merge.cursor()

    @property
    def statistics(self) -> Statistics:
        """What the merge has done so far."""
        return self._merge.statistics

    def opened(self, life: Life, hello: JSONObject) -> None:
        """A connection said ``hello``."""
        self._lives[life.id] = life
        self._merge.connected(life.id, self._clock.now())
        self.take(life, hello, 0)

    def take(self, life: Life, frame: JSONObject, size: int) -> None:
        """A connection brought a frame.

        Raises:
            ProtocolError: the frame is malformed, or comes where it may not.
        """
        now, connection, merge = self._clock.now(), life.connection, self._merge
        before = merge.duplicates
        items = merge.receive(life.id, frame, now, size)
        connection.duplicates += merge.duplicates - before
        stream, offset = frame.get("stream"), frame.get("offset")
        if isinstance(stream, str) and isinstance(offset, int):
            self._race.arrived(connection, stream, offset, now)
        self._give(items)

    def closed(self, life: Life) -> None:
        """A connection ended."""
        if self._lives.pop(life.id, None) is not None:
            self._give(self._merge.disconnected(life.id, self._clock.now()))

    async def stop(self) -> None:
        """Wait for nothing any more."""
        if self._timer is not None:
            self._timer.cancel()
            await asyncio.gather(self._timer, return_exceptions=True)

    def _give(self, items: list[Item]) -> None:
        for item in items:
            if not isinstance(item, Gap):
                winner = self._lives.get(item.connection_id)
                if winner is not None:
                    winner.connection.won += 1
        if items:
            self._hand_on(items)
        if self._merge.deadline is None:
            return
        if self._timer is None or self._timer.done():
            self._timer = asyncio.create_task(self._wait())

    async def _wait(self) -> None:
        while (deadline := self._merge.deadline) is not None:
            left = deadline - self._clock.now()
            if left > 0:
                await self._clock.sleep(left)
            else:
                self._give(self._merge.tick(self._clock.now()))

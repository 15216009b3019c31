"""Events that wait for the application."""

from __future__ import annotations

import asyncio
from collections import deque

from ..types import JSONObject

__all__ = ["Inbox"]


class Inbox:
    """A bounded queue with an end. Cancelling a call loses nothing.

    Args:
        bound: events that wait at the most; beyond, :meth:`put` waits, so that its connection is
            not read and the server sees a slow peer.
    """

    def __init__(self, bound: int) -> None:
        self._bound = bound
        self._events: deque[JSONObject] = deque()
        self._arrived = asyncio.Event()
        self._room = asyncio.Event()
        self.closed = False

    async def put(self, event: JSONObject) -> None:
        """Append an event; waits while the inbox is full."""
        while len(self._events) >= self._bound and not self.closed:
            self._room.clear()
            await self._room.wait()
        self._events.append(event)
        self._arrived.set()

    def close(self) -> None:
        """Nothing more will come. Idempotent."""
        self.closed = True
        self._arrived.set()
        self._room.set()

    async def get(self) -> JSONObject | None:
        """The next event; ``None`` when there is none and none will come."""
        while not self._events:
            if self.closed:
                return None
            self._arrived.clear()
            await self._arrived.wait()
        self._room.set()
        return self._events.popleft()

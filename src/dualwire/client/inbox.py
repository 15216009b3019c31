"""What waits for the application."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import Generic, TypeVar

__all__ = ["Inbox"]

T = TypeVar("T")


class Inbox(Generic[T]):
    """A queue with a bound and an end. Cancelling a call loses nothing.

    Args:
        bound: items that wait at the most; beyond, :meth:`wait_room` waits, so that a connection is
            not read and the server sees a slow peer.
    """

    def __init__(self, bound: int) -> None:
        self._bound = bound
        self._items: deque[T] = deque()
        self._arrived = asyncio.Event()
        self._room = asyncio.Event()
        self.closed = False

    @property
    def waiting(self) -> Iterable[T]:
        """What the application has not taken yet, oldest first."""
        return self._items

    @property
    def full(self) -> bool:
        """Whether :meth:`wait_room` would wait."""
        return len(self._items) >= self._bound and not self.closed

    def put(self, items: Iterable[T]) -> None:
        """Append items, whether there is room or not: their order was decided before."""
        self._items.extend(items)
        if self._items:
            self._arrived.set()

    async def wait_room(self) -> None:
        """Return when fewer items than the bound wait, or the end has come."""
        while self.full:
            self._room.clear()
            await self._room.wait()

    def close(self) -> None:
        """Nothing more will come. Idempotent."""
        self.closed = True
        self._arrived.set()
        self._room.set()

    async def get(self) -> T | None:
        """The next item; ``None`` when there is none and none will come."""
        while not self._items:
            if self.closed:
                return None
            self._arrived.clear()
            await self._arrived.wait()
        self._room.set()
        return self._items.popleft()

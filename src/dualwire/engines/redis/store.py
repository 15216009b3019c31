"""The logs in Redis: storing an event under its id, reading a part of a stream."""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple

from ...abc import History
from ...types import Event, Membership, Position
from .calls import Calls, milliseconds
from .codec import encode, entry_of, parse_position
from .follower import Part
from .keys import Keys

__all__ = ["Store", "Stored"]

SEEN = 65_536
"""Streams whose position is remembered although nobody here follows them."""


class Stored(NamedTuple):
    """Where something was stored on behalf of this node."""

    position: Position
    at: int
    """Milliseconds of the engine's clock."""
    body: bytes | None
    """As it is stored; ``None`` for a repeat, which the log alone has."""


class Store:
    """Reads and writes streams, and knows how far this node has seen each of them.

    Args:
        calls: runs scripts.
        keys: names.
    """

    def __init__(self, calls: Calls, keys: Keys) -> None:
        self._calls = calls
        self._keys = keys
        self._seen: OrderedDict[str, Position] = OrderedDict()

    def seen(self, stream: str) -> Position:
        """The furthest position of a stream that this node knows of."""
        return self._seen.get(stream, Position("", 0))

    def remember(self, stream: str, position: Position) -> None:
        """Keep in mind that a stream goes as far as this."""
        if position > self.seen(stream):
            self._seen[stream] = position
        if stream in self._seen:
            self._seen.move_to_end(stream)
        if len(self._seen) > SEEN:
            self._seen.popitem(last=False)

    async def publish(self, stream: str, event: Event, publish_id: str, life: float) -> Stored:
        """Store an event under its id, unless it is there already."""
        calls, body = self._calls, encode(event)
        args = [*calls.head(stream), *self.seen(stream), body, milliseconds(life)]
        keys = [*self._keys.stream(stream), self._keys.publish_id(stream, publish_id)]
        answer = await calls.run("publish", "publish", keys, args, repeatable=True, patient=True)
        repeated, epoch, offset, now = answer
        position = Position(epoch.decode(), offset)
        self.remember(stream, position)
        calls.note(now)
        return Stored(position, now, None if repeated else body)

    async def tail(self, operation: str, stream: str) -> Position:
        """Where a stream stands."""
        found = await self.fetch(stream, 0, 0, operation=operation)
        assert found is not None
        return found[0].position

    async def history(self, stream: str, after: int, limit: int) -> History:
        """A part of any stream."""
        found = await self.fetch(stream, after, limit)
        assert found is not None
        part, first = found
        items = enumerate(part.items, part.start)
        entries = tuple(entry_of(offset, item, self._calls.local) for offset, item in items)
        return History(entries, first, part.position)

    async def fetch(
        self,
        stream: str,
        after: int,
        limit: int | None = None,
        *,
        operation: str = "history",
        forked: bool = False,
        mine: bool = False,
        inner: bool = False,
    ) -> tuple[Part, int] | None:
        """A part of a stream, and the first offset that is kept.

        Args:
            stream: which.
            after: entries up to this offset are left out.
            limit: how many at the most; ``None`` for all.
            operation: what the caller does, for messages.
            forked: end the log's life: it contradicts what this node has seen of it.
            mine: give nothing if the log lost its end: the caller puts the player back first.
            inner: ask a server that counts as away, too: it may be the one being restored.
        """
        calls, few = self._calls, "" if limit is None else limit
        args = [*calls.head(stream), *self.seen(stream), after, few, int(forked), int(mine)]
        keys = self._keys.stream(stream)
        answer = await calls.run(
            operation,
            "load",
            keys,
            args,
            bulk=limit != 0,
            repeatable=True,
            patient=not inner,
            inner=inner,
        )
        if not answer:
            return None
        epoch, offset, start, items, rooms, session, now, first = answer
        calls.note(now)
        position = Position(epoch.decode(), offset)
        self.remember(stream, position)
        part = Part(
            position=position,
            start=start,
            items=items,
            rooms=memberships(rooms),
            session=session.decode() or None,
        )
        return part, first


def memberships(flat: list[bytes]) -> dict[str, Membership]:
    """A player's rooms as Redis answers them: stream, start, stream, start."""
    rooms = {}
    for name, start in zip(flat[::2], flat[1::2], strict=True):
        stream = name.decode()
        rooms[stream] = Membership(stream, parse_position(start))
    return rooms

"""What connections have not been told yet: offsets that are not for their player.

A connection of ``dualwire.v1`` accounts for every offset, but not at once: what is skipped, one
after the other, is told as one range, before the next event of that stream or with the next ping.
So nothing is written for an event that is not delivered, and the connections that skip nothing are
not looked at.

A young connection does not wait for the ping. Its twin may be opening on another node at this
moment, without a cursor yet and so behind what this one skips: their client would wait for that
offset, and take it for lost.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Set
from typing import TYPE_CHECKING

from ..core.encoding import Encoding, Frame
from ..types import Entry, Event
from .audience import Audience
from .connection import Connection

if TYPE_CHECKING:
    from .hub import Hub

__all__ = ["Skips"]

YOUNG = 10
"""Turns of housekeeping, one a second: as long as a client tries to open a connection."""

SOON = 0.25
"""Seconds after which a young connection tells what it skipped. A receiver waits for 1 s."""


class Skips:
    """Keeps account of what the live connections of one hub skip.

    Args:
        hub: whose.
        call_later: runs a function after some seconds; ``None`` where nobody has twins elsewhere.
    """

    def __init__(
        self, hub: Hub, call_later: Callable[[float, Callable[[], None]], object] | None
    ) -> None:
        self._hub = hub
        self._call_later = call_later
        self._young: deque[set[Connection]] = deque([set()], maxlen=YOUNG)
        self._owing: set[Connection] = set()
        self._due = False

    def opened(self, connection: Connection) -> None:
        """A connection is young."""
        if connection.encoding.contiguous:
            self._young[-1].add(connection)

    def forget(self, connection: Connection) -> None:
        """A connection ends."""
        self._owing.discard(connection)
        for each in self._young:
            each.discard(connection)

    def grow_up(self) -> None:
        """A second has passed."""
        self._young.append(set())

    def note(self, audience: Audience, connections: Iterable[Connection], offset: int) -> None:
        """Live connections do not get an offset; those that account for it will say so."""
        if audience.skipped is None:
            audience.skipped = {}
        for connection in connections:
            if connection.encoding.contiguous:
                audience.skipped.setdefault(connection, offset)
                if any(connection in each for each in self._young):
                    self._owe(connection)

    def tell_before(
        self, audience: Audience, stream: str, entry: Entry, body: Event, refused: Set[str]
    ) -> None:
        """Put what was skipped into the outboxes of those who will be given an event now."""
        assert audience.skipped is not None
        frames: dict[tuple[Encoding, int], Frame | None] = {}
        for connection, first in list(audience.skipped.items()):
            encoding = connection.encoding
            if connection.player.id in refused or not encoding.wants(body):
                continue
            del audience.skipped[connection]
            key = encoding, first
            if key not in frames:
                frames[key] = encoding.skip(stream, first, entry.offset - 1)
            frame = frames[key]
            if frame is not None:
                connection.push(frame)

    def tell(self, audience: Audience, stream: str, connection: Connection) -> None:
        """Put what one connection skipped up to here into its outbox."""
        first = audience.skipped.pop(connection, None) if audience.skipped else None
        if first is not None:
            frame = connection.encoding.skip(stream, first, audience.position.offset)
            if frame is not None:
                connection.push(frame)

    def _owe(self, connection: Connection) -> None:
        if self._call_later is None:
            return
        self._owing.add(connection)
        if not self._due:
            self._due = True
            self._call_later(SOON, self._pay)

    def _pay(self) -> None:
        self._due = False
        owing, self._owing = self._owing, set()
        for connection in owing:
            self._hub.tell_skips(connection)

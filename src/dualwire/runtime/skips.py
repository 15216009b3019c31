"""What connections have not been told yet: offsets that are not for their player.

A connection of ``dualwire.v1`` accounts for every offset, but not at once: what is skipped, one
after the other, is told as one range, before the next event of that stream or with the next ping.
So nothing is written for an event that is not delivered, and the connections that skip nothing are
not looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Set

from ..core.encoding import Encoding, Frame
from ..types import Entry, Event
from .audience import Audience
from .connection import Connection

__all__ = ["note", "tell", "tell_before"]


def note(audience: Audience, connections: Iterable[Connection], offset: int) -> None:
    """Live connections do not get an offset; those that account for it will say so."""
    if audience.skipped is None:
        audience.skipped = {}
    for connection in connections:
        if connection.encoding.contiguous:
            audience.skipped.setdefault(connection, offset)


def tell_before(
    audience: Audience, stream: str, entry: Entry, body: Event, refused: Set[str]
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


def tell(audience: Audience, stream: str, connection: Connection) -> None:
    """Put what one connection skipped up to here into its outbox."""
    first = audience.skipped.pop(connection, None) if audience.skipped else None
    if first is not None:
        frame = connection.encoding.skip(stream, first, audience.position.offset)
        if frame is not None:
            connection.push(frame)

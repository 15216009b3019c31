"""What waits for many connections at once, kept once for all of them.

The live connections that carry one stream in one encoding are a :class:`Group`. An event is put
into the group, not into a thousand outboxes, and each member has a place in what the group was
given. Who was written everything up to the same place gets the same bytes, joined once.

A connection carries several streams, and what it is given stays in one order over all of them. So
at any moment it is owed frames by one group at the most: before another group, or anybody else,
gives it something, what it is owed moves to its own outbox.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from ..core.encoding import Batch, Frame

if TYPE_CHECKING:
    from .connection import Connection

__all__ = ["Group"]


class Group:
    """The live connections that carry one stream in one encoding, and the frames they are owed.

    Frames are numbered in the order in which the group is given them. A member whose ``owing`` is
    this group is owed those from its ``owed_from`` on; one whose ``owing`` is another group, or
    nobody, is owed nothing here.
    """

    __slots__ = (
        "_batches",
        "_first",
        "_frames",
        "_kept_from",
        "_walk",
        "due",
        "end",
        "members",
        "settled",
        "size",
        "walked_at",
    )

    def __init__(self) -> None:
        self.members: dict[Connection, None] = {}
        """In the order in which they came."""
        self.settled = True
        """Whether all members look here for what they are owed."""
        self.end = 0
        """Number of the frame that is given next."""
        self.size = 0
        """Bytes of the frames that are kept, because somebody may be owed them."""
        self.due = False
        """Whether it is seen to that its members are written to."""
        self.walked_at = 0.0
        """Seconds of the event loop at which the last walk over its members began."""
        self._frames: list[Frame] = []
        self._first = 0
        self._batches: dict[int, Batch] = {}
        """What to write to those who stand at a number, up to the end."""
        self._walk: Iterator[Connection] | None = None
        self._kept_from = 0
        """What the members of the walk that is going on will have been written at least."""

    def __len__(self) -> int:
        return len(self.members)

    def __iter__(self) -> Iterator[Connection]:
        return iter(self.members)

    def __contains__(self, connection: object) -> bool:
        return connection in self.members

    @property
    def last(self) -> Connection | None:
        """Who came last, and so is the last one of a walk."""
        return next(reversed(self.members), None)

    @property
    def waiting(self) -> int:
        """How many frames are kept."""
        return len(self._frames)

    def add(self, connection: Connection) -> None:
        """A connection is given what comes from now on."""
        self.members[connection] = None
        if connection.owing is not self:
            self.settled = False

    def remove(self, connection: Connection) -> None:
        """A connection is given nothing more; what it is owed goes to its own outbox."""
        if connection not in self.members:
            return
        del self.members[connection]
        if connection.owing is self:
            connection.collect()
            connection.owing = None

    def give(self, frame: Frame, held: Sequence[Connection] = ()) -> Sequence[Connection]:
        """Owe a frame to all members.

        Args:
            frame: an event.
            held: members that do not get it.

        Returns:
            Those in whose own outboxes more waits now, because another group owed it to them.
        """
        moved = () if self.settled else self._settle()
        for connection in held:
            connection.collect()
        self._frames.append(frame)
        self.size += frame.size
        self.end += 1
        if self._batches:
            self._batches.clear()
        for connection in held:
            connection.owed_from = self.end
        return moved

    def since(self, number: int) -> list[Frame]:
        """The frames from a number on."""
        return self._frames[number - self._first :]

    def walk(self, most: int, now: float, flush: Callable[[Connection], None]) -> tuple[int, int]:
        """Write what they are owed to some members: the next ones of a walk over all.

        Args:
            most: how many members to look at.
            now: seconds of the event loop.
            flush: hands over what waits for one that does not simply take all.

        Returns:
            How many were looked at; fewer than ``most`` when the walk is at its end. And how many
            frames were written without ``flush``.
        """
        walk, end = self._walk, self.end
        if walk is None:
            # Who comes meanwhile is owed nothing from before.
            walk = self._walk = iter(list(self.members))
            self._kept_from, self.walked_at = end, now
        looked = frames = 0
        takers: dict[int, list[Connection]] = {}
        newest: list[Connection] = []
        of_newest = end
        for connection in islice(walk, most):
            looked += 1
            if connection.owing is not self:
                if connection.outbox:
                    # What it was owed here moved there, and waits for no other group's turn.
                    flush(connection)
                continue
            if connection.outbox or connection.waiters is not None:
                flush(connection)
                continue
            owed_from = connection.owed_from
            if owed_from == end:
                continue
            connection.owed_from = end
            # Neighbours stand at the same place as a rule.
            if owed_from != of_newest:
                of_newest = owed_from
                newest = takers.setdefault(owed_from, [])
            newest.append(connection)
        for owed_from, connections in takers.items():
            frames += len(connections) * (end - owed_from)
            for place in self._write(connections, owed_from):
                flush(connections[place])
        if looked < most:
            self._walk = None
            self._forget(self._kept_from)
        return looked, frames

    def _write(self, connections: list[Connection], owed_from: int) -> Sequence[int]:
        """Write the frames from a number on to some members."""
        batch = self._batches.get(owed_from)
        if batch is None:
            batch = self._batches[owed_from] = Batch(self.since(owed_from))
        transports = [connection.transport for connection in connections]
        return transports[0].write_all(transports, batch)  # type: ignore[union-attr, arg-type]

    def _settle(self) -> list[Connection]:
        """Let all members look here for what they are owed; those who were owed something else."""
        moved = []
        for connection in self.members:
            owing = connection.owing
            if owing is not self:
                if owing is not None:
                    if connection.owed_from != owing.end:
                        connection.collect()
                        moved.append(connection)
                    owing.settled = False
                connection.owing, connection.owed_from = self, self.end
        self.settled = True
        return moved

    def _forget(self, number: int) -> None:
        """Nobody is owed what comes before a number."""
        gone = number - self._first
        if gone == len(self._frames):
            self._frames.clear()
            self.size = 0
        else:
            self.size -= sum([frame.size for frame in self._frames[:gone]])
            del self._frames[:gone]
        self._first = number
        self._batches.clear()

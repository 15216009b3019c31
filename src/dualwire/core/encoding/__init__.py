"""How events are written on a connection.

An :class:`Encoding` turns an entry into a :class:`Frame` once; all connections of that encoding
share the frame's bytes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from ...codes import Code
from ...types import Entry, Event, EventTypes, JSONObject, Loss, Position

__all__ = ["Batch", "Encoding", "Frame"]


class Frame:
    """What is handed to a transport, shared by all that need the same.

    Args:
        n: the node's number of the event in it, 0 when it is none.
        data: text or bytes, as the transport takes it.
    """

    __slots__ = ("data", "n", "size")

    def __init__(self, n: int, data: str | bytes) -> None:
        self.n = n
        self.data = data
        self.size = len(data)
        """In bytes, or in characters of text: near enough for budgets."""


class Batch:
    """Frames that go out together, in order, to all who need the same.

    Args:
        frames: at least one; the last one is an event.
    """

    __slots__ = ("_joined", "frames", "n", "size")

    def __init__(self, frames: Sequence[Frame]) -> None:
        self.frames = frames
        self.n = frames[-1].n
        """The node's number of the newest event in it."""
        self.size = sum([frame.size for frame in frames])
        """Of all frames."""
        self._joined: bytes | None = None

    @property
    def joined(self) -> bytes:
        """The bytes of all frames, for a transport whose frames are bytes with all that is around
        them; joined once, whoever asks."""
        joined = self._joined
        if joined is None:
            joined = self._joined = b"".join([frame.data for frame in self.frames])  # type: ignore[misc]
        return joined


class Encoding(ABC):
    """One way to write. Stateless: what a connection was written before does not matter."""

    name: str
    """``plain`` or ``dualwire.v1``."""

    contiguous: bool = False
    """Whether it accounts for every offset, and so can tell a client what it does not get."""

    answered: bool = False
    """Whether its pings are answered, so that a peer that does not is gone."""

    types: EventTypes = frozenset()
    """Types of the events that are written; empty for all."""

    def wants(self, body: Event) -> bool:
        """Whether an event is written at all. Asked once per event for all who share this."""
        return True

    @abstractmethod
    def event(self, stream: str, entry: Entry) -> Frame:
        """Encode an entry whose body is an event."""

    def other(self, stream: str, entry: Entry) -> Frame | None:
        """Encode an entry whose body is none: membership, replies; ``None`` to leave it out."""
        return None

    def skip(self, stream: str, first: int, last: int) -> Frame | None:
        """Account for offsets that are not for this player."""
        return None

    def lost(self, loss: Loss, positions: Mapping[str, Position]) -> Frame | None:
        """Tell that offsets cannot be given.

        Args:
            loss: which.
            positions: where the connection stands after it, in all its streams: what it lost of the
                player's stream may have been comings and goings.

        Returns:
            ``None`` if this encoding has no way to say so.
        """
        return None

    @abstractmethod
    def direct(self, payload: bytes) -> Frame:
        """Encode an event for one connection, outside all streams."""

    def own(self, payload: bytes) -> Frame:
        """Encode what the protocol itself says to one connection: a late reply, a warning."""
        return self.direct(payload)

    @abstractmethod
    def opening(self) -> Frame | None:
        """What a connection starts with, if anything."""

    def hello(self, fields: JSONObject) -> Frame | None:
        """Tell a connection about itself, if this encoding does."""
        return None

    @abstractmethod
    def ping(self, n: int, tails: Mapping[str, Position]) -> Frame | None:
        """A sign of life, ``None`` where the transport's own protocol gives it.

        Args:
            n: number of the ping on its connection.
            tails: what the connection was written in each of its streams.
        """

    @abstractmethod
    def bye(self, code: Code, retry_after: float | None) -> Frame | None:
        """A goodbye, ``None`` where the transport's own protocol says all of it."""

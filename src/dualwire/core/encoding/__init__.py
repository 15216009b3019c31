"""How events are written on a connection.

An :class:`Encoding` turns an entry into a :class:`Frame` once; all connections of that encoding
share the frame's bytes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from ...codes import Code
from ...types import Entry

__all__ = ["Encoding", "Frame"]


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


class Encoding(ABC):
    """One way to write. Stateless: what a connection was written before does not matter."""

    name: str
    """``plain`` or ``dualwire.v1``."""

    @abstractmethod
    def event(self, stream: str, entry: Entry) -> Frame:
        """Encode an entry whose body is an event."""

    @abstractmethod
    def direct(self, payload: bytes) -> Frame:
        """Encode an event for one connection, outside all streams."""

    @abstractmethod
    def opening(self) -> Frame | None:
        """What a connection starts with, if anything."""

    @abstractmethod
    def ping(self) -> Frame | None:
        """A sign of life, ``None`` where the transport's own protocol gives it."""

    @abstractmethod
    def bye(self, code: Code, retry_after: float | None) -> Frame | None:
        """A goodbye, ``None`` where the transport's own protocol says it."""

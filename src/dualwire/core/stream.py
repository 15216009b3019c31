"""A stream's log: ordered, numbered, bounded.

Invariant: the kept entries have the contiguous offsets ``first`` to ``offset``, and ``offset``
never goes back within an epoch, however much is trimmed.
"""

from __future__ import annotations

from bisect import bisect_right

from ..types import Body, Entry, Event, Position

__all__ = ["StreamLog", "new_epoch", "size_of"]

_ENTRY_OVERHEAD = 160
"""Bytes that an entry costs beside its payload (measured on CPython 3.11)."""


def new_epoch(wall: float, random_bits: int, after: str = "") -> str:
    """An epoch that is later than every epoch made before, and than ``after``.

    Args:
        wall: the engine's wall clock, in seconds.
        random_bits: 32 random bits, so that two logs never share an epoch.
        after: an epoch that the new one must exceed, even if the clock went back.

    Returns:
        20 hexadecimal digits: 48 bits of milliseconds, then the random bits.
    """
    milliseconds = int(wall * 1000)
    if after:
        milliseconds = max(milliseconds, int(after[:12], 16) + 1)
    return f"{milliseconds & (1 << 48) - 1:012x}{random_bits & (1 << 32) - 1:08x}"


def size_of(body: Body) -> int:
    """What an entry counts against the history's limits, in bytes."""
    return _ENTRY_OVERHEAD + (len(body.payload) if type(body) is Event else 0)


class StreamLog:
    """The newest entries of one stream.

    Args:
        epoch: which life of the log this is.
        max_age: seconds an entry is kept.
        max_events: entries kept.
        max_bytes: bytes kept, payloads and a fixed overhead per entry.
    """

    __slots__ = (
        "_entries",
        "_head",
        "bytes",
        "epoch",
        "max_age",
        "max_bytes",
        "max_events",
        "offset",
        "trimmed_n",
        "used_at",
    )

    def __init__(
        self, epoch: str, *, max_age: float | None, max_events: int, max_bytes: int
    ) -> None:
        self.epoch = epoch
        self.offset = 0
        """The newest offset ever given out; 0 before the first."""
        self.max_age = max_age
        self.max_events = max_events
        self.max_bytes = max_bytes
        self.bytes = 0
        self.used_at = 0.0
        self.trimmed_n = 0
        """The node's number of the newest entry that was trimmed."""
        self._entries: list[Entry] = []
        self._head = 0

    def __len__(self) -> int:
        return len(self._entries) - self._head

    @property
    def position(self) -> Position:
        """The newest position."""
        return Position(self.epoch, self.offset)

    @property
    def first(self) -> int:
        """The oldest offset that is kept; one above ``offset`` when nothing is."""
        return self.offset - len(self) + 1

    def append(self, body: Body, now: float) -> Entry:
        """Number a body and keep it; what no longer fits is trimmed."""
        self.offset += 1
        size = size_of(body)
        entry = Entry(self.offset, body, now, size)
        self._entries.append(entry)
        self.bytes += size
        self.used_at = now
        if len(self) > self.max_events or self.bytes > self.max_bytes:
            self._trim_to(self.max_events, self.max_bytes)
        return entry

    def at(self, offset: int) -> Entry | None:
        """The entry of an offset, or ``None`` where it is trimmed or not there yet."""
        index = offset - self.first
        return self._entries[self._head + index] if 0 <= index < len(self) else None

    def after(self, offset: int, limit: int | None = None) -> list[Entry]:
        """Kept entries above an offset, oldest first.

        Args:
            offset: entries up to this one are left out.
            limit: how many at the most; ``None`` for all.
        """
        start = self._head + max(0, offset - self.first + 1)
        return self._entries[start : None if limit is None else start + limit]

    def offset_at(self, n: int) -> int:
        """The offset of the newest entry whose node number is at most ``n``.

        ``first - 1`` when every kept entry is newer; whether older ones were trimmed unseen is
        told by ``trimmed_n > n``.
        """
        index = bisect_right(self._entries, n, lo=self._head, key=_number)
        return self.first - 1 + (index - self._head)

    def expire(self, now: float) -> int:
        """Trim what is older than ``max_age``.

        Returns:
            The number of entries trimmed.
        """
        if self.max_age is None:
            return 0
        entries, head, oldest = self._entries, self._head, now - self.max_age
        end = head
        while end < len(entries) and entries[end].at <= oldest:
            end += 1
        self._drop(end - head)
        return end - head

    def clear(self) -> None:
        """Trim everything; the position stays."""
        self._drop(len(self))

    def _trim_to(self, events: int, size: int) -> None:
        count, kept, surplus = 0, len(self), self.bytes
        # The newest entry stays whatever its size: a connection is due it.
        while kept > 1 and (kept > events or surplus > size):
            surplus -= self._entries[self._head + count].size
            count += 1
            kept -= 1
        self._drop(count)

    def _drop(self, count: int) -> None:
        if count <= 0:
            return
        end = self._head + count
        for entry in self._entries[self._head : end]:
            self.bytes -= entry.size
        self.trimmed_n = max(self.trimmed_n, self._entries[end - 1].n)
        self._head = end
        # Compact when more than half is waste, so that trimming is constant time on average.
        if self._head * 2 > len(self._entries):
            del self._entries[: self._head]
            self._head = 0


def _number(entry: Entry) -> int:
    return entry.n

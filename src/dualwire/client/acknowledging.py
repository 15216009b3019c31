"""What the server is told of what has reached the application."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..core.cursor import format_cursor
from ..core.merge import Delivered, Gap
from ..types import Cursor, JSONObject, Position

__all__ = ["Acknowledging"]

EVERY = 256
"""Events after which an acknowledgement is due, whatever the pings do."""


class Acknowledging:
    """Knows what to acknowledge, and when.

    Args:
        cursor: what was merged.
        waiting: what of it the application has not taken yet.
    """

    def __init__(
        self, cursor: Callable[[], Cursor], waiting: Callable[[], Iterable[object]]
    ) -> None:
        self._cursor = cursor
        self._waiting = waiting
        self._handed = 0
        self._urgent: set[tuple[str, int]] = set()

    def cursor(self) -> JSONObject:
        """Everything before it has reached the application; it tells so."""
        self._handed = 0
        cursor = self._cursor()
        for item in self._waiting():
            if isinstance(item, Delivered):
                _hold_back(cursor, item.stream, item.offset)
            elif isinstance(item, Gap):
                # After a new epoch offsets do not compare; the next acknowledgement covers them.
                _hold_back(cursor, item.stream, item.first or 1)
        return format_cursor(cursor)

    def wanted(self, frame: JSONObject) -> None:
        """The server asks for an acknowledgement of this event at once."""
        stream, offset = frame.get("stream"), frame.get("offset")
        if not isinstance(stream, str) or not isinstance(offset, int):
            return
        at = self._cursor().get(stream)
        if at is None or offset > at.offset:  # Else it is a duplicate.
            self._urgent.add((stream, offset))

    def handed(self, item: Delivered) -> bool:
        """The application has taken an event.

        Returns:
            Whether an acknowledgement is due.
        """
        self._handed += 1
        if (item.stream, item.offset) in self._urgent:
            self._urgent.discard((item.stream, item.offset))
            return True
        return self._handed >= EVERY


def _hold_back(cursor: Cursor, stream: str, first: int) -> None:
    at = cursor.get(stream)
    if at is not None and first <= at.offset:
        cursor[stream] = Position(at.epoch, first - 1)

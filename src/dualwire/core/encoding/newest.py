"""What is computed of an event's text, once for all who need it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from ...types import Event

__all__ = ["Newest"]

T = TypeVar("T")


class Newest(Generic[T]):
    """Computes something of events, and remembers it of the newest one that was asked about.

    A fan-out asks about one event at a time, for each encoding that needs it.

    Args:
        compute: gets the event's text.
    """

    def __init__(self, compute: Callable[[bytes], T]) -> None:
        self._compute = compute
        self._known: tuple[Event, T] | None = None

    def of(self, body: Event) -> T:
        """What is computed of an event."""
        known = self._known
        if known is None or known[0] is not body:
            known = self._known = body, self._compute(body.payload)
        return known[1]

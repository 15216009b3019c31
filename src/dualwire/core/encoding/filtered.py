"""Encodings for those who want events of certain types only.

All who want the same in the same encoding share one :class:`Filtered`, so the hub looks at an
event's type once per group, and nothing is different for those who want everything.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from weakref import WeakValueDictionary

from ...codes import Code
from ...exceptions import ProtocolError
from ...types import Entry, Event, EventTypes, JSONObject, Loss, Position
from . import Encoding, Frame
from .json import event_type
from .newest import Newest

__all__ = ["Filtered", "Filters", "parse_types"]

MOST = 32
"""Types that one filter names."""

_TYPE = re.compile(r"[!-+\--~]{1,64}")
"""Visible ASCII but for the comma."""


def parse_types(text: str) -> EventTypes:
    """Read the types that somebody asks for: names, separated by commas; no text is all of them.

    Raises:
        ProtocolError: there are too many, or one is no name.
    """
    if not text:
        return frozenset()
    names = text.split(",", MOST)
    if len(names) > MOST or not all(map(_TYPE.fullmatch, names)):
        raise ProtocolError(
            f"types: expected at most {MOST} names of 1 to 64 visible characters, separated by "
            f"commas, got {text[:80]!r}"
        )
    return frozenset(names)


class Filtered(Encoding):
    """Another encoding, for events of some types; what is no event passes.

    Args:
        inner: the encoding.
        types: those that are wanted.
        type_of: reads an event's type.
    """

    def __init__(self, inner: Encoding, types: EventTypes, type_of: Newest[str | None]) -> None:
        self._inner = inner
        self._type_of = type_of
        self.types = types
        self.name = inner.name
        self.contiguous = inner.contiguous
        self.answered = inner.answered

    def wants(self, body: Event) -> bool:
        return self._type_of.of(body) in self.types

    def event(self, stream: str, entry: Entry) -> Frame:
        return self._inner.event(stream, entry)

    def other(self, stream: str, entry: Entry) -> Frame | None:
        return self._inner.other(stream, entry)

    def skip(self, stream: str, first: int, last: int) -> Frame | None:
        return self._inner.skip(stream, first, last)

    def lost(self, loss: Loss, positions: Mapping[str, Position]) -> Frame | None:
        return self._inner.lost(loss, positions)

    def direct(self, payload: bytes) -> Frame:
        return self._inner.direct(payload)

    def own(self, payload: bytes) -> Frame:
        return self._inner.own(payload)

    def opening(self) -> Frame | None:
        return self._inner.opening()

    def hello(self, fields: JSONObject) -> Frame | None:
        return self._inner.hello(fields)

    def ping(self, n: int, tails: Mapping[str, Position]) -> Frame | None:
        return self._inner.ping(n, tails)

    def bye(self, code: Code, retry_after: float | None) -> Frame | None:
        return self._inner.bye(code, retry_after)


class Filters:
    """Makes filtered encodings, one for all who want the same, kept while somebody does."""

    def __init__(self) -> None:
        self._type_of = Newest(event_type)
        self._made: WeakValueDictionary[tuple[Encoding, EventTypes], Filtered] = (
            WeakValueDictionary()
        )

    def of(self, encoding: Encoding, types: EventTypes) -> Encoding:
        """An encoding for events of some types; itself, if all are wanted."""
        if not types:
            return encoding
        key = encoding, types
        made = self._made.get(key)
        if made is None:
            made = self._made[key] = Filtered(encoding, types, self._type_of)
        return made

"""The cursor on its way to the server: in the URL as far as it fits there, else in a body."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from ..core.cursor import format_cursor
from ..core.encoding.json import encode_object
from ..types import Cursor, Position

__all__ = ["fits_url", "fitting", "to_text"]

URL = 2 * 1024
"""Bytes of an encoded cursor that every proxy takes in a URL."""

WEBSOCKET_URL = 6 * 1024
"""The same for a WebSocket, which can say it nowhere else: servers and proxies commonly take 8 KB
for the request line (nginx, the ``websockets`` package)."""


def to_text(cursor: Mapping[str, Position]) -> str:
    """A cursor as JSON text."""
    return encode_object(format_cursor(cursor)).decode()


def fits_url(cursor: Mapping[str, Position]) -> bool:
    """Whether a cursor may go into a URL as it is."""
    return len(quote(to_text(cursor), safe="")) < URL


def fitting(cursor: Cursor) -> Cursor:
    """As much of a cursor as fits into the URL of a WebSocket.

    The player's own stream and ``global`` come first: without them the server would not know where
    to go on. A room that is left out is read from where the player came in, and what the client
    had before is dropped as repeated, so leaving out costs bytes and loses nothing.
    """
    ordered = sorted(cursor.items(), key=lambda pair: pair[0].startswith("room:"))
    taken: Cursor = {}
    size = len(quote("{}", safe=""))
    for stream, position in ordered:
        # Each pair with its braces: one comma for two braces, so this is never too little.
        size += len(quote(to_text({stream: position}), safe=""))
        if size > WEBSOCKET_URL:
            break
        taken[stream] = position
    return taken

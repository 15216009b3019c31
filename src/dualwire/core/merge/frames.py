"""Frames from the server, read strictly: what is malformed is refused, what is unknown ignored."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

from ...exceptions import ProtocolError
from ...types import Cursor, JSONObject, player_stream
from ..cursor import parse_cursor

__all__ = [
    "EventFrame",
    "Frame",
    "HelloFrame",
    "LostFrame",
    "ReplyFrame",
    "ResetFrame",
    "SkipFrame",
    "SubscribedFrame",
    "UnsubscribedFrame",
    "read_frame",
]

_EPOCH = re.compile(r"[0-9a-f]{20}")
_LARGEST = 2**53 - 1
"""The largest integer that every JSON reader keeps exactly (RFC 8259, section 6)."""


class HelloFrame(NamedTuple):
    """Where a connection begins."""

    stream: str
    """The player's stream."""
    streams: Cursor


class EventFrame(NamedTuple):
    """The application's event."""

    stream: str
    offset: int
    event: JSONObject


class SubscribedFrame(NamedTuple):
    """The player came into a room."""

    stream: str
    offset: int
    room: str
    epoch: str
    start: int


class UnsubscribedFrame(NamedTuple):
    """The player left a room."""

    stream: str
    offset: int
    room: str
    epoch: str
    until: int


class ReplyFrame(NamedTuple):
    """A command's outcome; outside all streams when ``offset`` is 0."""

    stream: str
    offset: int
    id: str
    outcome: str
    body: JSONObject | None
    reason: str | None


class SkipFrame(NamedTuple):
    """Offsets that are not for this player."""

    stream: str
    offset: int
    last: int


class LostFrame(NamedTuple):
    """Offsets that this connection cannot give."""

    stream: str
    first: int
    last: int
    reason: str
    streams: Cursor | None


class ResetFrame(NamedTuple):
    """The stream's log began anew."""

    stream: str
    epoch: str
    offset: int
    reason: str
    streams: Cursor | None


Frame: TypeAlias = (
    HelloFrame
    | EventFrame
    | SubscribedFrame
    | UnsubscribedFrame
    | ReplyFrame
    | SkipFrame
    | LostFrame
    | ResetFrame
)


def read_frame(frame: JSONObject) -> Frame | None:
    """Read a frame.

    Returns:
        The frame, or ``None`` where a receiver has nothing to do with it: ``ping``, ``warning``,
        ``bye``, and every type that it does not know.

    Raises:
        ProtocolError: it is not what its type says.
    """
    read = _READERS.get(_text(frame, "type"))
    return None if read is None else read(frame)


def _hello(frame: JSONObject) -> HelloFrame:
    stream = player_stream(_text(frame, "player"))
    streams = parse_cursor(frame.get("streams"))
    if stream not in streams:
        raise ProtocolError(f"hello: streams names the player's own stream; {stream!r} is missing")
    return HelloFrame(stream, streams)


def _event(frame: JSONObject) -> EventFrame:
    stream, offset, event = frame.get("stream"), frame.get("offset"), frame.get("event")
    # Nearly every frame is one of these, and is read without a call for each of its fields.
    if (
        type(stream) is str
        and type(event) is dict
        and type(offset) is int
        and 0 < offset <= _LARGEST
    ):
        return EventFrame(stream, offset, event)
    return EventFrame(_text(frame, "stream"), _number(frame, "offset"), _object(frame, "event"))


def _subscribed(frame: JSONObject) -> SubscribedFrame:
    return SubscribedFrame(*_entry(frame), *_room(frame), _number(frame, "from", 0))


def _unsubscribed(frame: JSONObject) -> UnsubscribedFrame:
    return UnsubscribedFrame(*_entry(frame), *_room(frame), _number(frame, "until", 0))


def _reply(frame: JSONObject) -> ReplyFrame:
    stream, offset = ("", 0) if "offset" not in frame else _entry(frame)
    body = None if frame.get("body") is None else _object(frame, "body")
    reason = None if frame.get("reason") is None else _text(frame, "reason")
    return ReplyFrame(stream, offset, _text(frame, "id"), _text(frame, "outcome"), body, reason)


def _skip(frame: JSONObject) -> SkipFrame:
    return SkipFrame(_text(frame, "stream"), *_range(frame))


def _lost(frame: JSONObject) -> LostFrame:
    stream, reason = _text(frame, "stream"), _text(frame, "reason")
    return LostFrame(stream, *_range(frame), reason, _streams(frame, stream))


def _reset(frame: JSONObject) -> ResetFrame:
    stream, reason = _text(frame, "stream"), _text(frame, "reason")
    offset = _number(frame, "offset", 0)
    return ResetFrame(stream, _epoch(frame), offset, reason, _streams(frame, stream))


_READERS: dict[str, Callable[[JSONObject], Frame]] = {
    "hello": _hello,
    "event": _event,
    "subscribed": _subscribed,
    "unsubscribed": _unsubscribed,
    "reply": _reply,
    "skip": _skip,
    "lost": _lost,
    "reset": _reset,
}


def _entry(frame: JSONObject) -> tuple[str, int]:
    return _text(frame, "stream"), _number(frame, "offset")


def _room(frame: JSONObject) -> tuple[str, str]:
    return _text(frame, "room"), _epoch(frame)


def _range(frame: JSONObject) -> tuple[int, int]:
    first, last = _number(frame, "from"), _number(frame, "to")
    if last < first:
        raise _wrong(frame, "to", f"a number from {first} (its `from`)")
    return first, last


def _streams(frame: JSONObject, stream: str) -> Cursor | None:
    value = frame.get("streams")
    if value is None:
        return None
    streams = parse_cursor(value)
    if stream not in streams:
        raise _wrong(frame, "streams", f"a cursor that names {stream!r}")
    return streams


def _text(frame: JSONObject, key: str) -> str:
    value = frame.get(key)
    if type(value) is not str:
        raise _wrong(frame, key, "text")
    return value


def _number(frame: JSONObject, key: str, least: int = 1) -> int:
    value = frame.get(key)
    if type(value) is not int or not least <= value <= _LARGEST:
        raise _wrong(frame, key, f"a number from {least} to {_LARGEST}")
    return value


def _epoch(frame: JSONObject) -> str:
    value = _text(frame, "epoch")
    if not _EPOCH.fullmatch(value):
        raise _wrong(frame, "epoch", "20 hexadecimal digits")
    return value


def _object(frame: JSONObject, key: str) -> JSONObject:
    value = frame.get(key)
    if type(value) is not dict:
        raise _wrong(frame, key, "an object")
    return value


def _wrong(frame: JSONObject, key: str, expected: str) -> ProtocolError:
    got: Any = frame.get(key)
    kind = str(frame.get("type"))[:40]
    return ProtocolError(f"{kind} frame: {key}: expected {expected}, got {repr(got)[:80]}")

"""JSON, strictly: objects in, objects out, one spelling."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from ...exceptions import EventError, ProtocolError
from ...types import JSONObject

__all__ = ["decode_message", "decode_object", "encode_object", "event_type"]

DEEPEST = 64
"""Objects and lists inside each other that a peer may send. Thousands of them would take the whole
stack to read, and leave none for what runs meanwhile.
"""

_TEXT = re.compile(rb'"(?:[^"\\]|\\.)*"?', re.DOTALL)
_BRACKET = re.compile(rb"[\[{\]}]")

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder()


class _Typed(msgspec.Struct):
    event_type: Any = None
    type: Any = None


_typed = msgspec.json.Decoder(_Typed)


def encode_object(event: Mapping[str, Any]) -> bytes:
    """Write an event as compact JSON text in UTF-8, without line breaks.

    UUIDs, dates and dataclasses are written as JSON has them.

    Raises:
        EventError: it is no mapping, or something in it cannot be written.
    """
    if not isinstance(event, Mapping):
        raise EventError("it is no dict", event)
    try:
        return _encoder.encode(event if type(event) is dict else dict(event))
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise EventError(str(error), event) from error


def decode_object(payload: bytes) -> JSONObject:
    """Read back what :func:`encode_object` wrote."""
    value = _decoder.decode(payload)
    assert isinstance(value, dict)
    return value


def event_type(payload: bytes) -> str | None:
    """The type of an event that :func:`encode_object` wrote: its ``event_type``, else its ``type``.

    Returns:
        ``None`` for an event that has neither, as text.
    """
    typed = _typed.decode(payload)
    kind = typed.type if typed.event_type is None else typed.event_type
    return kind if isinstance(kind, str) else None


def decode_message(text: str | bytes, deepest: int | None = DEEPEST) -> JSONObject:
    """Read what a peer sent.

    Args:
        text: as it came.
        deepest: objects and lists inside each other; ``None`` where the peer is trusted.

    Raises:
        ProtocolError: it is not one JSON object, or one with too many inside each other.
    """
    try:
        if deepest is not None:
            _check_depth(text, deepest)
        value = _decoder.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise ProtocolError("Invalid JSON format") from error
    if not isinstance(value, dict):
        raise ProtocolError(f"Invalid JSON format: expected an object, got {type(value).__name__}")
    return value


def _check_depth(text: str | bytes, deepest: int) -> None:
    """See that reading a text needs little of the stack."""
    raw = text.encode() if isinstance(text, str) else text
    # Nearly every message ends here.
    if raw.count(b"[") + raw.count(b"{") <= deepest:
        return
    depth = 0
    for bracket in _BRACKET.findall(_TEXT.sub(b"", raw)):
        depth += 1 if bracket in b"[{" else -1
        if depth > deepest:
            raise ProtocolError(
                f"Invalid JSON format: at most {deepest} objects and lists inside each other"
            )

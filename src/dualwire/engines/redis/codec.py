"""How bodies are written in a log and told on a channel.

===================================  ==============================================
text                                 body
===================================  ==============================================
``ePAYLOAD``                         an event that says nothing but its payload
``E{"exclude":…,"confirm":…}⏎PAYLOAD``  any other event
``sEPOCH OFFSET STREAM``             ``Subscribed``
``uEPOCH OFFSET EPOCH OFFSET STREAM``   ``Unsubscribed``: start, until
``xCODE FLUSH SESSION``              ``SessionEnded``; ``FLUSH`` is 0 or 1
``r{…}``                             ``Reply``
===================================  ==============================================

Scripts write ``u`` and ``x`` themselves, so these are plain words. A log keeps ``AT BODY``, a
channel tells ``EPOCH OFFSET AT BODY``; ``AT`` is in milliseconds of the engine's clock.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from ...core.stream import size_of
from ...exceptions import EngineError
from ...types import (
    Body,
    Entry,
    Event,
    Position,
    Reply,
    SessionEnded,
    Subscribed,
    Unsubscribed,
)

__all__ = [
    "Told",
    "decode",
    "encode",
    "entry_of",
    "parse_position",
    "parse_stored",
    "parse_told",
    "position",
]


class _Terms(msgspec.Struct, omit_defaults=True):
    exclude: tuple[str, ...] = ()
    confirm: bool = False


class Told(NamedTuple):
    """One message of a channel, its body not decoded yet: most of them are known already."""

    epoch: str
    offset: int
    """0 for the news that the log began a new life."""
    at: int
    body: bytes


_terms = msgspec.json.Decoder(_Terms)
_reply = msgspec.json.Decoder(dict[str, Any])


def encode(body: Body) -> bytes:
    """A body as it is stored."""
    match body:
        case Event():
            if not body.exclude and not body.confirm:
                return b"e" + body.payload
            terms = msgspec.json.encode(_Terms(tuple(sorted(body.exclude)), body.confirm))
            return b"E" + terms + b"\n" + body.payload
        case Subscribed():
            return b"s%b %b" % (position(body.position), body.stream.encode())
        case Unsubscribed():
            return b"u%b %b %b" % (
                position(body.start),
                position(body.until),
                body.stream.encode(),
            )
        case SessionEnded():
            return b"x%d %d %b" % (body.code, body.flush, body.session_id.encode())
        case Reply():
            fields = {"id": body.command_id, "outcome": body.outcome, "body": body.body}
            return b"r" + msgspec.json.encode({**fields, "reason": body.reason})


def decode(text: bytes) -> Body:
    """The inverse of :func:`encode`.

    Raises:
        EngineError: another release wrote it, and this one cannot read it.
    """
    rest = text[1:]
    match text[:1]:
        case b"e":
            return Event(payload=rest)
        case b"E":
            head, _, payload = rest.partition(b"\n")
            terms = _terms.decode(head)
            return Event(payload=payload, exclude=frozenset(terms.exclude), confirm=terms.confirm)
        case b"s":
            epoch, offset, stream = rest.decode().split(" ", 2)
            return Subscribed(stream=stream, position=Position(epoch, int(offset)))
        case b"u":
            since, start, epoch, offset, stream = rest.decode().split(" ", 4)
            return Unsubscribed(
                stream=stream,
                start=Position(since, int(start)),
                until=Position(epoch, int(offset)),
            )
        case b"x":
            code, flush, session_id = rest.decode().split(" ", 2)
            return SessionEnded(session_id=session_id, code=int(code), flush=flush == "1")
        case b"r":
            return _decode_reply(_reply.decode(rest))
        case kind:
            raise EngineError("read", f"an entry of the unknown kind {kind!r}; is a node older?")


def _decode_reply(fields: Mapping[str, Any]) -> Reply:
    return Reply(
        command_id=fields["id"],
        outcome=fields["outcome"],
        body=fields.get("body"),
        reason=fields.get("reason", ""),
    )


def position(at: Position) -> bytes:
    """A position as two words."""
    return b"%b %d" % (at.epoch.encode(), at.offset)


def parse_position(text: bytes) -> Position:
    """The inverse of :func:`position`."""
    epoch, _, offset = text.decode().partition(" ")
    return Position(epoch, int(offset))


def parse_told(message: bytes) -> Told:
    """Take a message of a channel apart."""
    epoch, offset, at, body = message.split(b" ", 3)
    return Told(epoch.decode(), int(offset), int(at), body)


def parse_stored(item: bytes) -> tuple[int, bytes]:
    """Take an item of a log apart: its time in milliseconds, and its body."""
    at, _, body = item.partition(b" ")
    return int(at), body


def entry_of(offset: int, item: bytes, local: Callable[[int], float]) -> Entry:
    """An item of a log as an entry.

    Args:
        offset: its offset.
        item: what the log keeps.
        local: milliseconds of the engine's clock in seconds of this node's clock.
    """
    at, raw = parse_stored(item)
    body = decode(raw)
    return Entry(offset, body, local(at), size_of(body))

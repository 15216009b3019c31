"""The ``dualwire.v1`` encoding: every offset accounted for, so that a client can merge.

The frames are those of ``spec/protocol.md``, section 3. Nothing in an entry's frame depends on the
connection, so its bytes are shared by all.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping

from ...codes import Code
from ...types import (
    Entry,
    Event,
    JSONObject,
    Loss,
    Position,
    Reply,
    Subscribed,
    Unsubscribed,
)
from ..cursor import format_cursor
from . import Encoding, Frame
from .eventstream import message
from .json import encode_object
from .newest import Newest

__all__ = ["V1EventStream", "V1Text"]


class _V1(Encoding):
    """What both transports share.

    Args:
        digests: event frames carry the digest of the event's raw text, which comes from here;
            ``None`` for none.
    """

    name = "dualwire.v1"
    contiguous = True
    answered = True

    def __init__(self, digests: Newest[bytes] | None = None) -> None:
        self._digests = digests

    @abstractmethod
    def _frame(self, n: int, text: bytes) -> Frame:
        """Wrap one frame's JSON text for the transport."""

    def event(self, stream: str, entry: Entry) -> Frame:
        body = entry.body
        assert type(body) is Event
        payload = body.payload
        head = b'{"type":"event","stream":%b,"offset":%d,' % (_quoted(stream), entry.offset)
        if body.confirm:
            head += b'"confirm":true,'
        if self._digests is not None:
            head += b'"digest":"%b",' % self._digests.of(body)
        # ``event`` is the last key, so that the digest's raw text is easy to find.
        return self._frame(entry.n, b'%b"event":%b}' % (head, payload))

    def other(self, stream: str, entry: Entry) -> Frame | None:
        body = entry.body
        fields: JSONObject = {"type": "", "stream": stream, "offset": entry.offset}
        if isinstance(body, Subscribed):
            fields |= {"type": "subscribed", "room": body.stream}
            fields |= {"epoch": body.position.epoch, "from": body.position.offset}
        elif isinstance(body, Unsubscribed):
            fields |= {"type": "unsubscribed", "room": body.stream, "epoch": body.start.epoch}
            fields |= {"from": body.start.offset, "until": body.until.offset}
        elif isinstance(body, Reply):
            fields |= body.fields()
        else:
            return self.skip(stream, entry.offset, entry.offset)
        return self._frame(entry.n, encode_object(fields))

    def skip(self, stream: str, first: int, last: int) -> Frame | None:
        fields = {"type": "skip", "stream": stream, "from": first, "to": last}
        return self._frame(0, encode_object(fields))

    def lost(self, loss: Loss, positions: Mapping[str, Position]) -> Frame | None:
        if loss.reason == "epoch":
            position = positions[loss.stream]
            fields: JSONObject = {"type": "reset", "stream": loss.stream, "epoch": position.epoch}
            fields |= {"offset": position.offset, "reason": loss.reason}
        else:
            fields = {"type": "lost", "stream": loss.stream, "from": loss.first, "to": loss.last}
            fields |= {"reason": loss.reason}
        if loss.stream.startswith("player:"):
            fields["streams"] = format_cursor(positions)
        return self._frame(0, encode_object(fields))

    def direct(self, payload: bytes) -> Frame:
        return self._frame(0, b'{"type":"direct","event":%b}' % payload)

    def own(self, payload: bytes) -> Frame:
        return self._frame(0, payload)

    def hello(self, fields: JSONObject) -> Frame | None:
        hello = {"type": "hello", "protocol": self.name, **fields}
        return self._frame(0, encode_object(hello))

    def ping(self, n: int, tails: Mapping[str, Position]) -> Frame | None:
        return self._frame(0, encode_object({"type": "ping", "n": n, "tails": dict(tails)}))

    def bye(self, code: Code, retry_after: float | None) -> Frame | None:
        return self._frame(0, encode_object({"type": "bye", **code.fields(retry_after)}))


class V1Text(_V1):
    """``dualwire.v1`` over a WebSocket whose server frames text itself (ASGI)."""

    def _frame(self, n: int, text: bytes) -> Frame:
        return Frame(n, text.decode())

    def opening(self) -> Frame | None:
        return None


class V1EventStream(_V1):
    """``dualwire.v1`` over SSE: each frame is the data of one unnamed message."""

    def _frame(self, n: int, text: bytes) -> Frame:
        return Frame(n, b"data: %b\n\n" % text)

    def opening(self) -> Frame | None:
        return Frame(0, message(b"", retry=1000, comment=b"dualwire"))


def _quoted(text: str) -> bytes:
    return _QUOTED.get(text) or _remember(text)


def _remember(text: str) -> bytes:
    """Stream names repeat with every event; their JSON text is worth keeping, within a bound."""
    if len(_QUOTED) >= 4096:
        _QUOTED.clear()
    quoted = _QUOTED[text] = encode_object({"": text})[4:-1]
    return quoted


_QUOTED: dict[str, bytes] = {}

"""Every encoding that connections are written in, each made once."""

from __future__ import annotations

from ..core.encoding import Encoding
from ..core.encoding.digests import digest_of
from ..core.encoding.newest import Newest
from ..core.encoding.plain import PlainEventStream, PlainText
from ..core.encoding.v1 import V1EventStream, V1Text
from ..core.encoding.wrapped import Wrapped, http_chunk, websocket_ping, websocket_text
from ..types import ConnectionType
from .terms import ProtocolName, Terms

__all__ = ["Encodings"]


class Encodings:
    """Chooses encodings.

    Args:
        node_id: part of the event ids of plain SSE.
    """

    def __init__(self, node_id: str) -> None:
        self._made: dict[tuple[ConnectionType, ProtocolName, bool, bool], Encoding] = {}
        plain: dict[ConnectionType, Encoding] = {
            "websocket": PlainText(),
            "sse": PlainEventStream(node_id),
        }
        # Once per event, whatever it is carried by.
        shared = Newest(digest_of)
        for digest in (False, True):
            digests = shared if digest else None
            v1: dict[ConnectionType, Encoding] = {
                "websocket": V1Text(digests),
                "sse": V1EventStream(digests),
            }
            for kind, encoding in plain.items():
                ping = websocket_ping() if kind == "websocket" else None
                self._made[kind, "plain", digest, False] = encoding
                self._made[kind, "plain", digest, True] = _wrapped(kind, encoding, ping)
            for kind, encoding in v1.items():
                self._made[kind, "dualwire.v1", digest, False] = encoding
                self._made[kind, "dualwire.v1", digest, True] = _wrapped(kind, encoding, None)

    def choose(self, kind: ConnectionType, terms: Terms, *, direct: bool) -> Encoding:
        """The encoding of a connection.

        Args:
            kind: its type.
            terms: what its client asks for.
            direct: whether it is written to a socket that is ours, so that the framing of its
                protocol is part of the encoding.
        """
        digest = terms.digest and terms.protocol != "plain"
        return self._made[kind, terms.protocol, digest, direct]


def _wrapped(kind: ConnectionType, inner: Encoding, ping: bytes | None) -> Encoding:
    return Wrapped(inner, websocket_text if kind == "websocket" else http_chunk, ping=ping)

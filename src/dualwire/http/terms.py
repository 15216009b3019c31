"""How a client wants its connection, read from what opens it."""

from __future__ import annotations

from starlette.requests import HTTPConnection

from ..config import Limits
from ..core.cursor import parse_cursor
from ..core.encoding.filtered import parse_types
from ..core.encoding.json import decode_message
from ..exceptions import MessageTooBigError, ProtocolError
from ..manager.terms import ProtocolName, Terms
from ..types import Identity

__all__ = ["read_terms"]


def read_terms(
    connection: HTTPConnection, identity: Identity, limits: Limits, address: str | None = None
) -> Terms:
    """Read ``protocol``, ``cursor``, ``digest``, ``types``, ``twins`` and the last event's id.

    Args:
        connection: an SSE request or an opening WebSocket.
        identity: who it is from.
        limits: how large a cursor may be.
        address: where it comes from, as far as limits go.

    Raises:
        ProtocolError: one of them is not what it can be.
        MessageTooBigError: the cursor is larger than a message may be.
    """
    query = connection.query_params
    twins = query.get("twins", "all")
    if twins not in ("all", "standby"):
        raise ProtocolError(f"twins: expected 'all' or 'standby', got {twins[:40]!r}")
    digest = query.get("digest", "")
    if digest not in ("", "sha256"):
        raise ProtocolError(f"digest: expected 'sha256', got {digest[:40]!r}")
    cursor = query.get("cursor")
    if cursor is not None and len(cursor) > limits.message:
        raise MessageTooBigError(f"a cursor has at most {limits.message} bytes, got {len(cursor)}")
    return Terms(
        identity=identity,
        address=address,
        protocol=_protocol(connection),
        cursor=parse_cursor(decode_message(cursor)) if cursor else None,
        # A browser that comes back by itself uses its old address and a new header.
        last_event_id=connection.headers.get("last-event-id") or query.get("last_event_id"),
        types=parse_types(query.get("types", "")),
        standby=twins == "standby",
        digest=bool(digest),
    )


def _protocol(connection: HTTPConnection) -> ProtocolName:
    asked = connection.query_params.get("protocol")
    if asked is None:
        offered = connection.scope.get("subprotocols") or ()
        return "dualwire.v1" if "dualwire.v1" in offered else "plain"
    if asked == "plain":
        return "plain"
    if asked == "dualwire.v1":
        return "dualwire.v1"
    raise ProtocolError(f"protocol: expected 'plain' or 'dualwire.v1', got {asked[:40]!r}")

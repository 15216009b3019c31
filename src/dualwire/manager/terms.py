"""How a client wants its connection."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from ..types import Cursor, EventTypes, Identity

__all__ = ["ProtocolName", "Terms", "selected", "subprotocol_of"]

ProtocolName = Literal["plain", "dualwire.v1"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What is known of a client that connects, and how it wants to be written to."""

    identity: Identity | None = None
    """What its token said; its expiry ends the connection."""
    address: str | None = None
    """Where it comes from, for the cap per address; ``None`` not to count it."""
    protocol: ProtocolName = "plain"
    cursor: Cursor | None = None
    """What a client of ``dualwire.v1`` has seen: it goes on from there."""
    last_event_id: str | None = None
    """The ``Last-Event-ID`` of a plain SSE client: it goes on from there."""
    types: EventTypes = frozenset()
    """Types of events that it wants; empty for all. One choice per session (``dualwire.v1``), or
    per connection (``plain``)."""
    standby: bool = False
    """It asks that only one of its plain connections carries each event."""
    digest: bool = False
    """It wants a digest with each event (``dualwire.v1``)."""


def subprotocol_of(terms: Terms) -> str:
    """The WebSocket subprotocol that says how a connection is written to."""
    return "dualwire.v1" if terms.protocol == "dualwire.v1" else "dualwire.plain"


def selected(terms: Terms, offered: Collection[str]) -> str | None:
    """The subprotocol to select, if the client offered it. Never the one with the token."""
    name = subprotocol_of(terms)
    return name if name in offered else None

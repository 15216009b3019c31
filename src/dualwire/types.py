"""The words of the field as types: positions, entries, sessions, reports.

Everything here is a value: frozen, without behaviour, without knowledge of time or network.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeAlias
from uuid import UUID

__all__ = [
    "GLOBAL",
    "Body",
    "ConnectionMetadata",
    "ConnectionReport",
    "ConnectionType",
    "Credentials",
    "Cursor",
    "DeliveryReport",
    "Entry",
    "Event",
    "EventTypes",
    "Identity",
    "JSONObject",
    "Loss",
    "LossReason",
    "Membership",
    "Outcome",
    "Position",
    "Presence",
    "Reply",
    "SessionEnded",
    "Subscribed",
    "Unsubscribed",
    "player_id_of",
    "player_stream",
    "room_of",
    "room_stream",
]

ConnectionType: TypeAlias = Literal["websocket", "sse"]
JSONObject: TypeAlias = dict[str, Any]

EventTypes: TypeAlias = frozenset[str]
"""Types of events that somebody wants; empty for all, whatever their type."""

GLOBAL = "global"
"""The stream that every player's connections carry."""


def player_id_of(value: str | UUID) -> str:
    """The one spelling of a player's id, whatever the application keeps it as."""
    return value if type(value) is str else str(value)


def player_stream(player_id: str) -> str:
    """Name of the stream of what concerns one player."""
    return f"player:{player_id}"


def room_stream(room_id: str) -> str:
    """Name of the stream of what is said to a room."""
    return f"room:{room_id}"


def room_of(stream: str) -> str:
    """The room whose stream this is; the inverse of :func:`room_stream`."""
    return stream[5:]


class Position(NamedTuple):
    """A place in a stream: everything up to and including ``offset`` of ``epoch``.

    Epochs are text of one fixed width, so that the later one compares greater.
    """

    epoch: str
    offset: int


Cursor: TypeAlias = dict[str, Position]
"""What somebody has seen: the position in each of several streams."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What the application sent, as the JSON text that every connection shares."""

    payload: bytes
    exclude: frozenset[str] = frozenset()
    """Players who do not get it, now or on replay."""
    confirm: bool = False
    """Whether clients are asked to acknowledge it at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscribed:
    """The player entered a room; ``position`` is the room's tail, read before this was appended."""

    stream: str
    position: Position


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsubscribed:
    """The player left a room that it was in from ``start``, after what was said up to ``until``."""

    stream: str
    start: Position
    until: Position


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnded:
    """A session ended for all its connections, on whatever node they are."""

    session_id: str
    code: int
    flush: bool = True
    """Whether what waits in an outbox is still written (not after a revocation)."""


Outcome: TypeAlias = Literal["done", "refused", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What became of a command: an entry of the player's stream, in order with its effects."""

    command_id: str
    outcome: Outcome
    body: JSONObject | None = None
    """The application's answer, when it is done."""
    reason: str = ""
    """Why it was refused, or is unknown."""

    def fields(self) -> JSONObject:
        """What a frame says of it, beside its place in a stream."""
        fields: JSONObject = {"type": "reply", "id": self.command_id, "outcome": self.outcome}
        if self.outcome == "done":
            return {**fields, "body": self.body}
        return {**fields, "reason": self.reason}


Body: TypeAlias = Event | Subscribed | Unsubscribed | SessionEnded | Reply


@dataclass(slots=True, eq=False)
class Entry:
    """One numbered item of a stream's log."""

    offset: int
    body: Body
    at: float
    """When it was appended, in seconds of the engine's clock."""
    size: int
    """What it counts against the history's budget, in bytes."""
    n: int = 0
    """This node's number of it, in order of arrival over all streams; 0 before it arrived."""
    accepted: int = 0
    """Live connections of this node that took it into their outbox."""


@dataclass(frozen=True, slots=True)
class Membership:
    """A player is in a room, and sees what is said after ``start``."""

    stream: str
    start: Position


LossReason: TypeAlias = Literal["trimmed", "epoch"]


@dataclass(frozen=True, slots=True)
class Loss:
    """Offsets of a stream that history no longer holds, both ends included."""

    stream: str
    first: int
    last: int
    reason: LossReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a request brought along to prove who it is."""

    token: str | None = None
    ticket: str | None = None
    source: str = "none"
    """Where it was found: ``header``, ``subprotocol``, ``cookie``, ``query``, ``none``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who a peer is, as its authenticator found."""

    player_id: str
    name: str | None = None
    """What other players call it; ``None`` when the token does not say."""
    expires_at: float | None = None
    """Wall-clock seconds at which the proof expires; ``None`` for never."""
    token_id: str | None = None
    """The token's own id (``jti``), for revocation."""
    issued_at: float | None = None
    """Wall-clock seconds at which the proof was issued, so that one that is newer than a revocation
    of its player counts again; ``None`` when it does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """A player who is in the game: some connection lives, or did a moment ago."""

    player_id: str
    connected_at: float
    """Wall-clock seconds at which the player came."""
    connections: frozenset[str] = frozenset()
    """Ids of the connections that keep the player present; empty during grace."""
    info: Mapping[str, Any] = field(default_factory=dict)
    """What the application told about the player (``describe_player``)."""


@dataclass(frozen=True, slots=True)
class ConnectionMetadata:
    """One connection as the specification describes it. A snapshot: it does not change."""

    connection_id: str
    player_id: str
    connection_type: str
    """``"websocket"`` or ``"sse"``."""
    established_at: float
    """Wall-clock seconds."""
    last_seen: float
    """Wall-clock seconds of the last sign of life from the peer."""
    is_healthy: bool
    session_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionReport:
    """What became of one event on one connection."""

    connection_id: str
    connection_type: ConnectionType
    outcome: Literal["written", "queued", "failed", "filtered"]
    """*written*: handed to the network. *queued*: waits in the outbox or the log. *failed*: the
    connection ended before it was written. *filtered*: its client wants no events of this type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryReport:
    """What became of one event to one player. Truthy when some connection was written."""

    player_id: str
    position: Position
    """Where the event stands in the player's stream."""
    connections: tuple[ConnectionReport, ...] = ()
    acknowledged: bool = False
    """Whether a client said that its application has it."""
    reason: str = ""
    """Why it is not acknowledged, where that was asked for."""

    @property
    def written(self) -> int:
        """Connections that were written."""
        return sum(report.outcome == "written" for report in self.connections)

    @property
    def queued(self) -> int:
        """Connections where it still waits."""
        return sum(report.outcome == "queued" for report in self.connections)

    @property
    def failed(self) -> int:
        """Connections that ended before they were written."""
        return sum(report.outcome == "failed" for report in self.connections)

    def __bool__(self) -> bool:
        return self.written > 0

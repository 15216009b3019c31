"""What can be set, each option declared once, by its owner.

The command line, the environment variables and the table in the documentation are made from
these fields. Durations are float seconds, sizes are bytes, ``None`` means off.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Literal

from .exceptions import ConfigurationError

__all__ = ["Config", "Heartbeat", "HistoryPolicy", "Limits", "Rates", "SessionPolicy"]

KB = 1024
MB = 1024 * KB


def _positive(owner: object, *optional: str) -> None:
    for option in fields(owner):  # type: ignore[arg-type]
        value = getattr(owner, option.name)
        if value is None and option.name in optional:
            continue
        if isinstance(value, (int, float)) and not isinstance(value, bool) and not value > 0:
            raise ConfigurationError(option.name, "a number above 0", value)


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryPolicy:
    """How much of a stream is kept for those who come back. Whichever limit is met first."""

    room_age: float = 120.0
    """Seconds that an event of a room or of ``global`` is kept (the resume window)."""
    room_events: int = 10_000
    """Events that a room or ``global`` keeps."""
    room_bytes: int = 4 * MB
    """Bytes of events that a room or ``global`` keeps."""
    player_events: int = 300
    """Events that a player's own stream keeps. Centrifugo's default for a recoverable channel."""
    player_bytes: int = 256 * KB
    """Bytes of events that a player's own stream keeps."""
    budget: int = 256 * MB
    """For all streams of a node together; the longest idle stream gives way first."""

    def __post_init__(self) -> None:
        _positive(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPolicy:
    """How long a player who lost every connection stays, and can resume."""

    grace: float = 15.0
    """Seconds that a player without a connection is still present (Ably: 15 s)."""
    resume: float = 120.0
    """Seconds that a session without a connection can be resumed (Ably, Socket.IO: 120 s)."""
    retired: float = 24 * 3600.0
    """Seconds that a replaced session id is remembered and refused."""
    revoked: float = 30 * 24 * 3600.0
    """Seconds that a revocation is remembered where it does not say until when: at least as long as
    the longest of your tokens lives."""
    open_within: float = 10.0
    """Seconds within which the stream of a new SSE connection must be opened."""

    def __post_init__(self) -> None:
        _positive(self)
        if self.resume < self.grace:
            raise ConfigurationError("resume", f"at least grace ({self.grace} s)", self.resume)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """How a dead peer is told from a quiet one."""

    interval: float = 25.0
    """Seconds between pings: under the 60 s after which nginx and most balancers cut."""
    pong_timeout: float = 8.0
    """Seconds in which a pong must come (Centrifugo: 8 s)."""
    close_timeout: float = 2.0
    """Seconds that a peer has to answer a close before it is aborted."""
    degraded_after: float = 2.0
    """Seconds without write progress, with bytes waiting, after which a connection is degraded."""

    def __post_init__(self) -> None:
        _positive(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one peer can cost."""

    connections_per_type: int = 16
    """Per player and type: eight browser tabs of a client that opens two WebSockets each."""
    connections_per_player: int | None = 32
    """Per player, of whatever type."""
    connections_per_address: int | None = 2_000
    """Per address on one node, trusted networks excepted: a university behind one router."""
    connections_per_node: int | None = 50_000
    """On one node; files that the process may open bound it as well."""
    message: int = 64 * KB
    """Bytes of one inbound message or request body (Centrifugo: 64 KB)."""
    handshake: float = 10.0
    """Seconds for a handshake, authentication included."""
    outbox: int = 64 * KB
    """Bytes that wait for one live connection before it has to read from the log instead."""
    outbox_events: int = 256
    """The same bound as a count, for tiny events."""
    connection: int = 256 * KB
    """Bytes that may wait for one connection in all; answers to a peer that does not read are
    refused beyond it."""

    def __post_init__(self) -> None:
        _positive(self, "connections_per_player", "connections_per_address", "connections_per_node")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """How much one peer may do. A client is warned first, then refused with ``retry_after``, then
    closed with 4005."""

    websocket_commands: float | None = 20.0
    """Commands per second of one WebSocket (Evennia: 80 for all clients together)."""
    sse_commands: float | None = 20.0
    """Commands per second that a player sends by ``POST /api/send``, as a client whose WebSocket
    is blocked does."""
    player_commands: float | None = 40.0
    """Commands per second of one player, over all connections of this node."""
    websocket_bytes: float | None = 64.0 * KB
    """Bytes per second of one WebSocket, whatever they say; a message counts at least 64, and the
    largest message may always come after a rest."""
    sse_bytes: float | None = 64.0 * KB
    """Bytes per second that a player sends by ``POST /api/send``."""
    player_bytes: float | None = 128.0 * KB
    """Bytes per second of one player, over all connections of this node."""
    burst: float = 4.0
    """Seconds' worth of all these that may come at once, after a rest."""
    openings: float | None = 120.0
    """Connections of one type that a player may open per minute with a valid token, all at once if
    need be; tickets count the same."""
    failures: float | None = 60.0
    """Proofs per minute and address that may turn out worthless; valid ones never count. Beyond it
    such attempts are told to wait; at ten times as many nothing from there is looked at."""
    trusted: str = "127.0.0.0/8, ::1"
    """Networks from where attempts and openings are not limited, separated by commas. What players
    send is, wherever they are."""

    def __post_init__(self) -> None:
        optional = [option.name for option in fields(self) if option.name != "burst"]
        _positive(self, *optional)
        self.trusted_networks()

    def trusted_networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """``trusted``, read."""
        parts = (part.strip() for part in self.trusted.split(","))
        try:
            return tuple(ip_network(part) for part in parts if part)
        except ValueError as error:
            expected = f"networks such as '10.0.0.0/8', separated by commas ({error})"
            raise ConfigurationError("trusted", expected, self.trusted) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything that a node can be told."""

    history: HistoryPolicy = field(default_factory=HistoryPolicy)
    session: SessionPolicy = field(default_factory=SessionPolicy)
    heartbeat: Heartbeat = field(default_factory=Heartbeat)
    limits: Limits = field(default_factory=Limits)
    rates: Rates = field(default_factory=Rates)
    coalesce: float | None = 0.005
    """Seconds for which writes to a busy connection are joined; an idle one is written to at once.
    ``None`` writes in every turn of the loop."""
    drain_grace: float | None = 20.0
    """Seconds in which a node that stops asks its clients to connect elsewhere, before it ends what
    is left; where other nodes share the engine. ``None`` ends all at once."""
    plain_twins: Literal["all", "standby"] = "all"
    """Players with plain connections only: ``all`` of them carry every event, or one of them
    does and the others stand by."""

    def __post_init__(self) -> None:
        if self.coalesce is not None and not self.coalesce > 0:
            raise ConfigurationError("coalesce", "a number above 0, or None", self.coalesce)
        if self.drain_grace is not None and not self.drain_grace > 0:
            raise ConfigurationError("drain_grace", "a number above 0, or None", self.drain_grace)
        if self.plain_twins not in ("all", "standby"):
            raise ConfigurationError("plain_twins", "'all' or 'standby'", self.plain_twins)

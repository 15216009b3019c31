"""The port of what is stored: streams, sessions, presence, membership."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from ..codes import Code
from ..core.commands import CommandClaim
from ..core.presence import Transitions
from ..core.revocation import RevocationTable
from ..core.session import Claim
from ..core.stream import StreamLog
from ..types import (
    ConnectionType,
    Cursor,
    Entry,
    Event,
    EventTypes,
    Identity,
    Membership,
    Position,
    Presence,
    Reply,
)

__all__ = ["Engine", "History", "Published", "Renewed", "Sink", "Ticket", "ignore_renewal"]


Sink: TypeAlias = Callable[[str, Entry], None]
"""What an engine calls with (stream, entry): synchronous, in offset order, once per entry."""

Renewed: TypeAlias = Callable[[str], None]
"""What an engine calls with a followed stream whose log it put at hand, or replaced: synchronous;
the sink did not get the entries that are in the log now."""


def ignore_renewal(stream: str) -> None:
    """For those who follow nothing that can be replaced."""


@dataclass(frozen=True, slots=True)
class Published:
    """Where an event stands."""

    position: Position
    repeated: bool
    """Whether this publish id had been stored before, so that nothing was stored now."""


@dataclass(frozen=True, slots=True)
class History:
    """A part of a stream."""

    entries: tuple[Entry, ...]
    first: int
    """The oldest offset that is kept, one above ``position.offset`` when nothing is."""
    position: Position
    """The newest position of the stream."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """Permission to open one connection, once, soon."""

    player_id: str
    session_id: str
    connection_type: ConnectionType
    origin: str | None
    expires_at: float
    """Seconds of the engine's clock."""
    identity: Identity


class Engine(ABC):
    """Where streams, sessions, presence and membership live.

    Called by the node (sessions, presence, rooms) and by whoever publishes, from one event loop.
    Every method is atomic: it happens wholly or not at all, and two nodes that call at once are
    ordered one after the other.

    *Order.* An offset is given out once, before any fan-out. The sink gets the entries of a stream
    in offset order without gaps, each once, for every stream that is followed. ``publish``,
    ``enter`` and ``leave`` have called this node's sink before they return. Before the sink gets a
    ``Subscribed`` or an ``Unsubscribed``, the log of its room is at hand as far as that entry says.

    *Renewal.* Where the sink cannot go on without a gap - the log of a followed stream was fetched
    for the first time, began a new life (a larger epoch), or history no longer covers what this
    node missed - ``renewed`` is called instead, once the log and the memberships of a player's
    stream are at hand; the sink goes on after the log's newest entry.

    *Failure.* A method that cannot do its work raises :exc:`~dualwire.exceptions.EngineError`, and
    then nothing was stored, unless the text says that this is not known. A publish whose outcome is
    unknown is repeated with its publish id.

    *Cancellation.* A cancelled call may have taken effect.
    """

    durable: bool
    """Whether what is stored outlives this process, so that written positions are worth saving
    while connections live."""

    waits: bool = True
    """Whether a method may wait for something outside of this process."""

    @abstractmethod
    async def start(self, sink: Sink, renewed: Renewed = ignore_renewal) -> None:
        """Begin to work.

        Args:
            sink: gets every entry of followed streams from now on.
            renewed: is told of followed streams that the sink could not be given in full.
        """

    @abstractmethod
    async def stop(self) -> None:
        """Let go of everything. Idempotent."""

    def trouble(self) -> str | None:
        """Why the engine cannot do its work at present; ``None`` while it can."""
        return None

    # Streams

    @abstractmethod
    async def publish(
        self, stream: str, event: Event, *, publish_id: str | None = None
    ) -> Published:
        """Number an event and append it.

        Args:
            stream: where to.
            event: what.
            publish_id: a repeat of the same id on the same stream within 120 s returns the first
                position and stores nothing. ``None``: no two calls are the same.
        """

    @abstractmethod
    async def history(self, stream: str, after: int, limit: int) -> History:
        """At most ``limit`` kept entries above an offset, oldest first."""

    @abstractmethod
    def log(self, stream: str) -> StreamLog:
        """The node's own copy of a followed stream, as far as history goes; never waits.

        The caller reads only. A stream that is not followed, or not ready, may have an empty log.
        """

    @abstractmethod
    def follow(self, stream: str) -> None:
        """Let the sink have a stream's entries from now on. Returns at once; idempotent."""

    @abstractmethod
    def unfollow(self, stream: str) -> None:
        """The sink needs this stream no longer. Returns at once; idempotent.

        The log can be read for another ``room_age``, and the sink may get what comes meanwhile.
        """

    @abstractmethod
    async def ready(self, streams: Collection[str]) -> None:
        """Return when the logs of these followed streams are at hand, with their newest entries."""

    # Rooms

    @abstractmethod
    async def enter(self, player_id: str, room_id: str) -> bool:
        """Subscribe a player to a room: read the room's tail, then append ``Subscribed``.

        Returns:
            Whether that changed anything.
        """

    @abstractmethod
    async def leave(self, player_id: str, room_id: str) -> bool:
        """Unsubscribe a player from a room: read the room's tail, then append ``Unsubscribed``.

        Returns:
            Whether that changed anything.
        """

    @abstractmethod
    def rooms_of(self, player_id: str) -> Mapping[str, Membership]:
        """A followed player's memberships by stream, as of this node's copy of its stream."""

    @abstractmethod
    def members_of(self, room_id: str) -> frozenset[str]:
        """Players subscribed to a room, present or not; at most 1 s old."""

    @abstractmethod
    def members(self) -> Mapping[str, frozenset[str]]:
        """Players subscribed to each room, by room id, present or not; at most 1 s old."""

    # Sessions and presence

    @abstractmethod
    async def claim(
        self,
        player_id: str,
        session_id: str | None,
        fresh_id: str,
        types: EventTypes | None = None,
    ) -> Claim:
        """Claim a session for a connection that opens; see :mod:`dualwire.core.session`.

        A takeover appends ``SessionEnded`` for the replaced session to the player's stream.

        Args:
            player_id: the player.
            session_id: the id that the client gave, if any.
            fresh_id: the id to use where none was given and none is current.
            types: which events the session carries. Stored with it if nobody decided that yet;
                ``None`` decides nothing. ``Claim.types`` is what is stored then.
        """

    @abstractmethod
    async def end_session(
        self, player_id: str, code: Code, *, flush: bool, session_id: str | None = None
    ) -> str | None:
        """End the player's session now: logout, revocation.

        Appends ``SessionEnded``, retires the id, removes the player from all rooms and from
        presence.

        Args:
            player_id: whose.
            code: why.
            flush: whether what waits in outboxes is still written.
            session_id: which one; another one than the current is only retired. ``None``: the
                current one.

        Returns:
            The session that ended, ``None`` if there was none. The caller announces the departure
            if the player was present before.
        """

    @abstractmethod
    def session_of(self, player_id: str) -> str | None:
        """A followed player's current session, as this node knows it."""

    @abstractmethod
    async def attach(self, player_id: str, connection_id: str) -> bool:
        """A connection lives.

        Returns:
            Whether the player arrived by that; exactly one caller in the cluster gets true.
        """

    @abstractmethod
    async def detach(self, player_id: str, connection_id: str) -> None:
        """A connection ended; the last one starts the grace.

        It may be called while ``attach`` is under way: the end counts. It does not fail: an engine
        that is away learns it when it is back.
        """

    @abstractmethod
    async def describe(self, player_id: str, info: Mapping[str, Any]) -> bool:
        """Keep what the application tells about a present player.

        Returns:
            Whether the player is known.
        """

    @abstractmethod
    def presence_of(self, player_id: str) -> Presence | None:
        """A player's presence, ``None`` when not present; at most 1 s old."""

    @abstractmethod
    def presence(self) -> Mapping[str, Presence]:
        """Everybody who is present, by player; at most 1 s old."""

    @abstractmethod
    async def tick(self) -> Transitions:
        """Housekeeping, about once a second: expiry of grace, sessions, history, tickets.

        It does not fail: what cannot be looked at now is looked at when the engine is back.

        Returns:
            The transitions that this node has to announce; no other node gets them.
        """

    # Commands

    @abstractmethod
    async def claim_command(self, player_id: str, command_id: str, *, retry: bool) -> CommandClaim:
        """Claim a command before it runs; see :mod:`dualwire.core.commands`."""

    @abstractmethod
    async def finish_command(self, player_id: str, reply: Reply) -> bool:
        """Keep a command's reply and append it to the player's stream, in one step.

        Returns:
            Whether the command was claimed and had no reply yet; only then was it appended.
        """

    # What a player's plain connections were written

    @abstractmethod
    async def save_written(self, player_id: str, session_id: str, written: Cursor) -> None:
        """Advance the position up to which some connection of a session was written.

        Nothing happens if the session is not the player's current one: what an old session was
        written is not what its successor has.
        """

    @abstractmethod
    async def written(self, player_id: str) -> Cursor:
        """The saved position; empty for a session that nobody was written in."""

    # Tickets

    @abstractmethod
    async def put_ticket(self, secret: str, ticket: Ticket) -> None:
        """Keep a ticket until it is taken or expires."""

    @abstractmethod
    async def take_ticket(self, secret: str) -> Ticket | None:
        """Spend a ticket.

        Returns:
            The ticket the first time, within its life; ``None`` ever after.
        """

    # Attempts

    @abstractmethod
    async def attempt(self, key: str, amount: int, period: float) -> float:
        """Count an attempt, of all nodes together; see :mod:`dualwire.core.limits`.

        Args:
            key: what is tried, and by whom; always with the same amount and period.
            amount: so many are free, all at once if need be.
            period: in so many seconds.

        Returns:
            Seconds after which there is room for another one; 0 when there was room for this one,
            and only then it counts.
        """

    # Revocation

    @abstractmethod
    async def revoke(self, key: str, at: float, until: float) -> None:
        """Something is revoked; see :meth:`RevocationTable.add`. This node's table has it when this
        returns, that of every other within a second."""

    @property
    @abstractmethod
    def revoked(self) -> RevocationTable:
        """What is revoked, as this node knows it; never waits. The caller reads only."""

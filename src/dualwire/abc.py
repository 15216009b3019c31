"""The ports: what the runtime needs from the world, as contracts.

Each contract says who calls, when, what is atomic, what is ordered and what may fail. Each has a
conformance suite in :mod:`dualwire.testing` that every implementation passes: ``check_engine``,
``check_transport``, ``check_authenticator``, ``check_clock``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from .codes import Code
from .core.commands import CommandClaim
from .core.encoding import Encoding, Frame
from .core.presence import Transitions
from .core.session import Claim
from .core.stream import StreamLog
from .types import (
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

__all__ = [
    "Authenticator",
    "Clock",
    "Engine",
    "History",
    "Published",
    "Sink",
    "Ticket",
    "Transport",
    "TransportListener",
]


class Clock(ABC):
    """Time. The only place where the library learns what time it is."""

    @abstractmethod
    def now(self) -> float:
        """Monotonic seconds; never goes back. For durations and deadlines."""

    @abstractmethod
    def wall(self) -> float:
        """Seconds since 1970, UTC. For people, and for the expiry of tokens."""

    @abstractmethod
    async def sleep(self, seconds: float) -> None:
        """Return after ``seconds``; at once if that is not above 0."""


Sink: TypeAlias = Callable[[str, Entry], None]
"""What an engine calls with (stream, entry): synchronous, in offset order, once per entry."""


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
    ``enter`` and ``leave`` have called this node's sink before they return.

    *Failure.* A method that cannot do its work raises :exc:`~dualwire.exceptions.EngineError`, and
    then nothing was stored. A publish whose outcome is unknown is repeated with its publish id.

    *Cancellation.* A cancelled call may have taken effect.
    """

    durable: bool
    """Whether what is stored outlives this process, so that written positions are worth saving
    while connections live."""

    waits: bool = True
    """Whether a method may wait for something outside of this process."""

    @abstractmethod
    async def start(self, sink: Sink) -> None:
        """Begin to work; ``sink`` gets every entry of followed streams from now on."""

    @abstractmethod
    async def stop(self) -> None:
        """Let go of everything. Idempotent."""

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
        """The node's own copy of the newest entries of a followed stream; never waits.

        The caller reads only. An engine that keeps everything in the process returns the whole log;
        another one at least the newest entries, so that the last step of catching up waits for
        nothing.
        """

    @abstractmethod
    def follow(self, stream: str) -> None:
        """Let the sink have a stream's entries from now on. Returns at once; idempotent."""

    @abstractmethod
    def unfollow(self, stream: str) -> None:
        """The sink needs this stream no longer. Returns at once; idempotent."""

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
    async def end_session(self, player_id: str, code: Code, *, flush: bool) -> str | None:
        """End the player's session now: logout, revocation.

        Appends ``SessionEnded``, retires the id, removes the player from all rooms and from
        presence.

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
        """A connection ended; the last one starts the grace."""

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


class TransportListener(ABC):
    """What a transport tells: the runtime's side of a connection."""

    @abstractmethod
    def on_written(self) -> None:
        """Some of what waited was handed to the network; perhaps more fits now."""

    @abstractmethod
    def on_closed(self, code: Code) -> None:
        """The connection is gone, whoever ended it. Called exactly once, last."""


class Transport(ABC):
    """One WebSocket or SSE connection, as the hub writes to it.

    Called by the hub, from the event loop's thread. No method waits, and none raises for what the
    peer or the network did: a transport that breaks calls ``on_closed`` and drops what comes after.
    """

    connection_type: ConnectionType
    encoding: Encoding
    """What frames must be encoded as; the hub encodes once for all transports that share one."""

    @abstractmethod
    def start(self, listener: TransportListener) -> None:
        """Begin to write. Called once, before anything else."""

    @abstractmethod
    def write(self, frames: Sequence[Frame]) -> None:
        """Take over frames, to be written in order after those taken before."""

    @property
    @abstractmethod
    def buffered(self) -> int:
        """Bytes taken over and not yet handed to the network; after a break, what it left
        unwritten."""

    @property
    @abstractmethod
    def written_n(self) -> int:
        """The node's number of the newest event that was handed to the network."""

    @property
    @abstractmethod
    def alive(self) -> bool:
        """Whether there is a peer, as far as the transport knows; false from ``on_closed`` on."""

    @abstractmethod
    def discard(self) -> list[Frame]:
        """Give back the frames that were not handed to the network yet; they are not written."""

    @abstractmethod
    def close(self, code: Code, retry_after: float | None = None) -> None:
        """Write what waits, say goodbye with the code, then close. Idempotent."""

    @abstractmethod
    def abort(self) -> None:
        """End at once, without goodbye. Idempotent."""


class Authenticator(ABC):
    """Who a token belongs to.

    Called once for every request and every opening connection, before anything else is looked at.
    """

    waits: bool = True
    """Whether :meth:`authenticate` may wait for something (a network, a file, a thread). One that
    never does says ``False``, in the class that has the method: it is asked without a task and a
    deadline of its own."""

    @abstractmethod
    async def authenticate(self, token: str) -> Identity:
        """Verify a token.

        Raises:
            AuthenticationError: the token proves nothing (any more). The message names the reason
                and never the token.
            EngineError: that cannot be found out now; the peer may try again.
        """

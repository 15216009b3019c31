"""One connection as the runtime sees it: where it is in its life, and what waits for it."""

from __future__ import annotations

from asyncio import Future
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..abc import Transport, TransportListener
from ..codes import Code
from ..core.encoding import Encoding, Frame
from ..core.health import Verdict, Vitals
from ..core.lifecycle import State, Step, advance
from ..core.reading import Place
from ..types import ConnectionType, Identity, JSONObject

if TYPE_CHECKING:
    from .audience import LocalPlayer
    from .group import Group
    from .pacing import Flow

__all__ = ["Connection"]


class Connection(TransportListener):
    """One WebSocket or SSE connection of a player on this node.

    Args:
        connection_id: its id.
        player: whose it is.
        session_id: the session that it belongs to.
        encoding: how it is written to.
        connection_type: ``websocket`` or ``sse``.
        identity: who the peer is.
        now: monotonic seconds.
        wall: wall-clock seconds.
        standby_wanted: the client asks that its plain connections do not all carry every event.
        address: where it comes from; ``None`` for a place that is not limited.
    """

    __slots__ = (
        "_on_ended",
        "_on_progress",
        "_pinged_at",
        "_start",
        "address",
        "closed_with",
        "commands",
        "connection_type",
        "deadline",
        "dirty",
        "encoding",
        "established_at",
        "flow",
        "flushed_at",
        "hello",
        "id",
        "identity",
        "next_ping",
        "on_room",
        "outbox",
        "outbox_size",
        "owed_from",
        "owing",
        "pings",
        "place",
        "player",
        "pong_due",
        "progress_at",
        "round_trip",
        "seen_at",
        "session_id",
        "socket",
        "standby_wanted",
        "state",
        "transport",
        "verdict",
        "waiters",
    )

    def __init__(  # noqa: PLR0915 - a line for each of its fields
        self,
        connection_id: str,
        player: LocalPlayer,
        session_id: str,
        encoding: Encoding,
        connection_type: ConnectionType,
        identity: Identity,
        *,
        now: float,
        wall: float,
        standby_wanted: bool = False,
        address: str | None = None,
    ) -> None:
        self.id = connection_id
        self.player = player
        self.session_id = session_id
        self.encoding = encoding
        self.connection_type: ConnectionType = connection_type
        self.identity = identity
        self.address = address
        """Where it comes from; ``None`` for a place that is not limited."""
        self.established_at = wall
        self.seen_at = now
        """Monotonic seconds of the last sign of life from the peer."""
        self.progress_at = now
        """Monotonic seconds at which the network last took bytes, or none waited."""
        self.standby_wanted = standby_wanted
        self.socket: object | None = None
        """The application's own object for it, a WebSocket for example."""
        self.state = State.RESERVED
        self.transport: Transport | None = None
        self._start: tuple[Any, ...] | None = None
        self.place: Place | None = None
        """Where it stands while it is not live; a live one stands where the hub stands."""
        self.outbox: list[Frame] = []
        self.outbox_size = 0
        self.owing: Group | None = None
        """The group that keeps what it is owed behind its outbox."""
        self.owed_from = 0
        """Number of the first frame that it is owed by that group."""
        self.dirty = False
        self.flushed_at = 0.0
        """Seconds of the event loop at which its outbox was last flushed."""
        self.verdict: Verdict = "healthy"
        self.deadline: float | None = None
        """Monotonic seconds at which a reserved or closing connection is given up."""
        self.next_ping = 0.0
        self.flow: Flow | None = None
        """How fast its client talks; ``None`` before the first word."""
        self.commands = 0
        """Commands that it sent and that are not done."""
        self.on_room: Callable[[], None] | None = None
        """Called when it may send commands again after it sent too many."""
        self.pings = 0
        """Pings sent."""
        self.pong_due: float | None = None
        """Monotonic seconds until which a sign of life must come; ``None`` while none is due."""
        self.round_trip: float | None = None
        """Seconds from a ping to its pong; ``None`` before the first pong."""
        self._pinged_at: float | None = None
        self.hello: JSONObject | None = None
        """What it is told about itself when it opens, if its encoding says so."""
        self.closed_with: Code | None = None
        self.waiters: list[tuple[int, Future[bool]]] | None = None
        """Those who wait for an event to be written; ``None`` for nobody."""
        self._on_progress: Callable[[Connection], None] | None = None
        self._on_ended: Callable[[Connection, Code], None] | None = None

    def __repr__(self) -> str:
        return f"<{self.connection_type} {self.id} of {self.player.id}, {self.state.value}>"

    @property
    def start(self) -> Place | None:
        """Where it was when it began to be given events; a copy."""
        flat = self._start
        return None if flat is None else Place(dict(zip(flat[::2], flat[1::2], strict=True)))

    @start.setter
    def start(self, place: Place) -> None:
        # Kept as long as the connection, and rarely asked for: a quarter of a place's size.
        self._start = tuple([each for pair in place.positions.items() for each in pair])

    @property
    def carries(self) -> bool:
        """Whether it is given the player's events (now, or once it has caught up)."""
        return self.state in (State.LIVE, State.READING)

    @property
    def ended(self) -> bool:
        """Whether it is closing or closed."""
        return self.state in (State.CLOSING, State.CLOSED)

    @property
    def waiting(self) -> int:
        """Bytes given to it that the network has not taken."""
        waiting = self.outbox_size + (self.transport.buffered if self.transport else 0)
        if self.owing is not None and self.owed_from != self.owing.end:
            waiting += sum([frame.size for frame in self.owing.since(self.owed_from)])
        return waiting

    @property
    def written_n(self) -> int:
        """The node's number of the newest event that the network took; 0 for none."""
        return self.transport.written_n if self.transport else 0

    def heard(self, now: float) -> None:
        """The peer gave a sign of life."""
        self.seen_at = now
        self.pong_due = None

    def pinged(self, now: float, pong_due: float | None) -> None:
        """A ping was sent.

        Args:
            now: monotonic seconds.
            pong_due: until when a sign of life must come; ``None`` if the server's own pings tell.
        """
        self._pinged_at = now
        if self.pong_due is None:
            self.pong_due = pong_due

    def ponged(self, n: int, now: float) -> float | None:
        """The peer answered a ping.

        Returns:
            Seconds of the round trip, measured by the first answer to the newest ping only.
        """
        self.heard(now)
        if n != self.pings or self._pinged_at is None:
            return None
        self.round_trip, self._pinged_at = now - self._pinged_at, None
        return self.round_trip

    def step(self, step: Step) -> None:
        """Move on in its life, as the table of :mod:`dualwire.core.lifecycle` allows."""
        self.state = advance(self.state, step)

    def connect(
        self,
        transport: Transport,
        on_progress: Callable[[Connection], None],
        on_ended: Callable[[Connection, Code], None],
    ) -> None:
        """Give it its transport.

        Args:
            transport: not started yet.
            on_progress: called when the network took bytes.
            on_ended: called once, when the transport is gone.
        """
        self.transport = transport
        self._on_progress = on_progress
        self._on_ended = on_ended
        transport.start(self)

    def push(self, frame: Frame) -> None:
        """Put one frame into the outbox; the hub flushes."""
        if self.owing is not None:
            self.collect()
        self.outbox.append(frame)
        self.outbox_size += frame.size

    def collect(self) -> None:
        """Put what it is owed into the outbox, so that what comes next stands behind."""
        owing = self.owing
        if owing is not None and self.owed_from != owing.end:
            frames = owing.since(self.owed_from)
            self.outbox += frames
            self.outbox_size += sum([frame.size for frame in frames])
            self.owed_from = owing.end

    def flush(self) -> int:
        """Hand what waits to the transport.

        Returns:
            The number of frames handed over.
        """
        self.dirty = False
        if self.owing is not None:
            self.collect()
        frames, self.outbox, self.outbox_size = self.outbox, [], 0
        if frames and self.transport is not None:
            self.transport.write(frames)
        if self.waiters is not None:
            self._tell_waiters()
        return len(frames)

    def drop_events(self) -> int:
        """Forget the events that were not written yet; answers to this connection stay.

        Returns:
            The number of the oldest event that was forgotten; 0 for none.
        """
        self.collect()
        frames = self.transport.discard() if self.transport is not None else []
        frames += self.outbox
        self.outbox = []
        self.outbox_size = 0
        first = 0
        for frame in frames:
            if frame.n == 0:
                self.push(frame)
            first = first or frame.n
        return first

    def vitals(self, own_delay: float) -> Vitals:
        """What can be observed of it."""
        transport = self.transport
        return Vitals(
            alive=not self.ended and (transport is None or transport.alive),
            waiting=self.waiting,
            progress_at=self.progress_at,
            own_delay=own_delay,
        )

    def wait_written(self, n: int, future: Future[bool]) -> None:
        """Resolve a future: true once the event of number ``n`` is written, false if this
        connection ends before."""
        if self.ended:
            future.set_result(False)
            return
        self.waiters = self.waiters or []
        self.waiters.append((n, future))
        self._tell_waiters()

    def forget_waiter(self, future: Future[bool]) -> None:
        """The future's owner no longer waits."""
        self.waiters = [pair for pair in self.waiters or () if pair[1] is not future] or None

    def on_written(self) -> None:
        if self.waiters is not None:
            self._tell_waiters()
        if self._on_progress is not None:
            self._on_progress(self)

    def on_closed(self, code: Code) -> None:
        if self.waiters is not None:
            self._tell_waiters()
            for _, future in self.waiters or ():
                if not future.done():
                    future.set_result(False)
            self.waiters = None
        on_ended, self._on_ended, self._on_progress = self._on_ended, None, None
        if on_ended is not None:
            on_ended(self, code)

    def _tell_waiters(self) -> None:
        written = self.written_n
        left = []
        for n, future in self.waiters or ():
            if n > written:
                left.append((n, future))
            elif not future.done():
                future.set_result(True)
        self.waiters = left or None

"""The fan-out: from one entry of a stream to the connections on this node that carry it.

The hot path. What is done per entry is done once; per connection there is an append to its outbox
and nothing else. A live connection's position is never stored: it is the hub's own, and is written
down only when the connection falls back to reading.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import structlog

from ..abc import Engine
from ..codes import CODES, OVERTAKEN, Code, code_for
from ..config import Config
from ..core.encoding import Frame
from ..core.lifecycle import State, Step
from ..core.reading import Place, Reader
from ..types import (
    GLOBAL,
    Entry,
    Event,
    Loss,
    Position,
    SessionEnded,
    Subscribed,
    Unsubscribed,
)
from .audience import Audience, LocalPlayer
from .connection import Connection
from .permission import Permission
from .stats import Stats
from .twins import Twins

__all__ = ["Hub"]

log = structlog.get_logger("dualwire")

FLUSH_BATCH = 256
"""Connections flushed per loop turn: 10,000 at once would hold the loop for 57-73 ms."""


class Hub:
    """Fan-out of one node.

    Args:
        engine: where logs and memberships are.
        config: limits and ``plain_twins``.
        stats: counters.
        call_soon: runs a function in the next turn of the loop.
        end: ends a connection with a code; the flag says whether what waits is still written.
    """

    def __init__(
        self,
        engine: Engine,
        config: Config,
        stats: Stats,
        call_soon: Callable[[Callable[[], None]], object],
        end: Callable[[Connection, Code, bool], None],
    ) -> None:
        self._engine = engine
        self._config = config
        self._stats = stats
        self._call_soon = call_soon
        self._end = end
        self.n = 0
        """The node's number of the newest entry."""
        self.permission = Permission(stats)
        self.twins = Twins(self, config.plain_twins)
        self.players: dict[str, LocalPlayer] = {}
        self._audiences: dict[str, Audience] = {}
        self._arrived: deque[tuple[str, Entry]] = deque()
        self._busy = False
        self._dirty: deque[Connection] = deque()
        self._flush_due = False
        self._ready: dict[Connection, None] = {}
        self._pump_due = False

    # Players

    def player(self, player_id: str) -> LocalPlayer:
        """The player's place on this node, made if need be."""
        player = self.players.get(player_id)
        if player is None:
            engine = self._engine
            reader = Reader(player_id, engine.log, lambda: engine.rooms_of(player_id))
            player = LocalPlayer(player_id, reader, set(engine.rooms_of(player_id)))
            self.players[player_id] = player
            for stream in (player.stream, GLOBAL, *player.rooms):
                self._audience(stream).players += 1
        return player

    def forget(self, player_id: str) -> None:
        """The player's session is over; a no-op while a connection of it is left here."""
        player = self.players.get(player_id)
        if player is None or player.connections:
            return
        del self.players[player_id]
        for stream in (player.stream, GLOBAL, *player.rooms):
            self._leave_audience(stream)

    def _audience(self, stream: str) -> Audience:
        audience = self._audiences.get(stream)
        if audience is None:
            self._engine.follow(stream)
            audience = self._audiences[stream] = Audience(self._engine.log(stream).position)
        return audience

    def _leave_audience(self, stream: str) -> None:
        audience = self._audiences[stream]
        audience.players -= 1
        if not audience.players and stream != GLOBAL:
            del self._audiences[stream]
            self._engine.unfollow(stream)

    # Connections

    def open(self, connection: Connection, place: Place) -> None:
        """A connection with a transport begins to be given events, from a place on."""
        connection.step(Step.OPEN)
        for loss in place.losses:
            self._log_loss(connection, loss)
        self.begin(connection, place)
        opening = connection.encoding.opening()
        if opening is not None:
            self.push(connection, opening)
        self.twins.arrange(connection.player)
        if connection.state is State.READING:
            self.read(connection)

    def remove(self, connection: Connection) -> None:
        """A connection ends: nothing more is given to it, and a twin that stands by takes over."""
        player = connection.player
        player.connections.pop(connection.id, None)
        if connection.state is State.LIVE:
            connection.place = self.leave_live(connection)
        self.stop_reading(connection)
        if player.carrier is connection:
            self.twins.arrange(player)

    def written(self, connection: Connection) -> Place | None:
        """Up to where a connection was written; ``None`` before it was open."""
        if connection.start is None or connection.state is State.STANDBY:
            return None
        if connection.waiting:
            return connection.player.reader.further(connection.start, connection.written_n)
        return connection.place or self.here(connection)

    def push(self, connection: Connection, frame: Frame) -> None:
        """Give one frame to one connection."""
        connection.push(frame)
        self.mark(connection)

    def progress(self, connection: Connection) -> None:
        """The network took bytes from a connection; one that reads may get more."""
        if connection.state is State.READING:
            self._want_read(connection)

    # From the engine

    def deliver(self, stream: str, entry: Entry) -> None:
        """The engine's sink: number an entry and fan it out.

        Whatever is published meanwhile waits its turn, so order is kept and no set changes under
        the loop that walks it.
        """
        self.n += 1
        entry.n = self.n
        if self._busy:
            self._arrived.append((stream, entry))
            return
        self._busy = True
        try:
            self._fan_out(stream, entry)
            while self._arrived:
                self._fan_out(*self._arrived.popleft())
        finally:
            self._busy = False

    def _fan_out(self, stream: str, entry: Entry) -> None:
        audience = self._audiences.get(stream)
        if audience is None:
            return
        body = entry.body
        if type(body) is Event:
            audience.position = Position(audience.position.epoch, entry.offset)
            self._give(audience, stream, entry, body)
            return
        player = self.players[stream[7:]]
        if type(body) is SessionEnded:
            audience.position = Position(audience.position.epoch, entry.offset)
            code = CODES.get(body.code) or code_for(body.code)
            for connection in list(player.connections.values()):
                if connection.session_id == body.session_id:
                    self._end(connection, code, body.flush)
        else:
            assert type(body) is Subscribed or type(body) is Unsubscribed
            self._move(player, audience, entry, body)

    def _give(self, audience: Audience, stream: str, entry: Entry, body: Event) -> None:
        refused = self.permission.refused(audience, body)
        limits = self._config.limits
        full: list[Connection] = []
        dirty = self._dirty
        for encoding, connections in audience.live.items():
            frame = encoding.event(stream, entry)
            size = frame.size
            entry.accepted += len(connections)
            for connection in connections:
                if refused and connection.player.id in refused:
                    entry.accepted -= 1
                    continue
                connection.outbox.append(frame)
                connection.outbox_size += size
                if not connection.dirty:
                    connection.dirty = True
                    dirty.append(connection)
                elif (
                    connection.outbox_size > limits.outbox
                    or len(connection.outbox) > limits.outbox_events
                ):
                    full.append(connection)
        for connection in full:
            # Inline, so that a publisher who never yields cannot grow an outbox without bound.
            self._flush_one(connection)
        self._schedule_flush()

    def _move(
        self, player: LocalPlayer, audience: Audience, entry: Entry, body: Subscribed | Unsubscribed
    ) -> None:
        """Change membership, at the moment at which its entry is written to the connections."""
        room = self._audience(body.stream)
        live = [each for each in player.connections.values() if each.state is State.LIVE]
        if isinstance(body, Subscribed):
            in_step = room.position == body.position
        else:
            in_step = room.position >= body.until
        if not in_step:
            # The hub stands elsewhere in the room than the entry says: each connection reads it.
            for connection in live:
                self._fall_back(connection)
            live = []
        audience.position = Position(audience.position.epoch, entry.offset)
        if type(body) is Subscribed:
            player.rooms.add(body.stream)
            room.players += 1
            for connection in live:
                room.add(connection)
        else:
            player.rooms.discard(body.stream)
            for connection in live:
                room.remove(connection)
            self._leave_audience(body.stream)

    # Live and reading

    def _streams(self, player: LocalPlayer) -> tuple[str, ...]:
        return (player.stream, GLOBAL, *player.rooms)

    def here(self, connection: Connection) -> Place:
        """Where the hub stands in the streams that a live connection carries."""
        return Place(
            {
                stream: self._audiences[stream].position
                for stream in self._streams(connection.player)
            }
        )

    def _go_live(self, connection: Connection) -> None:
        connection.step(Step.CAUGHT_UP)
        connection.place = None
        for stream in self._streams(connection.player):
            self._audiences[stream].add(connection)

    def stop_reading(self, connection: Connection) -> None:
        """Read no longer for a connection."""
        self._ready.pop(connection, None)

    def leave_live(self, connection: Connection) -> Place:
        """Push to a connection no longer; the place where it stands then."""
        place = self.here(connection)
        for stream in place.positions:
            self._audiences[stream].remove(connection)
        return place

    def _fall_back(self, connection: Connection) -> None:
        """A live connection must read from the log: it does not take what it is given."""
        connection.place = self.leave_live(connection)
        connection.step(Step.FALL_BACK)
        self.twins.arrange(connection.player)
        if connection.state is State.READING:
            self._want_read(connection)

    def read(self, connection: Connection) -> None:
        """Give a reading connection what it is due, as far as it takes it."""
        self._ready.pop(connection, None)
        if self._busy:
            # The logs are ahead of the hub in the middle of a fan-out.
            self._want_read(connection)
            return
        place = connection.place
        assert place is not None
        reader = connection.player.reader
        allowed = self._config.limits.outbox
        while connection.waiting < allowed:
            due = reader.next(place)
            if due is None:
                self._go_live(connection)
                break
            if isinstance(due, Loss):
                # A plain connection has no way to be told; it may come back and start anew.
                self._log_loss(connection, due)
                self._end(connection, OVERTAKEN, True)
                return
            stream, entry = due
            if type(entry.body) is Event and self.permission.is_for(
                connection.player.id, entry.body
            ):
                connection.push(connection.encoding.event(stream, entry))
        self.mark(connection)

    def _log_loss(self, connection: Connection, loss: Loss) -> None:
        log.warning(
            "history_lost",
            player=connection.player.id,
            connection=connection.id,
            stream=loss.stream,
            first=loss.first,
            last=loss.last,
            reason=loss.reason,
        )

    def begin(self, connection: Connection, place: Place) -> None:
        """A connection will be given events from a place on."""
        connection.start = Place(dict(place.positions))
        connection.place = Place(dict(place.positions))

    # Flushing

    def mark(self, connection: Connection) -> None:
        """What waits in a connection's outbox is flushed in the next turn."""
        if connection.outbox and not connection.dirty:
            connection.dirty = True
            self._dirty.append(connection)
            self._schedule_flush()

    def _schedule_flush(self) -> None:
        if self._dirty and not self._flush_due:
            self._flush_due = True
            self._call_soon(self._flush)

    def _flush(self) -> None:
        self._flush_due = False
        for _ in range(min(FLUSH_BATCH, len(self._dirty))):
            connection = self._dirty.popleft()
            if connection.dirty:
                self._flush_one(connection)
        self._schedule_flush()

    def _flush_one(self, connection: Connection) -> None:
        self._stats.deliveries += connection.flush()
        if connection.state is State.LIVE and connection.waiting > self._config.limits.outbox:
            self._fall_back(connection)

    def _want_read(self, connection: Connection) -> None:
        """Read for a connection in the next turn, if it has room for more."""
        # Half of the bound: a peer that takes a little does not cost a turn for every frame.
        if connection.waiting <= self._config.limits.outbox // 2:
            self._ready[connection] = None
            self._schedule_pump()

    def _schedule_pump(self) -> None:
        if self._ready and not self._pump_due:
            self._pump_due = True
            self._call_soon(self._pump)

    def _pump(self) -> None:
        self._pump_due = False
        for connection in list(self._ready)[:FLUSH_BATCH]:
            self.read(connection)
        self._schedule_pump()

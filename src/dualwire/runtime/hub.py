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
from ..core.encoding import Encoding, Frame
from ..core.encoding.json import decode_object
from ..core.lifecycle import State, Step
from ..core.reading import Place, Reader
from ..types import (
    GLOBAL,
    Cursor,
    Entry,
    Event,
    JSONObject,
    Loss,
    Position,
    SessionEnded,
    Subscribed,
    Unsubscribed,
    player_stream,
)
from .connection import Connection
from .stats import Stats
from .twins import elect

__all__ = ["Audience", "Hub", "LocalPlayer"]

log = structlog.get_logger("dualwire")

FLUSH_BATCH = 256
"""Connections flushed per loop turn: 10,000 at once would hold the loop for 57-73 ms."""


class LocalPlayer:
    """A player with a session on this node."""

    __slots__ = ("carrier", "connections", "id", "reader", "rooms", "stream", "written")

    def __init__(self, player_id: str, reader: Reader, rooms: set[str]) -> None:
        self.id = player_id
        self.stream = player_stream(player_id)
        self.reader = reader
        self.rooms = rooms
        """Streams of the rooms that the player is in, as of the hub's position in its stream."""
        self.connections: dict[str, Connection] = {}
        """Those that were not told to end, oldest first."""
        self.carrier: Connection | None = None
        """Where plain twins stand by: the one connection that carries the player's events."""
        self.written: Cursor = {}
        """Up to where connections of this session that have ended were written."""


class Audience:
    """The connections of this node that carry one stream, and where the hub stands in it."""

    __slots__ = ("live", "players", "position")

    def __init__(self, position: Position) -> None:
        self.position = position
        self.live: dict[Encoding, dict[Connection, None]] = {}
        self.players = 0
        """Local players who are in it, connected or not."""

    def add(self, connection: Connection) -> None:
        """A connection stands where the hub stands."""
        self.live.setdefault(connection.encoding, {})[connection] = None

    def remove(self, connection: Connection) -> None:
        """A connection does no longer."""
        group = self.live.get(connection.encoding)
        if group is not None:
            group.pop(connection, None)
            if not group:
                del self.live[connection.encoding]


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
        self.authorize: Callable[[str, JSONObject], bool] | None = None
        self.players: dict[str, LocalPlayer] = {}
        self._audiences: dict[str, Audience] = {}
        self._arrived: deque[tuple[str, Entry]] = deque()
        self._busy = False
        self._dirty: deque[Connection] = deque()
        self._flush_due = False
        self._readers: dict[Connection, None] = {}
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
        self._begin(connection, place)
        opening = connection.encoding.opening()
        if opening is not None:
            self.push(connection, opening)
        self.arrange(connection.player)
        if connection.state is State.READING:
            self._read(connection)

    def remove(self, connection: Connection) -> None:
        """A connection ends: nothing more is given to it, and a twin that stands by takes over."""
        player = connection.player
        player.connections.pop(connection.id, None)
        if connection.state is State.LIVE:
            connection.place = self._leave_live(connection)
        self._readers.pop(connection, None)
        if player.carrier is connection:
            self.arrange(player)

    def written(self, connection: Connection) -> Place | None:
        """Up to where a connection was written; ``None`` before it was open."""
        if connection.start is None or connection.state is State.STANDBY:
            return None
        if connection.waiting:
            return connection.player.reader.further(connection.start, connection.written_n)
        return connection.place or self._here(connection)

    def push(self, connection: Connection, frame: Frame) -> None:
        """Give one frame to one connection."""
        connection.push(frame)
        self._mark(connection)

    def progress(self, connection: Connection) -> None:
        """The network took bytes from a connection; one that reads may get more."""
        if connection.state is State.READING and connection in self._readers:
            self._schedule_pump()

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
        refused: frozenset[str] | set[str] = body.exclude
        if self.authorize is not None:
            refused = self._refused(audience, body)
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

    def _refused(self, audience: Audience, body: Event) -> set[str]:
        """Players who do not get an event: excluded, or not authorized. Asked once per player."""
        assert self.authorize is not None
        refused = set(body.exclude)
        event = decode_object(body.payload)
        asked: set[str] = set()
        for connections in audience.live.values():
            for connection in connections:
                player_id = connection.player.id
                if player_id not in asked:
                    asked.add(player_id)
                    if player_id not in refused and not self._allowed(player_id, event):
                        refused.add(player_id)
        return refused

    def _allowed(self, player_id: str, event: JSONObject) -> bool:
        assert self.authorize is not None
        try:
            return bool(self.authorize(player_id, event))
        except Exception:
            # Failing closed: what nobody allowed is not delivered.
            self._stats.errors["hook"] += 1
            log.exception("hook_failed", hook="authorize", player=player_id)
            return False

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

    def _here(self, connection: Connection) -> Place:
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
        self._readers.pop(connection, None)
        for stream in self._streams(connection.player):
            self._audiences[stream].add(connection)

    def _leave_live(self, connection: Connection) -> Place:
        place = self._here(connection)
        for stream in place.positions:
            self._audiences[stream].remove(connection)
        return place

    def _fall_back(self, connection: Connection) -> None:
        """A live connection must read from the log: it does not take what it is given."""
        connection.place = self._leave_live(connection)
        connection.step(Step.FALL_BACK)
        self._readers[connection] = None
        self.arrange(connection.player)
        self._schedule_pump()

    def _read(self, connection: Connection) -> None:
        """Give a reading connection what it is due, as far as it takes it."""
        self._readers[connection] = None
        if self._busy:
            # The logs are ahead of the hub in the middle of a fan-out.
            self._schedule_pump()
            return
        place = connection.place
        assert place is not None
        reader = connection.player.reader
        allowed = self._config.limits.outbox
        while connection.waiting < allowed:
            due = reader.next(place)
            if due is None:
                self._go_live(connection)
                return
            if isinstance(due, Loss):
                # A plain connection has no way to be told; it may come back and start anew.
                self._log_loss(connection, due)
                self._end(connection, OVERTAKEN, True)
                return
            stream, entry = due
            if type(entry.body) is Event and self._is_for(connection.player.id, entry.body):
                connection.push(connection.encoding.event(stream, entry))
        self._mark(connection)

    def _is_for(self, player_id: str, body: Event) -> bool:
        if player_id in body.exclude:
            return False
        return self.authorize is None or self._allowed(player_id, decode_object(body.payload))

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

    # Twins that stand by

    def arrange(self, player: LocalPlayer) -> None:
        """Decide which of a player's plain connections carries, where twins stand by."""
        before, now = player.carrier, elect(player, self._config.plain_twins)
        player.carrier = now
        if now is None:
            self._release(player)
            return
        place = None
        if before is not None and before is not now:
            place = self._hand_over(before)
        for connection in list(player.connections.values()):
            if connection is not now and connection.carries:
                self._stand_by(connection)
        if now.state is State.STANDBY:
            now.step(Step.TAKE_OVER)
            self._begin(now, place or player.reader.at_tail())
            self._read(now)
        elif place is not None and now.state is State.READING:
            self._begin(now, place)

    def _hand_over(self, before: Connection) -> Place | None:
        """Where the next carrier goes on: after what the one before was written."""
        stays = before.id in before.player.connections
        if stays and before.state is State.LIVE and before.verdict == "healthy":
            # It only makes room, and what waits for it will be written.
            return self._here(before)
        place = self.written(before)
        before.drop_events()
        return place

    def _begin(self, connection: Connection, place: Place) -> None:
        connection.start = Place(dict(place.positions))
        connection.place = Place(dict(place.positions))

    def _stand_by(self, connection: Connection) -> None:
        if connection.state is State.LIVE:
            self._leave_live(connection)
        connection.place = None
        self._readers.pop(connection, None)
        connection.step(Step.STAND_BY)

    def _release(self, player: LocalPlayer) -> None:
        """Nobody stands by any more: all of the player's connections carry."""
        for connection in list(player.connections.values()):
            if connection.state is State.STANDBY:
                connection.step(Step.TAKE_OVER)
                self._begin(connection, player.reader.at_tail())
                self._read(connection)

    # Flushing

    def _mark(self, connection: Connection) -> None:
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

    def _schedule_pump(self) -> None:
        if self._readers and not self._pump_due:
            self._pump_due = True
            self._call_soon(self._pump)

    def _pump(self) -> None:
        self._pump_due = False
        # Half of the bound: a peer that takes a little does not cost a turn for every frame.
        ready = self._config.limits.outbox // 2
        for connection in list(self._readers)[:FLUSH_BATCH]:
            if connection.state is State.READING and connection.waiting <= ready:
                del self._readers[connection]
                self._read(connection)

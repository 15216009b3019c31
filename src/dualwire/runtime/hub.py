"""The fan-out: from one entry of a stream to the connections on this node that carry it.

A live connection's position is never stored: it is the hub's own, and is written down only when the
connection falls back to reading.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import structlog

from ..abc import Engine
from ..codes import CODES, Code, code_for
from ..config import Config
from ..core.cursor import format_cursor
from ..core.encoding import Frame
from ..core.lifecycle import State, Step
from ..core.reading import Place, Reader
from ..types import (
    Cursor,
    Entry,
    Event,
    Position,
    SessionEnded,
    Subscribed,
    Unsubscribed,
)
from .audience import Audience, Audiences, LocalPlayer
from .connection import Connection
from .flushing import Flushing
from .giving import Giving
from .permission import Permission
from .readers import Readers
from .renewal import Renewal, number_anew
from .sampling import Sampling
from .skips import Skips
from .stats import Stats
from .twins import Twins

__all__ = ["Hub"]

log = structlog.get_logger("dualwire")


class Hub:
    """Fan-out of one node.

    Args:
        engine: where logs and memberships are.
        config: limits and ``plain_twins``.
        stats: counters.
        call_soon: runs a function in the next turn of the loop.
        call_later: runs a function after some seconds; ``None`` to join no writes.
        now: seconds of the same loop.
        end: ends a connection with a code; the flag says whether what waits is still written.
    """

    def __init__(
        self,
        engine: Engine,
        config: Config,
        stats: Stats,
        call_soon: Callable[[Callable[[], None]], object],
        end: Callable[[Connection, Code, bool], None],
        call_later: Callable[[float, Callable[[], None]], object] | None = None,
        now: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._now = now
        self._config = config
        self._stats = stats
        self._end = end
        self.unheard: Callable[[str, Entry | None], None] = lambda *_: None
        """Gets the entries of streams that no player is in; ``None`` where the log was replaced."""
        self.n = 0
        """The node's number of the newest entry."""
        self.permission = Permission(stats)
        self.readers = Readers(self, config.limits.outbox, call_soon, end, stats)
        self.twins = Twins(self, config.plain_twins)
        self.sampling = Sampling(stats, now)
        self.skips = Skips(self, call_later)
        self.players: dict[str, LocalPlayer] = {}
        self.use(engine)
        self._arrived: deque[tuple[str, Entry | None]] = deque()
        self.busy = False
        """Whether a fan-out is going on: the logs are ahead of the hub."""
        self._flushing = Flushing(
            self.flush,
            self._flushed,
            call_soon,
            call_later if config.coalesce is not None else None,
            now,
            config.coalesce or 0.0,
        )
        self._giving = Giving(self, config.limits, self._flushing, now)
        self.mark = self._flushing.mark
        """What waits in a connection's outbox is flushed in the next turn."""

    def use(self, engine: Engine) -> None:
        """Take an engine; another one than the first only before anybody is here."""
        self._engine = engine
        # Made once: a bound method for each player would be 128 bytes for each.
        self._log, self._rooms_of = engine.log, engine.rooms_of
        self._audiences = Audiences(engine)
        self.renewal = Renewal(self, self._audiences, engine, self._end)

    # Players

    def player(self, player_id: str) -> LocalPlayer:
        """The player's place on this node, made if need be."""
        player = self.players.get(player_id)
        if player is None:
            reader = Reader(player_id, self._log, self._rooms_of)
            player = LocalPlayer(player_id, reader, self._rooms_of(player_id))
            self.players[player_id] = player
            for stream in player.streams:
                self._audiences.of(stream).players += 1
        return player

    def forget(self, player_id: str) -> None:
        """The player's session is over; a no-op while a connection of it is left here."""
        player = self.players.get(player_id)
        if player is None or player.connections:
            return
        del self.players[player_id]
        for stream in player.streams:
            self._audiences.leave(stream)

    # Connections

    def open(self, connection: Connection, place: Place) -> None:
        """A connection with a transport begins to be given events, from a place on."""
        connection.step(Step.OPEN)
        self.skips.opened(connection)
        # What it begins with goes out below, all together and behind the head of the response.
        connection.dirty = True
        self.begin(connection, place)
        if connection.encoding.contiguous and connection.place is not None:
            connection.place.losses = list(place.losses)
        for frame in (connection.encoding.opening(), self._hello(connection)):
            if frame is not None:
                self.push(connection, frame)
        connection.hello = None
        self.twins.arrange(connection.player)
        if connection.state is State.READING:
            self.readers.read(connection)
        self.flush(connection)

    def _hello(self, connection: Connection) -> Frame | None:
        if connection.hello is None or connection.place is None:
            return None
        streams = format_cursor(connection.place.positions)
        return connection.encoding.hello({**connection.hello, "streams": streams})

    def tell_skips(self, connection: Connection) -> None:
        """Let a connection account for all that it skipped up to here."""
        if connection.state is State.LIVE:
            for stream in connection.player.streams:
                self.skips.tell(self._audiences[stream], stream, connection)
            self.mark(connection)

    def tails(self, connection: Connection) -> Cursor:
        """How far a connection is given each of its streams."""
        place = connection.place or self.here(connection)
        return dict(place.positions)

    def remove(self, connection: Connection) -> None:
        """A connection ends: nothing more is given to it, and a twin that stands by takes over."""
        player = connection.player
        player.connections.pop(connection.id, None)
        if connection.state is State.LIVE:
            connection.place = self.leave_live(connection)
        self.readers.forget(connection)
        self.skips.forget(connection)
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
        self.sampling.written()
        self.readers.want(connection)

    # From the engine

    def deliver(self, stream: str, entry: Entry) -> None:
        """The engine's sink: number an entry and fan it out, after what is being fanned out."""
        self.n += 1
        entry.n = self.n
        self._in_turn(stream, entry)

    def renew(self, stream: str) -> None:
        """The engine put a stream's log at hand, or replaced it.

        Whoever was given this stream live goes on by reading, and so is told what is lost.
        """
        self.n = number_anew(self._engine.log(stream), self.n)
        self._in_turn(stream, None)

    def _in_turn(self, stream: str, entry: Entry | None) -> None:
        # Whatever comes meanwhile waits, so that no set changes under the loop that walks it.
        if self.busy:
            self._arrived.append((stream, entry))
            return
        self.busy = True
        try:
            self._fan_out(stream, entry)
            while self._arrived:
                self._fan_out(*self._arrived.popleft())
        finally:
            self.busy = False

    def _fan_out(self, stream: str, entry: Entry | None) -> None:
        audience = self._audiences.get(stream)
        if audience is None:
            self.unheard(stream, entry)
            return
        if entry is None:
            self.renewal.renew(stream, audience)
            return
        body = entry.body
        if type(body) is Event:
            audience.position = Position(audience.position.epoch, entry.offset)
            self._giving.give(audience, stream, entry, body)
            return
        player = self.players[stream[7:]]
        for connection in list(audience.skipped or ()):
            self.skips.tell(audience, stream, connection)
        if isinstance(body, (Subscribed, Unsubscribed)):
            self._move(player, audience, entry, body)
            return
        audience.position = Position(audience.position.epoch, entry.offset)
        if isinstance(body, SessionEnded):
            code = CODES.get(body.code) or code_for(body.code)
            player.over = body.session_id
            ended = [e for e in player.connections.values() if e.session_id == body.session_id]
            # The one that carries is the last: else it would hand what waits to a twin that ends.
            for connection in sorted(ended, key=lambda each: each is player.carrier):
                self._end(connection, code, body.flush)
            # What an old session was given is not what its successor has.
            player.written.clear()
            player.acknowledged.clear()
        for connection in player.connections.values():
            if connection.state is State.LIVE:
                self._tell(connection, stream, entry)

    def _tell(self, connection: Connection, stream: str, entry: Entry) -> None:
        """Give an entry that is no event, if the connection's encoding has something for it."""
        frame = connection.encoding.other(stream, entry)
        if frame is not None:
            self.push(connection, frame)

    def _move(
        self, player: LocalPlayer, audience: Audience, entry: Entry, body: Subscribed | Unsubscribed
    ) -> None:
        """Change membership, at the moment at which its entry is written to the connections."""
        room = self._audiences.of(body.stream)
        live = [each for each in player.connections.values() if each.state is State.LIVE]
        if isinstance(body, Subscribed):
            in_step = room.position == body.position
        else:
            in_step = room.position >= body.until
        if not in_step:
            # The hub stands elsewhere in the room than the entry says: each connection reads it.
            for connection in live:
                self.fall_back(connection)
            live = []
        audience.position = Position(audience.position.epoch, entry.offset)
        for connection in live:
            self.skips.tell(room, body.stream, connection)
            self._tell(connection, player.stream, entry)
        if type(body) is Subscribed:
            player.rooms[body.stream] = None
            room.players += 1
            for connection in live:
                room.add(connection)
        else:
            player.rooms.pop(body.stream, None)
            for connection in live:
                room.remove(connection)
                self.mark(connection)
            self._audiences.leave(body.stream)

    # Live and reading

    def here(self, connection: Connection) -> Place:
        """Where the hub stands in the streams that a live connection carries."""
        streams = connection.player.streams
        return Place({each: self._audiences[each].position for each in streams})

    def go_live(self, connection: Connection) -> None:
        """A connection stands where the hub stands: push to it from now on."""
        connection.step(Step.CAUGHT_UP)
        connection.place = None
        for stream in connection.player.streams:
            self._audiences[stream].add(connection)

    def leave_live(self, connection: Connection) -> Place:
        """Push to a connection no longer; the place where it stands then."""
        place = self.here(connection)
        for stream in place.positions:
            self._audiences[stream].remove(connection)
        # What its groups owed it waits in its own outbox now.
        self.mark(connection)
        return place

    def fall_back(self, connection: Connection) -> None:
        """A live connection must read from the log: it does not take what it is given."""
        self.tell_skips(connection)
        connection.place = self.leave_live(connection)
        connection.step(Step.FALL_BACK)
        self.twins.arrange(connection.player)
        self.readers.want(connection)

    def begin(self, connection: Connection, place: Place) -> None:
        """A connection will be given events from a place on."""
        for loss in place.losses:
            self.readers.note_loss(connection, loss)
        # One object for one position, however many connections begin there.
        positions = {
            stream: self._audiences.one(stream, at) for stream, at in place.positions.items()
        }
        connection.start = connection.place = Place(positions)

    def _flushed(self, frames: int) -> None:
        self._stats.deliveries += frames
        self.sampling.written()

    def flush(self, connection: Connection) -> None:
        """Hand what waits for a connection to its transport; one that takes too little reads."""
        self._stats.deliveries += connection.flush()
        if connection.state is State.LIVE:
            if connection.waiting > self._config.limits.outbox:
                self.fall_back(connection)
        else:
            self.readers.want(connection)

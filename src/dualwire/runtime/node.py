"""One server process: it opens, watches and ends connections, and keeps the house in order."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import structlog

from ..abc import Clock, Engine, Transport
from ..codes import (
    LOGGED_OUT,
    PEER_GONE,
    RESTART,
    REVOKED,
    STALE,
    TOKEN_EXPIRED,
    Code,
)
from ..config import Config
from ..core.cursor import merge
from ..core.encoding import Encoding
from ..core.health import judge, ping_slot
from ..core.lifecycle import State, Step
from ..core.reading import Place
from ..core.session import Claim, check_session_id, issue_session_id
from ..exceptions import CapacityError, RefusedError, SessionError
from ..types import ConnectionType, Cursor, Entry, Event, Identity, Position
from .connection import Connection
from .hooks import HookRunner
from .hub import Hub, LocalPlayer
from .stats import Stats

__all__ = ["Hooks", "Node", "Opening"]

log = structlog.get_logger("dualwire")

TURN = 1.0
"""Seconds between two turns of housekeeping."""

PUBLISH_SLICE = 0.005
"""Seconds that publishers may hold the loop before they have to let it turn."""


@dataclass(slots=True)
class Hooks:
    """What the application is called back for; each a function or a coroutine function."""

    on_command: Callable[..., Any] | None = None
    on_player_online: Callable[..., Any] | None = None
    on_player_offline: Callable[..., Any] | None = None
    on_connection_opened: Callable[..., Any] | None = None
    on_connection_closed: Callable[..., Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What is known of a connection that wants to open."""

    player_id: str
    connection_type: ConnectionType
    encoding: Encoding
    identity: Identity
    session_id: str | None = None
    last_event_id: tuple[str, int] | None = None
    """The node and its number of the last event that the client has."""
    cursor: Cursor | None = None
    standby: bool = False
    """The client asks that its plain connections do not all carry every event."""


class Node:
    """One server process.

    Args:
        engine: not started yet.
        clock: time.
        config: everything that can be set.
        session_key: key for the MAC in session ids; ``None`` for ids without one.
        node_id: this node's name; ``None`` for a random one.
    """

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        config: Config,
        *,
        session_key: bytes | None = None,
        node_id: str | None = None,
    ) -> None:
        self.id = node_id or secrets.token_hex(4)
        self.engine = engine
        self.clock = clock
        self.config = config
        self.stats = Stats()
        self.hooks = Hooks()
        self.runner = HookRunner(self.stats)
        self.hub = Hub(engine, config, self.stats, self._call_soon, self._end_from_hub)
        self.connections: dict[str, Connection] = {}
        """All that are not closed, reserved and closing ones included."""
        self.started_at: float | None = None
        """Wall-clock seconds; ``None`` before the start and after the stop."""
        self.stopping: Callable[[], bool] = lambda: False
        """Whether the server around us is shutting down; asked once a turn."""
        self.ready = False
        """Whether new connections are welcome."""
        self._session_key = session_key
        self._loop: asyncio.AbstractEventLoop | None = None
        self._housekeeper: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._emptied = asyncio.Event()
        self._turn_at = 0.0
        self._own_delay = 0.0
        self._publishing_since: float | None = None
        self._opened = 0

    # Life

    async def start(self) -> None:
        """Begin to work in the running loop. Idempotent."""
        if self._loop is not None:
            return
        self._loop = asyncio.get_running_loop()
        await self.engine.start(self.hub.deliver)
        self.started_at = self.clock.wall()
        self._turn_at = self.clock.now()
        self.ready = True
        self._housekeeper = self._loop.create_task(self._keep_house())
        log.info("node_started", node=self.id)

    async def stop(self, code: Code = RESTART) -> None:
        """End every connection with a goodbye, then let go of everything. Idempotent."""
        if self._loop is None:
            return
        self.ready = False
        for connection in list(self.connections.values()):
            self.end(connection, code)
        self._emptied.clear()
        if self.connections:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self.config.heartbeat.close_timeout):
                    await self._emptied.wait()
        for connection in list(self.connections.values()):
            self._abort(connection)
        if self._housekeeper is not None:
            self._housekeeper.cancel()
            await asyncio.gather(self._housekeeper, return_exceptions=True)
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.runner.stop()
        await self.engine.stop()
        self._loop = None
        self.started_at = None
        log.info("node_stopped", node=self.id)

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        """Do something in the background; :meth:`wait_settled` and :meth:`stop` wait for it."""
        assert self._loop is not None
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def wait_settled(self) -> None:
        """Return when no background work of this node is left (for tests and shutdown)."""
        while self._tasks:
            await asyncio.wait(self._tasks)
        await self.runner.wait_idle()

    def _call_soon(self, callback: Callable[[], None]) -> None:
        if self._loop is not None:
            self._loop.call_soon(callback)

    # Publishing

    async def publish(
        self, stream: str, event: Event, publish_id: str | None = None
    ) -> tuple[Position, Entry | None]:
        """Append an event to a stream and fan it out.

        Returns:
            Where it stands, and its entry if history holds it (not for an old repeat).
        """
        await self.start()
        published = await self.engine.publish(stream, event, publish_id=publish_id)
        if not published.repeated:
            self.stats.published[stream.partition(":")[0]] += 1
        entry = self.engine.log(stream).at(published.position.offset)
        # A publisher that never waits for anything would starve the loop otherwise.
        now = self.clock.now()
        if self._publishing_since is None:
            self._publishing_since = now
            self._call_soon(self._turned)
        elif now - self._publishing_since > PUBLISH_SLICE:
            await asyncio.sleep(0)
        return published.position, entry

    def _turned(self) -> None:
        self._publishing_since = None

    # Opening

    async def reserve(self, opening: Opening) -> Connection:
        """Claim the session for a connection and register it; it carries nothing yet.

        Raises:
            SessionError: the session id is malformed, somebody else's, or retired.
            CapacityError: the player has as many connections of this type as it may.
        """
        await self.start()
        began = self.clock.now()
        player_id = opening.player_id
        if opening.session_id is not None:
            check_session_id(opening.session_id, player_id, self._session_key)
        self._check_cap(opening)
        claim, player = await self._claim(player_id, opening.session_id)
        connection = Connection(
            secrets.token_hex(8),
            player,
            claim.session_id,
            opening.encoding,
            opening.connection_type,
            opening.identity,
            now=began,
            wall=self.clock.wall(),
            standby_wanted=opening.standby,
        )
        # Nothing waits from here on, so where it stands is where it was registered.
        saved: Cursor = dict(await self.engine.written(player_id)) if self.engine.durable else {}
        connection.place = self._place(player, opening, saved, resumes=claim.outcome == "joined")
        connection.deadline = began + self.config.session.open_within
        player.connections[connection.id] = connection
        self.connections[connection.id] = connection
        return connection

    async def claim(self, player_id: str, session_id: str) -> None:
        """Make a session the player's current one, ending every other; idempotent.

        Raises:
            SessionError: the session id is malformed, somebody else's, or retired.
        """
        await self.start()
        check_session_id(session_id, player_id, self._session_key)
        await self._claim(player_id, session_id)

    def issue_session_id(self, player_id: str) -> str:
        """A new session id for a player; nothing is claimed."""
        return issue_session_id(secrets.token_urlsafe(18), player_id, self._session_key)

    async def _claim(self, player_id: str, session_id: str | None) -> tuple[Claim, LocalPlayer]:
        began = self.clock.now()
        claim = await self.engine.claim(player_id, session_id, self.issue_session_id(player_id))
        if claim.outcome == "refused":
            assert claim.code is not None
            raise SessionError(
                f"session {claim.session_id!r} is over: {claim.code.reason}", claim.code
            )
        player = self.hub.player(player_id)
        await self.engine.ready((player.stream, *player.rooms))
        if claim.outcome == "takeover":
            player.written.clear()
            self.stats.takeovers += 1
            self.stats.session_switch.add(self.clock.now() - began)
            log.info(
                "session_taken_over",
                player=player_id,
                session=claim.session_id,
                replaced=claim.replaced,
            )
        return claim, player

    def note_refusal(
        self, connection_type: ConnectionType, player_id: str | None, refusal: RefusedError
    ) -> None:
        """Count and log a connection that was refused."""
        self.stats.refused[connection_type, refusal.code.name] += 1
        log.info(
            "connection_refused",
            player=player_id,
            type=connection_type,
            code=refusal.code.number,
            reason=refusal.code.name,
        )

    def _check_cap(self, opening: Opening) -> None:
        player = self.hub.players.get(opening.player_id)
        current = self.engine.session_of(opening.player_id)
        if player is None or opening.session_id not in (None, current):
            return
        most = self.config.limits.connections_per_type
        count = sum(
            each.connection_type == opening.connection_type for each in player.connections.values()
        )
        if count >= most:
            raise CapacityError(
                f"a player may have {most} {opening.connection_type} connections, "
                f"and this one has {count}; close one first",
                retry_after=self.config.heartbeat.interval,
            )

    def _place(
        self, player: LocalPlayer, opening: Opening, saved: Cursor, *, resumes: bool
    ) -> Place:
        """Where a connection begins."""
        reader = player.reader
        if opening.cursor is not None:
            return reader.at_cursor(opening.cursor)
        if opening.last_event_id is not None:
            node_id, n = opening.last_event_id
            if node_id == self.id:
                return reader.at_number(n)
        elif not resumes or any(each.carries for each in player.connections.values()):
            return reader.at_tail()
        # Nobody carries now: go on where the session's last connection was written.
        merge(saved, player.written)
        return reader.at_cursor(saved)

    async def open(self, connection: Connection, transport: Transport) -> bool:
        """Give a reserved connection its transport; from now on it carries.

        Returns:
            False if the connection was ended meanwhile (its session was taken over, or it was
            opened too late); the transport is then closed with the code.
        """
        if connection.state is not State.RESERVED:
            code = connection.closed_with or STALE
            connection.connect(transport, lambda _: None, lambda *_: None)
            transport.close(code)
            return False
        now = self.clock.now()
        establishment = self.stats.establishment[connection.connection_type]
        establishment.add(now - connection.seen_at)
        connection.deadline = None
        connection.seen_at = connection.progress_at = now
        connection.next_ping = now + ping_slot(self._opened, self.config.heartbeat.interval, TURN)
        self._opened += 1
        connection.connect(transport, self._progress, self._closed)
        assert connection.place is not None
        self.hub.open(connection, connection.place)
        arrived = await self.engine.attach(connection.player.id, connection.id)
        self._announce_opened(connection, arrived)
        return True

    def _announce_opened(self, connection: Connection, arrived: bool) -> None:
        player_id, stats = connection.player.id, self.stats
        stats.opened[connection.connection_type] += 1
        log.info(
            "connection_opened",
            player=player_id,
            connection=connection.id,
            type=connection.connection_type,
            session=connection.session_id,
            encoding=connection.encoding.name,
        )
        if arrived:
            stats.arrivals += 1
            log.info("player_online", player=player_id)
            self.runner.run(player_id, "on_player_online", self.hooks.on_player_online, player_id)
        hook = self.hooks.on_connection_opened
        self.runner.run(player_id, "on_connection_opened", hook, player_id, connection.id)

    # Ending

    def end(
        self,
        connection: Connection,
        code: Code,
        *,
        flush: bool = True,
        retry_after: float | None = None,
    ) -> bool:
        """End one connection, and only that: write what waits, say why, close.

        Returns:
            Whether it was still to be ended.
        """
        if connection.ended:
            return False
        now = self.clock.now()
        self._remove(connection, code)
        transport = connection.transport
        if transport is None:
            connection.step(Step.END)
            del self.connections[connection.id]
            return True
        connection.step(Step.CLOSE)
        connection.deadline = now + self.config.heartbeat.close_timeout
        if flush:
            connection.flush()
        else:
            connection.outbox.clear()
            connection.outbox_size = 0
            transport.discard()
        transport.close(code, retry_after)
        return True

    def closed_by_peer(self, connection: Connection, code: Code) -> None:
        """The peer ended a connection, or is gone."""
        if connection.transport is None:
            self.end(connection, code)
            return
        if not connection.ended:
            self._remove(connection, code)
            connection.step(Step.CLOSE)
        self._abort(connection)

    async def end_session(self, player_id: str, code: Code = LOGGED_OUT) -> bool:
        """End a player's session on all nodes: logout (what waits is written) or revocation (it is
        not).

        Returns:
            Whether there was one.
        """
        await self.start()
        present = player_id in self.engine.presence()
        ended = await self.engine.end_session(player_id, code, flush=code is not REVOKED)
        self.hub.forget(player_id)
        if ended is not None:
            log.info("session_ended", player=player_id, session=ended, code=code.name)
        if present:
            self._announce_departure(player_id)
        return ended is not None

    def _end_from_hub(self, connection: Connection, code: Code, flush: bool) -> None:
        self.end(connection, code, flush=flush)

    def _remove(self, connection: Connection, code: Code) -> None:
        """A connection ends: from now on nobody counts on it."""
        player = connection.player
        opened = connection.transport is not None
        written = self.hub.written(connection)
        self.hub.remove(connection)
        connection.closed_with = code
        if not opened:
            return
        if written is not None:
            merge(player.written, written.positions)
        if code in (PEER_GONE, STALE) and any(each.carries for each in player.connections.values()):
            self.stats.hidden_failovers += 1
        self.stats.closed[connection.connection_type, code.name] += 1
        log.info(
            "connection_closed",
            player=player.id,
            connection=connection.id,
            type=connection.connection_type,
            session=connection.session_id,
            code=code.number,
            reason=code.name,
            lasted=round(self.clock.wall() - connection.established_at, 3),
        )
        self.spawn(self._detach(connection))
        hook = self.hooks.on_connection_closed
        self.runner.run(player.id, "on_connection_closed", hook, player.id, connection.id, code)

    async def _detach(self, connection: Connection) -> None:
        player = connection.player
        if self.engine.durable:
            await self.engine.save_written(player.id, player.written)
        await self.engine.detach(player.id, connection.id)

    def _abort(self, connection: Connection) -> None:
        if connection.transport is None:
            if not connection.ended:
                self.end(connection, STALE)
        else:
            connection.transport.abort()

    def _closed(self, connection: Connection, code: Code) -> None:
        """A transport is gone; perhaps nobody here expected it."""
        if not connection.ended:
            self._remove(connection, code)
        elif connection.deadline is not None:
            said = connection.deadline - self.config.heartbeat.close_timeout
            self.stats.disconnection.add(max(0.0, self.clock.now() - said))
        connection.step(Step.END)
        self.connections.pop(connection.id, None)
        if not self.connections:
            self._emptied.set()

    def _progress(self, connection: Connection) -> None:
        connection.progress_at = self.clock.now()
        self.hub.progress(connection)

    # Housekeeping

    async def _keep_house(self) -> None:
        while True:
            await self.clock.sleep(TURN)
            try:
                await self.tick()
            except Exception:
                # One bad turn must not be the last one.
                self.stats.errors["housekeeping"] += 1
                log.exception("housekeeping_failed")

    async def tick(self) -> None:
        """One turn of housekeeping: pings, health, deadlines, expiry."""
        now = self.clock.now()
        # Time for which our own loop was blocked never counts against a peer.
        self._own_delay = max(0.0, now - self._turn_at - TURN)
        self._turn_at = now
        if self.ready and self.stopping():
            self.ready = False
            log.info("node_stopping", node=self.id)
            for connection in list(self.connections.values()):
                self.end(connection, RESTART)
        wall = self.clock.wall()
        for connection in list(self.connections.values()):
            self._look_at(connection, now, wall)
        transitions = await self.engine.tick()
        for player_id in transitions.left:
            self._announce_departure(player_id)
        for player_id in transitions.lapsed:
            self.hub.forget(player_id)
            log.info("session_lapsed", player=player_id)

    def _look_at(self, connection: Connection, now: float, wall: float) -> None:
        if connection.deadline is not None:
            if now >= connection.deadline:
                self._abort(connection)
            return
        expires_at = connection.identity.expires_at
        if expires_at is not None and wall >= expires_at:
            self.end(connection, TOKEN_EXPIRED)
            return
        self._judge(connection, now)
        if now >= connection.next_ping:
            connection.next_ping += self.config.heartbeat.interval
            ping = connection.encoding.ping()
            if ping is not None and not connection.waiting:
                self.hub.push(connection, ping)

    def _judge(self, connection: Connection, now: float) -> None:
        if not connection.waiting:
            connection.progress_at = now
        verdict = judge(connection.vitals(self._own_delay), now, self.config.heartbeat)
        if verdict == "dead":
            self.closed_by_peer(connection, PEER_GONE)
        elif verdict != connection.verdict:
            before, connection.verdict = connection.verdict, verdict
            self.stats.health_changes[verdict] += 1
            log.info(
                "connection_health",
                player=connection.player.id,
                connection=connection.id,
                type=connection.connection_type,
                before=before,
                now=verdict,
                waiting=connection.waiting,
            )
            self.hub.arrange(connection.player)

    def _announce_departure(self, player_id: str) -> None:
        self.stats.departures += 1
        log.info("player_offline", player=player_id)
        self.runner.run(player_id, "on_player_offline", self.hooks.on_player_offline, player_id)

"""One server process: it opens, watches and ends connections, and keeps the house in order."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import structlog

from ..abc import Clock, Engine, Transport
from ..codes import LOGGED_OUT, RESTART, REVOKED, STALE, Code
from ..config import Config
from ..core.cursor import merge
from ..core.health import ping_slot
from ..core.lifecycle import State, Step
from ..exceptions import RefusedError
from ..flags import Flags
from ..types import ConnectionType, Entry, Event, Position
from .admission import Admission
from .arms import Arms
from .attaching import attach, detach
from .cautions import caution
from .chronicle import Chronicle
from .connection import Connection
from .control import Control
from .draining import Draining
from .elsewhere import Elsewhere
from .hooks import HookRunner, Hooks
from .housekeeping import TURN, Housekeeping
from .hub import Hub
from .journal import Journal
from .limiting import Limiter
from .pacing import Pacing
from .pauses import Pauses
from .publishing import Publishing
from .revoking import Revoking
from .stats import Stats
from .timeline import Timeline

__all__ = ["Node"]

log = structlog.get_logger("dualwire")


class Node:
    """One server process.

    Args:
        engine: not started yet.
        clock: time.
        config: everything that can be set.
        session_key: key for the MAC in session ids; ``None`` for ids without one.
        cluster_key: signs what nodes tell each other; the same on all of them.
        node_id: this node's name; ``None`` for a random one.
        flags: which features are on for whom; ``None`` for all of them, for everybody.
    """

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        config: Config,
        *,
        session_key: bytes | None = None,
        cluster_key: bytes = b"",
        node_id: str | None = None,
        flags: Flags | None = None,
    ) -> None:
        self.id = node_id or secrets.token_hex(4)
        self.engine = engine
        self.engine_given = True
        """Whether the application chose it; else the server around us may, before the start."""
        self.clock = clock
        self.config = config
        self.stats = Stats()
        self.journal = Journal(clock.wall)
        self._chronicle = Chronicle(self)
        self.timeline = Timeline()
        self._pauses = Pauses(self.stats)
        self.hooks = Hooks()
        self.runner = HookRunner(self.stats)
        self.hub = Hub(
            engine,
            config,
            self.stats,
            self.call_soon,
            self._end_from_hub,
            self.call_later,
            self.loop_time,
        )
        self.control = Control(self, cluster_key)
        self.elsewhere = Elsewhere(self)
        self.hub.unheard = self.control.arrived
        self.admission = Admission(self, session_key)
        self.arms = Arms(self, flags)
        self.limiter = Limiter(config, self.stats, partial(caution, self))
        self.pacing = Pacing(config, self.stats)
        self.revoking = Revoking(self)
        self.connections: dict[str, Connection] = {}
        """All that are not closed, reserved and closing ones included."""
        self.started_at: float | None = None
        """Wall-clock seconds; ``None`` before the start and after the stop."""
        self.stopping: Callable[[], bool] = lambda: False
        """Whether the server around us is shutting down; asked once a turn."""
        self.ready = False
        """Whether new connections are welcome."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._housekeeper: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self.emptied = asyncio.Event()
        """Set when the last connection is gone; whoever waits for that clears it first."""
        self._draining: asyncio.Task[None] | None = None
        self._publishing = Publishing(self)
        self._opened = 0
        # Made once, for all connections.
        self._told = self._progress, self._closed

    # Life

    def use(self, engine: Engine) -> None:
        """Take another engine than the one it was made with; before the start."""
        assert self._loop is None, "an engine is chosen before the node starts"
        self.engine = engine
        self.hub.use(engine)

    async def start(self) -> None:
        """Begin to work in the running loop. Idempotent."""
        if self._loop is not None:
            return
        self._loop = asyncio.get_running_loop()
        try:
            await self.engine.start(self.hub.deliver, self.hub.renew)
            if self.shared:
                await self.control.start()
        except BaseException:
            self._loop = None
            raise
        self.started_at = self.clock.wall()
        self.ready = True
        self._pauses.watch()
        self._housekeeper = self._loop.create_task(Housekeeping(self).run())
        log.info("node_started", node=self.id)

    @property
    def draining(self) -> bool:
        """Whether its clients are asked to connect elsewhere."""
        return self._draining is not None

    @property
    def welcoming(self) -> bool:
        """Whether a connection that opens now has a chance."""
        return self.ready and self.engine.trouble() is None

    @property
    def shared(self) -> bool:
        """Whether other nodes can carry on what this one did."""
        return self.engine.durable

    async def drain(self) -> None:
        """Take no new connections, and let clients connect elsewhere before theirs end here.

        Where there is no elsewhere (the engine is this process's own), or no grace is configured,
        all end at once with 1012.

        Returns:
            When no connection is left to be ended, at the latest after ``Config.drain_grace``.
            Called again: the same.
        """
        self.ready = False
        grace = self.config.drain_grace
        if self._loop is None:
            return
        if grace is None or not self.shared:
            for connection in list(self.connections.values()):
                self.end(connection, RESTART)
            return
        if self._draining is None:
            self._draining = self._loop.create_task(Draining(self, grace).run())
        await asyncio.shield(self._draining)

    async def stop(self, code: Code = RESTART) -> None:
        """End every connection with a goodbye, then let go of everything. Idempotent."""
        if self._loop is None:
            return
        self.ready = False
        if self._draining is not None:
            self._draining.cancel()
            await asyncio.gather(self._draining, return_exceptions=True)
            self._draining = None
        for connection in list(self.connections.values()):
            self.end(connection, code)
        self.emptied.clear()
        if self.connections:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self.config.heartbeat.close_timeout):
                    await self.emptied.wait()
        for connection in list(self.connections.values()):
            self.give_up(connection)
        if self._housekeeper is not None:
            self._housekeeper.cancel()
            await asyncio.gather(self._housekeeper, return_exceptions=True)
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.runner.stop()
        await self.engine.stop()
        self._pauses.leave()
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

    def call_soon(self, callback: Callable[[], None]) -> None:
        """Run something in the next turn of the loop."""
        if self._loop is not None:
            self._loop.call_soon(callback)

    def call_later(self, delay: float, callback: Callable[[], None]) -> None:
        """Run something after ``delay`` seconds."""
        if self._loop is not None:
            self._loop.call_later(delay, callback)

    def loop_time(self) -> float:
        """Seconds of the event loop; 0 before the start."""
        return self._loop.time() if self._loop is not None else 0.0

    async def publish(
        self, stream: str, event: Event, publish_id: str | None = None
    ) -> tuple[Position, Entry | None]:
        """Append an event to a stream and fan it out; see :meth:`Publishing.publish`."""
        await self.start()
        return await self._publishing.publish(stream, event, publish_id)

    # Opening

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
        connection.connect(transport, *self._told)
        assert connection.place is not None
        self.hub.open(connection, connection.place)
        self.arms.opened(connection)
        arrived = await attach(self, connection)
        if arrived is None:
            return False
        self._chronicle.opened(connection, arrived=arrived)
        return True

    def note_refusal(
        self, connection_type: ConnectionType, player_id: str | None, refusal: RefusedError
    ) -> None:
        """Count and log a connection that was refused."""
        self._chronicle.refused(connection_type, player_id, refusal)

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
        self.give_up(connection)

    async def end_session(
        self, player_id: str, code: Code = LOGGED_OUT, session_id: str | None = None
    ) -> bool:
        """End a player's session on all nodes: logout (what waits is written) or revocation (it is
        not).

        Returns:
            Whether there was one.
        """
        await self.start()
        present = self.engine.presence_of(player_id) is not None
        ended = await self.engine.end_session(
            player_id, code, flush=code is not REVOKED, session_id=session_id
        )
        self.hub.forget(player_id)
        if ended is not None:
            log.info("session_ended", player=player_id, session=ended, code=code.name)
        if present:
            self.announce_departure(player_id)
        return ended is not None

    def _end_from_hub(self, connection: Connection, code: Code, flush: bool) -> None:
        if code is REVOKED:
            self.revoking.end_with(connection.identity)
        self.end(connection, code, flush=flush)

    def _remove(self, connection: Connection, code: Code) -> None:
        """A connection ends: from now on nobody counts on it."""
        player = connection.player
        opened = connection.transport is not None
        written = self.hub.written(connection)
        self.limiter.ended(connection.address)
        if connection.flow is not None:
            self.pacing.end(connection.flow)
        self.hub.remove(connection)
        connection.closed_with = code
        if not opened:
            return
        if written is not None:
            merge(player.written, written.positions)
        self.spawn(detach(self, connection))
        self._chronicle.closed(connection, code)

    def give_up(self, connection: Connection) -> None:
        """A connection had its time: one that was never opened, or whose peer answers nothing."""
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
            self.emptied.set()

    def _progress(self, connection: Connection) -> None:
        connection.progress_at = self.clock.now()
        self.hub.progress(connection)

    def announce_departure(self, player_id: str) -> None:
        """A player left the game; said once."""
        self._chronicle.departed(player_id)

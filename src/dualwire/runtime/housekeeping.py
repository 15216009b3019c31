"""Keeping the house: one task per node, one turn a second; nothing else here is periodic."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from ..codes import PEER_GONE, STALE, TOKEN_EXPIRED
from ..core.health import judge
from .attaching import Positions
from .connection import Connection
from .sharing import Sharing

if TYPE_CHECKING:
    from .node import Node

__all__ = ["TURN", "Housekeeping"]

log = structlog.get_logger("dualwire")

TURN = 1.0
"""Seconds between two turns of housekeeping."""

SLICE = 0.002
"""Seconds that a turn may hold the loop before others have theirs."""

BATCH = 64
"""Connections between two looks at the clock."""


class Housekeeping:
    """Looks after one node: pings, health, deadlines, expiry.

    Args:
        node: the node, started.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._turn_at = node.clock.now()
        self._own_delay = 0.0
        self._positions = Positions(node)
        self._sharing = Sharing(node)

    async def run(self) -> None:
        """Take one turn a second until cancelled."""
        node = self._node
        while True:
            await node.clock.sleep(TURN)
            try:
                await self.turn()
            except Exception as error:
                # One bad turn must not be the last one.
                node.stats.failed("housekeeping", error)
                log.exception("housekeeping_failed")

    async def turn(self) -> None:
        """Take one turn."""
        node = self._node
        now = node.clock.now()
        # Time for which our own loop was blocked never counts against a peer.
        self._own_delay = max(0.0, now - self._turn_at - TURN)
        self._turn_at = now
        node.stats.loop_lag.add(self._own_delay)
        node.timeline.take(node.clock.wall(), node.stats)
        node.hub.sampling.tidy()
        node.hub.skips.grow_up()
        node.arms.turn()
        if node.ready and node.stopping():
            node.ready = False
            log.info("node_stopping", node=node.id)
            node.spawn(node.drain())
        wall = node.clock.wall()
        began = node.loop_time()
        for number, connection in enumerate(list(node.connections.values())):
            if number % BATCH == 0 and node.loop_time() - began > SLICE:
                await asyncio.sleep(0)
                began = node.loop_time()
            if not _is_quiet(connection, now, wall):
                self._look_at(connection, now, wall)
        if node.shared:
            await self._positions.save()
            await self._sharing.tell()
        transitions = await node.engine.tick()
        node.revoking.enforce()
        for player_id in transitions.left:
            node.announce_departure(player_id)
        for player_id in transitions.lapsed:
            player = node.hub.players.get(player_id)
            for connection in list(player.connections.values()) if player else ():
                # Reserved and never opened: it does not keep a session alive.
                node.end(connection, STALE)
            node.hub.forget(player_id)
            log.info("session_lapsed", player=player_id)
        for player_id in transitions.over:
            node.hub.forget(player_id)

    def _look_at(self, connection: Connection, now: float, wall: float) -> None:
        node = self._node
        if connection.deadline is not None:
            if now >= connection.deadline:
                node.give_up(connection)
            return
        expires_at = connection.identity.expires_at
        if expires_at is not None and wall >= expires_at:
            node.end(connection, TOKEN_EXPIRED)
            return
        self._judge(connection, now)
        if connection.ended:
            return
        if connection.pong_due is not None and now >= connection.pong_due + self._own_delay:
            node.end(connection, STALE)
        elif now >= connection.next_ping:
            connection.next_ping += node.config.heartbeat.interval
            self._ping(connection, now)

    def _ping(self, connection: Connection, now: float) -> None:
        # While bytes wait for the peer, it is known by whether it takes them.
        if connection.transport is None or connection.transport.buffered:
            return
        encoding = connection.encoding
        connection.pings += 1
        if encoding.contiguous:
            self._node.hub.tell_skips(connection)
        tails = self._node.hub.tails(connection) if encoding.contiguous else {}
        ping = encoding.ping(connection.pings, tails)
        if ping is None:
            return
        self._node.hub.push(connection, ping)
        pong_timeout = self._node.config.heartbeat.pong_timeout
        connection.pinged(now, now + pong_timeout if encoding.answered else None)

    def _judge(self, connection: Connection, now: float) -> None:
        node = self._node
        if connection.transport is None or not connection.transport.buffered:
            # What is joined with more, here, waits for us and not for the peer.
            connection.progress_at = now
        stalled = now - connection.progress_at - self._own_delay
        if connection.waiting and stalled > node.config.session.resume:
            # As long as a session can be resumed; TCP_USER_TIMEOUT says the same where it is set.
            node.end(connection, STALE, flush=False)
            return
        verdict = judge(connection.vitals(self._own_delay), now, node.config.heartbeat)
        if verdict == "dead":
            node.closed_by_peer(connection, PEER_GONE)
        elif verdict != connection.verdict:
            before, connection.verdict = connection.verdict, verdict
            node.stats.health_changes[verdict] += 1
            node.stats.arms[connection.player.arm].stalls += verdict == "degraded"
            node.journal.note(connection, "health", verdict)
            log.info(
                "connection_health",
                player=connection.player.id,
                connection=connection.id,
                type=connection.connection_type,
                before=before,
                now=verdict,
                waiting=connection.waiting,
            )
            node.hub.twins.arrange(connection.player)


def _is_quiet(connection: Connection, now: float, wall: float) -> bool:
    """Whether there is nothing to do for a connection, as for nearly all of them at any moment.

    Asked of each of ten thousand every second, so it asks no more than it must.
    """
    transport, expires_at = connection.transport, connection.identity.expires_at
    if (
        connection.deadline is not None
        or connection.pong_due is not None
        or now >= connection.next_ping
        or transport is None
        or connection.verdict != "healthy"
        or (expires_at is not None and wall >= expires_at)
        or connection.outbox_size
        or transport.buffered
        or not transport.alive
    ):
        return False
    connection.progress_at = now
    return True

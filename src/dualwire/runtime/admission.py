"""Letting a connection in: its session, the caps, and where in its streams it begins."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from ..codes import PROTOCOL_ERROR, SESSION_REPLACED
from ..core.connection_ids import connection_id
from ..core.cursor import merge
from ..core.encoding import Encoding
from ..core.encoding.filtered import Filters
from ..core.reading import Place
from ..core.session import Claim, check_session_id, issue_session_id
from ..exceptions import SessionError
from ..types import (
    GLOBAL,
    ConnectionType,
    Cursor,
    EventTypes,
    Identity,
    JSONObject,
    Loss,
)
from .audience import LocalPlayer
from .connection import Connection

if TYPE_CHECKING:
    from .node import Node

__all__ = ["Admission", "Opening"]

log = structlog.get_logger("dualwire")


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
    types: EventTypes = frozenset()
    """Types of events that the client wants; empty for all, or for what its session carries."""
    standby: bool = False
    """The client asks that its plain connections do not all carry every event."""
    address: str | None = None
    """Where it comes from; ``None`` for a place that is not limited."""


class Admission:
    """Claims sessions and registers connections for one node.

    Args:
        node: the node.
        session_key: key for the MAC in session ids; ``None`` for ids without one.
    """

    def __init__(self, node: Node, session_key: bytes | None) -> None:
        self._node = node
        self._session_key = session_key
        self._filters = Filters()

    async def reserve(self, opening: Opening) -> Connection:
        """Claim the session for a connection and register it; it carries nothing yet.

        Raises:
            SessionError: the session id is malformed, somebody else's, or retired; or the client
                wants other events than the session carries.
            AuthenticationError: the proof of who it is was revoked.
            CapacityError: there are as many connections as may be, of this player, from this
                address or at all; or the player opens too many in too short a time.
        """
        await self._node.start()
        engine, began = self._node.engine, self._node.clock.now()
        player_id = opening.player_id
        if opening.session_id is not None:
            check_session_id(opening.session_id, player_id, self._session_key)
        self._check_limits(opening, began)
        self._node.revoking.check(opening.identity)
        # A plain connection has a filter of its own, which says nothing about the session.
        types = opening.types if opening.encoding.contiguous else None
        claim, player = await self._claim(player_id, opening.session_id, types)
        encoding = self._filters.of(opening.encoding, self._types(opening, claim, player))
        self._node.arms.assign(player)
        plain = not opening.encoding.contiguous
        kind = opening.connection_type
        connection = Connection(
            connection_id(self._node.id, kind, secrets.token_hex(8), plain=plain),
            player,
            claim.session_id,
            encoding,
            opening.connection_type,
            opening.identity,
            now=began,
            wall=self._node.clock.wall(),
            standby_wanted=opening.standby,
            address=opening.address,
        )
        saved = await engine.written(player_id) if engine.durable else {}
        # Nothing waits from here on, so where it stands is where it was registered.
        # Once more: much may have happened meanwhile, and from here on every connection is seen.
        self._node.revoking.check(opening.identity)
        self._check_still(player, claim.session_id)
        connection.place = self._place(player, opening, saved, resumes=claim.outcome == "joined")
        if encoding.contiguous:
            connection.hello = self._hello(connection, opening)
        self._note_resume(connection, opening)
        connection.deadline = began + self._node.config.session.open_within
        player.connections[connection.id] = connection
        self._node.connections[connection.id] = connection
        self._node.limiter.opened(opening.address)
        return connection

    async def claim(self, player_id: str, session_id: str) -> None:
        """Make a session the player's current one, ending every other; idempotent.

        Raises:
            SessionError: the session id is malformed, somebody else's, or retired.
        """
        await self._node.start()
        check_session_id(session_id, player_id, self._session_key)
        await self._claim(player_id, session_id)

    def check_session_id(self, player_id: str, session_id: str) -> None:
        """Refuse an id that cannot be this player's, without a look at who uses it.

        Raises:
            SessionError: with code 4422 for a malformed id, 4403 for another player's.
        """
        check_session_id(session_id, player_id, self._session_key)

    def issue_session_id(self, player_id: str) -> str:
        """A new session id for a player; nothing is claimed."""
        return issue_session_id(secrets.token_urlsafe(18), player_id, self._session_key)

    async def _claim(
        self, player_id: str, session_id: str | None, types: EventTypes | None = None
    ) -> tuple[Claim, LocalPlayer]:
        began = self._node.clock.now()
        engine = self._node.engine
        # Only for whoever brings none and finds none; another node may end one meanwhile.
        fresh = session_id is None and (engine.waits or engine.session_of(player_id) is None)
        fresh_id = self.issue_session_id(player_id) if fresh else ""
        claim = await engine.claim(player_id, session_id, fresh_id, types)
        if claim.outcome == "refused":
            assert claim.code is not None
            raise SessionError(
                f"session {claim.session_id!r} is over: {claim.code.reason}", claim.code
            )
        player = self._node.hub.player(player_id)
        await self._node.engine.ready((player.stream, GLOBAL, *player.rooms))
        if claim.outcome == "takeover":
            player.written.clear()
            player.acknowledged.clear()
            self._node.stats.arms[player.arm].takeovers += 1
            self._node.stats.session_switch.add(self._node.clock.now() - began)
            log.info(
                "session_taken_over",
                player=player_id,
                session=claim.session_id,
                replaced=claim.replaced,
            )
        return claim, player

    def _types(self, opening: Opening, claim: Claim, player: LocalPlayer) -> EventTypes:
        """Which events a connection gets: twins must never disagree about that, or the one would
        leave out what the other is about to bring."""
        if opening.encoding.contiguous:
            decided = claim.types or frozenset()
            if opening.types and opening.types != decided:
                raise SessionError(
                    f"types: this session carries {_listed(decided)}, as all its connections do; "
                    "ask for the same, or begin another session",
                    PROTOCOL_ERROR,
                )
            return decided
        plain = [each for each in player.connections.values() if not each.encoding.contiguous]
        asked = opening.standby or any(each.standby_wanted for each in plain)
        if asked or self._node.config.plain_twins == "standby":
            for each in plain:
                if each.encoding.types != opening.types:
                    raise SessionError(
                        "types: the player's plain connections stand by for each other, so they "
                        f"carry the same: {_listed(each.encoding.types)}",
                        PROTOCOL_ERROR,
                    )
        return opening.types

    def _check_still(self, player: LocalPlayer, session_id: str) -> None:
        """See that a session which was claimed was not ended while the engine was asked: that
        ended only the connections which were registered by then."""
        if player.over == session_id or self._node.hub.players.get(player.id) is not player:
            raise SessionError(
                f"session {session_id!r} is over: {SESSION_REPLACED.reason}", SESSION_REPLACED
            )

    def _check_limits(self, opening: Opening, now: float) -> None:
        limiter, player = self._node.limiter, self._node.hub.players.get(opening.player_id)
        limiter.check_place(opening.address)
        current = self._node.engine.session_of(opening.player_id)
        if opening.session_id in (None, current):
            there = self._node.elsewhere.connections(opening.player_id)
            limiter.check_player(player, opening.connection_type, there)
        if opening.address is not None:
            limiter.open(opening.player_id, opening.connection_type, now)

    def _hello(self, connection: Connection, opening: Opening) -> JSONObject:
        """What a client of ``dualwire.v1`` is told about its connection, beside where it begins."""
        config, place = self._node.config, connection.place
        losses = place.losses if place is not None else []
        types = connection.encoding.types
        return {
            "connection": connection.id,
            "session": connection.session_id,
            "player": connection.player.id,
            "node": self._node.id,
            "ping_interval": config.heartbeat.interval,
            "pong_timeout": config.heartbeat.pong_timeout,
            "limits": {"message": config.limits.message},
            "resume_window": config.session.resume,
            "resume": _resume(connection.player.stream, opening.cursor, losses),
            **({"types": sorted(types)} if types else {}),
        }

    def _note_resume(self, connection: Connection, opening: Opening) -> None:
        assert connection.place is not None
        losses, known = connection.place.losses, opening.cursor
        if known is None and opening.last_event_id is not None:
            known = {connection.player.stream: connection.place.positions[connection.player.stream]}
        resume = _resume(connection.player.stream, known, losses)
        outcome, reason = resume["outcome"], resume.get("reason", "none")
        self._node.stats.resumes[outcome, reason] += 1
        if outcome != "new":
            log.info(
                "connection_resumed",
                player=connection.player.id,
                connection=connection.id,
                type=connection.connection_type,
                outcome=outcome,
                reason=reason,
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
            if node_id == self._node.id:
                return reader.at_number(n)
        elif not resumes or self._somebody_carries(player):
            return reader.at_tail()
        # Nobody carries now: go on where the session's last connection was written.
        merge(saved, player.written)
        return reader.at_cursor(saved)

    def _somebody_carries(self, player: LocalPlayer) -> bool:
        here = any(each.carries for each in player.connections.values())
        return here or bool(self._node.elsewhere.connections(player.id))


def _listed(types: EventTypes) -> str:
    return ", ".join(sorted(types)) or "every type of event"


def _resume(own: str, cursor: Cursor | None, losses: Sequence[Loss]) -> JSONObject:
    """How a client's cursor was met, with the reason where it was not met in full."""
    if cursor is None or own not in cursor:
        return {"outcome": "new"}
    if not losses:
        return {"outcome": "resumed"}
    if any(loss.stream == own and loss.reason == "epoch" for loss in losses):
        return {"outcome": "lost", "reason": "epoch"}
    ranges = [[loss.stream, loss.first, loss.last, loss.reason] for loss in losses]
    return {"outcome": "partial", "reason": losses[0].reason, "ranges": ranges}

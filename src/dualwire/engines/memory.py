"""The embedded engine: one process, no dependency, nothing to install.

Nothing in it waits, so every method is atomic in an event loop by itself.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from itertools import takewhile
from typing import Any

from ..abc import Clock, Engine, History, Published, Renewed, Sink, Ticket, ignore_renewal
from ..codes import SESSION_REPLACED, Code
from ..config import HistoryPolicy, SessionPolicy
from ..core.commands import CommandClaim, CommandTable
from ..core.cursor import merge
from ..core.limits import Buckets, Rate
from ..core.presence import PresenceTable, Transitions
from ..core.revocation import RevocationTable
from ..core.rooms import RoomTable
from ..core.session import Claim, SessionTable
from ..core.stream import StreamLog, new_epoch
from ..exceptions import EngineError
from ..types import (
    Body,
    Cursor,
    Entry,
    Event,
    EventTypes,
    Membership,
    Position,
    Presence,
    Reply,
    SessionEnded,
    player_stream,
    room_of,
    room_stream,
)

__all__ = ["MemoryEngine"]

PUBLISH_ID_LIFE = 120.0
"""Seconds within which a repeated publish id is recognized."""


class MemoryEngine(Engine):
    """Streams, sessions and presence in this process's memory.

    Args:
        clock: time.
        history: how much of each stream is kept.
        session: how long sessions and presence outlive their connections.
    """

    durable = False
    waits = False

    def __init__(
        self,
        clock: Clock,
        history: HistoryPolicy | None = None,
        session: SessionPolicy | None = None,
    ) -> None:
        self._clock = clock
        self._history = history or HistoryPolicy()
        policy = session or SessionPolicy()
        self._sink: Sink | None = None
        self._logs: dict[str, StreamLog] = {}
        self._followed: set[str] = set()
        self._last_epoch = ""
        self._publish_ids: dict[tuple[str, str], tuple[float, Position]] = {}
        self._rooms = RoomTable()
        self._sessions = SessionTable(policy.retired)
        self._presence = PresenceTable(policy.grace, policy.resume)
        self._written: dict[str, Cursor] = {}
        self._commands = CommandTable(policy.resume)
        self._tickets: dict[str, Ticket] = {}
        self._attempts: dict[tuple[int, float], Buckets[str]] = {}
        self._revoked = RevocationTable()

    async def start(self, sink: Sink, renewed: Renewed = ignore_renewal) -> None:
        self._sink = sink

    async def stop(self) -> None:
        self._sink = None

    # Streams

    async def publish(
        self, stream: str, event: Event, *, publish_id: str | None = None
    ) -> Published:
        if publish_id is None:
            entry = self._append(stream, event)
            return Published(Position(self._logs[stream].epoch, entry.offset), repeated=False)
        key = stream, publish_id
        known = self._publish_ids.get(key)
        if known is not None and self._clock.now() - known[0] < PUBLISH_ID_LIFE:
            return Published(known[1], repeated=True)
        entry = self._append(stream, event)
        position = Position(self._logs[stream].epoch, entry.offset)
        # Re-inserted at the end, so that the oldest ids stay first and are cheap to forget.
        self._publish_ids.pop(key, None)
        self._publish_ids[key] = self._clock.now(), position
        return Published(position, repeated=False)

    async def history(self, stream: str, after: int, limit: int) -> History:
        log = self.log(stream)
        return History(tuple(log.after(after, limit)), log.first, log.position)

    def log(self, stream: str) -> StreamLog:
        log = self._logs.get(stream)
        if log is None:
            self._last_epoch = new_epoch(
                self._clock.wall(), secrets.randbits(32), after=self._last_epoch
            )
            policy = self._history
            personal = stream.startswith("player:")
            log = self._logs[stream] = StreamLog(
                self._last_epoch,
                # A player's stream is kept as long as its session can be resumed.
                max_age=None if personal else policy.room_age,
                max_events=policy.player_events if personal else policy.room_events,
                max_bytes=policy.player_bytes if personal else policy.room_bytes,
            )
            log.used_at = self._clock.now()
        return log

    def follow(self, stream: str) -> None:
        self._followed.add(stream)

    def unfollow(self, stream: str) -> None:
        self._followed.discard(stream)

    async def ready(self, streams: Collection[str]) -> None:
        pass

    def _check_started(self, operation: str) -> Sink:
        if self._sink is None:
            raise EngineError(operation, "the engine is not started (or was stopped)")
        return self._sink

    def _append(self, stream: str, body: Body) -> Entry:
        sink = self._check_started("publish")
        entry = self.log(stream).append(body, self._clock.now())
        sink(stream, entry)
        return entry

    # Rooms

    async def enter(self, player_id: str, room_id: str) -> bool:
        self._check_started("enter")
        stream = room_stream(room_id)
        entry = self._rooms.enter(player_id, stream, self.log(stream).position)
        if entry is None:
            return False
        self._append(player_stream(player_id), entry)
        return True

    async def leave(self, player_id: str, room_id: str) -> bool:
        self._check_started("leave")
        stream = room_stream(room_id)
        entry = self._rooms.leave(player_id, stream, self.log(stream).position)
        if entry is None:
            return False
        self._append(player_stream(player_id), entry)
        return True

    def rooms_of(self, player_id: str) -> Mapping[str, Membership]:
        return self._rooms.rooms_of(player_id)

    def members_of(self, room_id: str) -> frozenset[str]:
        return self._rooms.members(room_stream(room_id))

    def members(self) -> Mapping[str, frozenset[str]]:
        return {
            room_of(stream): frozenset(members)
            for stream, members in self._rooms.all_members.items()
        }

    # Sessions and presence

    async def claim(
        self,
        player_id: str,
        session_id: str | None,
        fresh_id: str,
        types: EventTypes | None = None,
    ) -> Claim:
        self._check_started("claim")
        now = self._clock.now()
        claim = self._sessions.claim(player_id, session_id, fresh_id, now, types)
        if claim.outcome != "refused":
            self._presence.expect(player_id, now)
        if claim.replaced is not None:
            self._written.pop(player_id, None)
            ended = SessionEnded(session_id=claim.replaced, code=SESSION_REPLACED.number)
            self._append(player_stream(player_id), ended)
        return claim

    async def end_session(
        self, player_id: str, code: Code, *, flush: bool, session_id: str | None = None
    ) -> str | None:
        self._check_started("end_session")
        ended = self._sessions.end(player_id, code, self._clock.now(), session_id)
        if ended is None and session_id is not None:
            return None
        if ended is not None:
            body = SessionEnded(session_id=ended, code=code.number, flush=flush)
            self._append(player_stream(player_id), body)
        self._presence.leave(player_id)
        await self._forget(player_id)
        return ended

    def session_of(self, player_id: str) -> str | None:
        return self._sessions.current(player_id)

    async def attach(self, player_id: str, connection_id: str) -> bool:
        self._check_started("attach")
        return self._presence.attach(
            player_id, connection_id, self._clock.now(), self._clock.wall()
        )

    async def detach(self, player_id: str, connection_id: str) -> None:
        self._presence.detach(player_id, connection_id, self._clock.now())

    async def describe(self, player_id: str, info: Mapping[str, Any]) -> bool:
        return self._presence.describe(player_id, info)

    def presence_of(self, player_id: str) -> Presence | None:
        return self._presence.get(player_id)

    def presence(self) -> Mapping[str, Presence]:
        return self._presence.all()

    async def tick(self) -> Transitions:
        now = self._clock.now()
        transitions = self._presence.tick(now)
        for player_id in transitions.lapsed:
            self._sessions.lapse(player_id, now)
            await self._forget(player_id)
        self._sessions.tick(now)
        self._commands.tick(now)
        self._revoked.tick(self._clock.wall())
        self._expire_ids(now)
        self._expire_history(now)
        for secret in [key for key, ticket in self._tickets.items() if ticket.expires_at <= now]:
            del self._tickets[secret]
        return transitions

    # Commands

    async def claim_command(self, player_id: str, command_id: str, *, retry: bool) -> CommandClaim:
        now = self._clock.now()
        return self._commands.claim(player_id, command_id, retry=retry, now=now)

    async def finish_command(self, player_id: str, reply: Reply) -> bool:
        self._check_started("finish_command")
        if not self._commands.finish(player_id, reply, self._clock.now()):
            return False
        self._append(player_stream(player_id), reply)
        return True

    # What plain connections were written

    async def save_written(self, player_id: str, session_id: str, written: Cursor) -> None:
        if self._sessions.current(player_id) != session_id:
            return
        merge(self._written.setdefault(player_id, {}), written)

    async def written(self, player_id: str) -> Cursor:
        return dict(self._written.get(player_id, {}))

    # Tickets

    async def put_ticket(self, secret: str, ticket: Ticket) -> None:
        self._tickets[secret] = ticket

    async def take_ticket(self, secret: str) -> Ticket | None:
        ticket = self._tickets.pop(secret, None)
        if ticket is None or ticket.expires_at <= self._clock.now():
            return None
        return ticket

    # Attempts

    async def attempt(self, key: str, amount: int, period: float) -> float:
        kind = amount, period
        if kind not in self._attempts:
            self._attempts[kind] = Buckets(Rate(amount / period, amount))
        return max(0.0, self._attempts[kind].take(key, self._clock.now()))

    # Revocation

    async def revoke(self, key: str, at: float, until: float) -> None:
        self._check_started("revoke")
        self._revoked.add(key, at, until)

    @property
    def revoked(self) -> RevocationTable:
        return self._revoked

    # Housekeeping

    async def _forget(self, player_id: str) -> None:
        """Drop what belongs to a session that is over: rooms, history, written position."""
        for stream in self._rooms.rooms_of(player_id):
            await self.leave(player_id, room_of(stream))
        self._written.pop(player_id, None)
        # The next life of this stream is a larger epoch, so no offset is used twice.
        self._logs.pop(player_stream(player_id), None)

    def _expire_ids(self, now: float) -> None:
        # Oldest first, so only what is due is looked at.
        due = takewhile(lambda item: now - item[1][0] >= PUBLISH_ID_LIFE, self._publish_ids.items())
        for key, _ in list(due):
            del self._publish_ids[key]

    def _expire_history(self, now: float) -> None:
        total = 0
        for stream, log in list(self._logs.items()):
            log.expire(now)
            total += log.bytes
            if stream not in self._followed and now - log.used_at >= self._history.room_age:
                # Nobody here needs it: its next life, if any, is a larger epoch.
                total -= log.bytes
                del self._logs[stream]
        if total <= self._history.budget:
            return
        for log in sorted(self._logs.values(), key=lambda log: log.used_at):
            if total <= self._history.budget:
                return
            total -= log.bytes
            log.clear()

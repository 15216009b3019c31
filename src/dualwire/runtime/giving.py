"""An event to those who are given it live: into the groups of many, into the outboxes of a few.

The hot path. What is done per event is done once; for many connections that is all, and for a few
there is an append to the outbox of each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from typing import TYPE_CHECKING

from ..config import Limits
from ..core.encoding import Encoding
from ..types import Entry, Event
from .audience import Audience
from .connection import Connection
from .flushing import Flushing
from .group import Group

if TYPE_CHECKING:
    from .hub import Hub

__all__ = ["Giving"]


class Giving:
    """Gives events to the live connections of one hub.

    Args:
        hub: whose.
        limits: how much may wait.
        flushing: sees to it that what was given is written.
        now: seconds of the event loop.
    """

    def __init__(
        self, hub: Hub, limits: Limits, flushing: Flushing, now: Callable[[], float]
    ) -> None:
        self._hub = hub
        # What waits for a connection is in its own outbox and in a group: half of the bound each.
        self._most = limits.outbox // 2
        self._most_events = limits.outbox_events
        self._flushing = flushing
        self._now = now

    def give(self, audience: Audience, stream: str, entry: Entry, body: Event) -> None:
        """Give an event to those of a stream's audience who may have it and want it."""
        hub = self._hub
        refused = hub.permission.refused(audience, body)
        if audience.skipped:
            hub.skips.tell_before(audience, stream, entry, body, refused)
        groups = audience.groups
        if groups is not None:
            last = self._give_many(audience, groups, stream, entry, body, refused)
        else:
            last = self._give_few(audience, stream, entry, body, refused)
        if last is not None and not refused:
            hub.sampling.given(last, stream, audience.position, entry, self._now())
        self._flushing.given()

    def _give_many(
        self,
        audience: Audience,
        groups: Mapping[Encoding, Group],
        stream: str,
        entry: Entry,
        body: Event,
        refused: Set[str],
    ) -> Connection | None:
        """Put an event into groups; one of those who get it."""
        flushing, now, most = self._flushing, self._now(), self._most
        skipping: list[Connection] = []
        full: list[tuple[Group, int]] = []
        moved: list[Connection] = []
        last = None
        for encoding, group in groups.items():
            if not encoding.wants(body):
                skipping.extend(group)
                continue
            held = self._held(group, refused) if refused else ()
            frame = encoding.event(stream, entry)
            moved += group.give(frame, held)
            entry.accepted += len(group) - len(held)
            skipping.extend(held)
            last = group.last
            flushing.give(group, now)
            if group.size > most or group.waiting > self._most_events:
                # Was it too much before, all have their turn by the time that as much again comes.
                behind = group.size - frame.size > most
                full.append((group, len(group) * frame.size // most if behind else 0))
        # Before anybody falls back to reading, which is to account for what it skips as well.
        if skipping:
            self._hub.skips.note(audience, skipping, entry.offset)
        # Inline, so that a publisher who never yields cannot make it grow without bound.
        for group, least in full:
            flushing.hurry(group, least)
        for connection in moved:
            if connection.outbox_size > most:
                self._hub.flush(connection)
        return last

    def _held(self, group: Group, refused: Set[str]) -> list[Connection]:
        """The members of a group whose players do not get an event."""
        players = [self._hub.players.get(each) for each in refused]
        return [c for each in players if each for c in each.connections.values() if c in group]

    def _give_few(
        self, audience: Audience, stream: str, entry: Entry, body: Event, refused: Set[str]
    ) -> Connection | None:
        """Put an event into outboxes; one of those who get it."""
        most, most_events = self._most, self._most_events
        full: list[Connection] = []
        skipping: list[Connection] = []
        flushing, now = self._flushing, self._now()
        dirty, joining, joins = flushing.dirty, flushing.joining, flushing.joins
        busy_since = now - flushing.coalesce
        # What is said to one player goes before the rest of a large room.
        put = dirty.append if audience.players > 1 else dirty.appendleft
        last = None
        for encoding, connections in audience.live.items():
            if not encoding.wants(body):
                skipping.extend(connections)
                continue
            frame = encoding.event(stream, entry)
            for connection in connections:
                if refused and connection.player.id in refused:
                    skipping.append(connection)
                    continue
                last = connection
                entry.accepted += 1
                connection.push(frame)
                if not connection.dirty:
                    connection.dirty = True
                    if joins and connection.flushed_at > busy_since:
                        joining.append(connection)
                    else:
                        put(connection)
                if connection.outbox_size > most or len(connection.outbox) > most_events:
                    full.append(connection)
        # As for groups.
        if skipping:
            self._hub.skips.note(audience, skipping, entry.offset)
        for connection in full:
            self._hub.flush(connection)
        return last

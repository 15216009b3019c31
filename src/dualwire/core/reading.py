"""What a connection is due: reading from the logs, from where the connection stands to the tail.

A connection carries its player's stream, ``global``, and the rooms that the player is in *by the
connection's own account*: membership changes when the connection passes the entry of the player's
stream that says so, not before. So a connection that lags is read what was said in the room it was
in, up to the moment of leaving, and nothing from before the moment of entering.

On one node, entries of all streams are read in the order in which they arrived (``Entry.n``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ..types import (
    GLOBAL,
    Cursor,
    Entry,
    Loss,
    Membership,
    Position,
    Subscribed,
    Unsubscribed,
    player_stream,
)
from .cursor import clamp
from .rooms import membership_at
from .stream import StreamLog

__all__ = ["Place", "Reader"]


@dataclass(slots=True)
class Place:
    """Where one connection stands: the position it was given in each stream that it carries."""

    positions: Cursor
    losses: list[Loss] = field(default_factory=list)
    """What history no longer holds, to be told before anything else."""


class Reader:
    """Reads one player's streams.

    Args:
        player_id: the player.
        log: the log of a stream.
        rooms_of: a player's memberships at the tail of its stream.
    """

    __slots__ = ("_log", "_player_id", "_rooms_of", "_stream")

    def __init__(
        self,
        player_id: str,
        log: Callable[[str], StreamLog],
        rooms_of: Callable[[str], Mapping[str, Membership]],
    ) -> None:
        self._stream = player_stream(player_id)
        self._log = log
        self._player_id = player_id
        self._rooms_of = rooms_of

    def at_tail(self) -> Place:
        """The place of somebody who wants only what comes from now on."""
        streams = (self._stream, GLOBAL, *self._rooms_of(self._player_id))
        return Place({stream: self._log(stream).position for stream in streams})

    def at_cursor(self, cursor: Mapping[str, Position]) -> Place:
        """The place of somebody who has seen ``cursor``.

        Nothing in a cursor is believed: positions beyond the tail are clamped, rooms are computed
        from the log, and a room is never read from before the player came in. The player's own
        stream decides: without a position there the client is new, and gets what comes from now on.
        """
        seen = cursor.get(self._stream)
        if seen is None:
            return self.at_tail()
        place = Place({})
        self._stand(place, self._stream, seen)
        for stream, membership in self._rooms_at(place).items():
            start = self._start(membership)
            self._stand(place, stream, cursor.get(stream, start))
            # Whatever the cursor says, nothing is read from before the player came in.
            place.positions[stream] = max(place.positions[stream], start)
        self._stand(place, GLOBAL, cursor.get(GLOBAL, self._log(GLOBAL).position))
        return place

    def at_number(self, n: int) -> Place:
        """The place of somebody who was given everything up to this node's number ``n``."""
        place = Place({})
        self._stand_at_number(place, self._stream, n)
        for stream, membership in self._rooms_at(place).items():
            self._stand_at_number(place, stream, n, self._start(membership).offset)
        self._stand_at_number(place, GLOBAL, n)
        return place

    def further(self, place: Place, n: int) -> Place:
        """The place of somebody who stood at ``place`` and was given all up to ``n`` since."""
        if n == 0:
            return place
        later = self.at_number(n)
        if place.positions[self._stream] > later.positions[self._stream]:
            # It began where the player's stream stood after ``n``: its rooms are the ones to read.
            rooms, other = place.positions, later.positions
        else:
            rooms, other = later.positions, place.positions
        positions = {stream: max(at, other.get(stream, at)) for stream, at in rooms.items()}
        return Place(positions, [loss for loss in later.losses if not _covered(loss, place)])

    def next(self, place: Place) -> tuple[str, Entry] | Loss | None:
        """Take the next step from a place.

        Returns:
            The entry that is due, with its stream; or what is lost; or ``None`` at the tail of
            every stream. The place has moved past what is returned.
        """
        if place.losses:
            return place.losses.pop(0)
        found: tuple[str, Entry] | None = None
        for stream, position in place.positions.items():
            log = self._log(stream)
            if position.epoch == log.epoch and position.offset >= log.offset:
                continue
            entry = log.at(position.offset + 1) if position.epoch == log.epoch else None
            if entry is None:
                until = self._leaving(place, stream)
                if until is not None and position >= until:
                    continue  # It has all that it is due, and is about to read that it left.
                self._skip_lost(place, stream, until)
                return place.losses.pop(0)
            if found is None or entry.n < found[1].n:
                found = stream, entry
        if found is None:
            return None
        stream, entry = found
        body = entry.body
        if type(body) is Unsubscribed:
            behind = self._before_leaving(place, body)
            if behind is not None:
                stream, entry = body.stream, behind
                body = entry.body
        place.positions[stream] = Position(place.positions[stream].epoch, entry.offset)
        if type(body) is Subscribed:
            place.positions[body.stream] = body.position
        elif type(body) is Unsubscribed:
            place.positions.pop(body.stream, None)
        return stream, entry

    def _before_leaving(self, place: Place, body: Unsubscribed) -> Entry | None:
        """The room's next entry up to the moment of leaving, if the connection has not had it."""
        position = place.positions.get(body.stream)
        if position is None or position >= body.until:
            return None
        return self._log(body.stream).at(position.offset + 1)

    def _leaving(self, place: Place, stream: str) -> Position | None:
        """Until where a room is due, if the player has left it since; ``None`` if not."""
        for entry in self._log(self._stream).after(place.positions[self._stream].offset):
            body = entry.body
            if type(body) is Unsubscribed and body.stream == stream:
                return body.until
        return None

    def _rooms_at(self, place: Place) -> dict[str, Membership]:
        later = self._log(self._stream).after(place.positions[self._stream].offset)
        return membership_at(self._rooms_of(self._player_id), reversed(later))

    def _start(self, membership: Membership) -> Position:
        epoch = self._log(membership.stream).epoch
        # A room whose log began anew after the player came in is read from its new beginning.
        return membership.start if membership.start.epoch == epoch else Position(epoch, 0)

    def _stand(self, place: Place, stream: str, seen: Position) -> None:
        place.positions[stream] = clamp(seen, self._log(stream).position)
        self._check_kept(place, stream)

    def _stand_at_number(self, place: Place, stream: str, n: int, start: int = 0) -> None:
        log = self._log(stream)
        offset = max(log.offset_at(n), start)
        place.positions[stream] = Position(log.epoch, offset)
        if log.trimmed_n > n and start < log.first - 1:
            place.losses.append(Loss(stream, start + 1, log.first - 1, "trimmed"))

    def _check_kept(self, place: Place, stream: str, until: Position | None = None) -> None:
        log, position = self._log(stream), place.positions[stream]
        last = log.first - 1
        if position.epoch != log.epoch:
            place.losses.append(Loss(stream, 1, last, "epoch"))
        elif position.offset < last:
            if until is not None and until.epoch == log.epoch:
                last = min(last, until.offset)
            place.losses.append(Loss(stream, position.offset + 1, last, "trimmed"))
        else:
            return
        place.positions[stream] = Position(log.epoch, last)

    def _skip_lost(self, place: Place, stream: str, until: Position | None) -> None:
        self._check_kept(place, stream, until)
        if stream != self._stream:
            return
        # Entries that said where the player went are gone with it: take the rooms as they were at
        # the first entry that is kept.
        rooms = self._rooms_at(place)
        for gone in [name for name in place.positions if name.startswith("room:")]:
            if gone not in rooms:
                del place.positions[gone]
        for name, membership in rooms.items():
            start = self._start(membership)
            known = place.positions.get(name, start)
            place.positions[name] = max(known, start)


def _covered(loss: Loss, place: Place) -> bool:
    """Whether somebody who stood at a place had all that is lost."""
    at = place.positions.get(loss.stream)
    return at is not None and at.offset >= loss.last

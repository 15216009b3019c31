"""What a receiver knows: the streams that are due, the connections, and what is missing."""

from __future__ import annotations

from collections import deque

from ...types import Position
from .accounts import Account, Carrier, Track
from .items import Entered, Gap, Item, Left

__all__ = ["Ledger"]

_KEPT_ROOMS = 256
"""Rooms that were left and are remembered, because events beyond the leaving were handed on."""


class Ledger:
    """Streams and connections, compared.

    Args:
        wait: seconds that something missing is waited for while another connection may bring it.
    """

    def __init__(self, wait: float) -> None:
        self._wait = wait
        self._left: dict[str, Track] = {}
        self.player = ""
        """The player's stream; empty before the first ``hello``."""
        self.tracks: dict[str, Track] = {}
        self.connections: dict[str, Carrier] = {}
        self.waits: dict[str, float] = {}
        """By stream in which something is missing: when the wait is over, in seconds."""
        self.released: deque[Carrier] = deque()
        """Connections that stood still and perhaps need no longer."""
        self.items: list[Item] = []
        """What the application gets next."""
        self.gaps = 0

    # Announcements

    def compare(self, connection: Carrier, stream: str, account: Account, now: float) -> None:
        """One stream, as a connection announces it."""
        track = self.tracks.get(stream)
        if track is None:
            return
        if account.epoch > track.epoch:
            self.renew(stream, track, account)
            self.judge(stream, now)
        elif self.is_past(connection, stream, track):
            self.judge(stream, now)

    def renew(self, stream: str, track: Track, begin: Account | Track) -> None:
        """A stream's log began anew; what the old one still held is lost."""
        self._tell(stream, None, None, "epoch")
        track.epoch, track.next, track.begin = begin.epoch, begin.next, begin.next
        if stream == self.player:
            for each in self.tracks.values():
                each.since = 0

    # Streams that are due

    def adopt(self, connection: Carrier, since: int, now: float) -> None:
        """Take the rooms from a connection that begins exactly where the player's stream stands."""
        for stream in [each for each in self.tracks if each not in connection.accounts]:
            self.close(stream, None, now)
            if _is_room(stream):
                self.items.append(Left(stream, None, connection.id))
        for stream, account in connection.accounts.items():
            if stream not in self.tracks:
                room = _is_room(stream)
                self.open(stream, Track(account.epoch, account.next, since if room else 0))
                if room:
                    self.items.append(Entered(stream, None, connection.id))

    def open(self, stream: str, begin: Track) -> None:
        """A room is due from a place on, as an accepted entry or an announcement says."""
        # Events beyond a moment of leaving may have been handed on; they are not due again.
        known = self.tracks.get(stream) or self._left.pop(stream, None)
        if known is None or (begin.epoch > known.epoch and stream not in self.tracks):
            known = Track(begin.epoch, begin.next)
        elif begin.epoch > known.epoch:
            self.renew(stream, known, begin)
        elif begin.epoch < known.epoch:
            # What the older epoch held after this place is gone.
            self._tell(stream, None, None, "epoch")
        else:
            if begin.next < known.begin:
                # It was announced from further on than it is due: what lies between is trimmed.
                self._tell(stream, begin.next, known.begin - 1, "trimmed")
            known.next = max(known.next, begin.next)
            known.begin = begin.next
        known.since = begin.since
        self.tracks[stream] = known

    def close(self, stream: str, until: Position | None, now: float) -> None:
        track = self.tracks.pop(stream, None)
        if track is None:
            return
        # An epoch never goes back; an offset does not where something was handed on.
        newer = until is not None and track.epoch > until.epoch
        beyond = until is None or track.next - 1 > until.offset
        if newer or (beyond and track.next > track.begin):
            self._left[stream] = track
            if len(self._left) > _KEPT_ROOMS:
                del self._left[next(iter(self._left))]
        self.judge(stream, now)

    # What is missing

    def is_current(self, connection: Carrier, track: Track) -> bool:
        """Whether a connection has written the entry that let the player into the room."""
        account, player = connection.accounts[self.player], self.tracks[self.player]
        return account.epoch == player.epoch and account.next > track.since

    def is_past(self, connection: Carrier, stream: str, track: Track) -> bool:
        """Whether a connection has passed over what is wanted next, and will not give it."""
        account = connection.accounts.get(stream)
        if account is None or account.epoch != track.epoch or account.next <= track.next:
            return False
        if stream == self.player:
            return True
        return self.player not in connection.ahead and self.is_current(connection, track)

    def judge(self, stream: str, now: float, *, over: bool = False) -> None:
        """Decide about what is missing in a stream: wait for it, or tell that it is lost.

        Args:
            stream: the stream.
            now: seconds.
            over: whether the time, or the room to hold frames, is used up.
        """
        while True:
            past = self._sort(stream)
            if not past:
                self.waits.pop(stream, None)
                return
            if len(past) < len(self.connections) and not over:
                self.waits.setdefault(stream, now + self._wait)
                return
            first = min((each.accounts[stream] for each in past), key=lambda at: at.next)
            self.tell_gap(stream, self.tracks[stream], first.next, first.reason)
            self.waits.pop(stream, None)
            if stream == self.player:
                self._take_rooms(now)
            over = False

    def _take_rooms(self, now: float) -> None:
        """Behind a gap in the player's stream, the rooms are those of who begins there.

        At once: the next entry that anybody brings may already be a coming or a going.
        """
        track = self.tracks[self.player]
        here = (track.epoch, track.next - 1)
        for each in self.connections.values():
            if each.told == here:
                self.adopt(each, track.next - 1, now)
                return

    def _sort(self, stream: str) -> list[Carrier]:
        """Find who stands still for a stream's sake; whoever need no longer, is released."""
        track = self.tracks.get(stream)
        past: list[Carrier] = []
        for each in self.connections.values():
            if track is not None and self.is_past(each, stream, track):
                past.append(each)
                each.ahead.add(stream)
            else:
                each.ahead.discard(stream)
                if each.held or each.told is not None:
                    self.released.append(each)
        return past

    def tell_gap(self, stream: str, track: Track, upcoming: int, reason: str) -> None:
        """Give up what is wanted of a stream, up to an offset."""
        self._tell(stream, track.next, upcoming - 1, reason)
        track.next = upcoming

    def _tell(self, stream: str, first: int | None, last: int | None, reason: str) -> None:
        self.gaps += 1
        self.items.append(Gap(stream, first, last, reason))


def _is_room(stream: str) -> bool:
    return stream.startswith("room:")

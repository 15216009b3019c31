"""The receiver's rules: what is handed on, what is dropped, when something is missing.

One idea carries all of them. A connection accounts for every offset, so as long as it has passed
over nothing that is still wanted, an offset above ``next`` cannot matter. When it has (by ``lost``,
or by where it began), the whole connection *stands still*: its frames are held, in their order,
until other connections have filled what is missing, or nobody can, or the wait is over. So no frame
is ever taken out of its connection's order, and a room's events never overtake the entry that let
the player in.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...exceptions import ProtocolError
from ...types import Cursor, JSONObject, Position
from .accounts import Account, Carrier, Track
from .frames import (
    EventFrame,
    Frame,
    HelloFrame,
    LostFrame,
    ReplyFrame,
    ResetFrame,
    SkipFrame,
    SubscribedFrame,
    UnsubscribedFrame,
    read_frame,
)
from .items import Delivered, Entered, Item, Left, Replied, Statistics
from .ledger import Ledger

__all__ = ["Merge"]


class Merge:
    """Merges a player's connections.

    Args:
        wait: seconds that something missing is waited for while another connection may bring it.
        hold_frames: frames held per connection at the most; one more ends the wait.
        hold_bytes: the same for their text, in bytes.
    """

    def __init__(
        self, *, wait: float = 1.0, hold_frames: int = 1000, hold_bytes: int = 256 * 1024
    ) -> None:
        self._ledger = Ledger(wait)
        self._tracks = self._ledger.tracks
        self._connections = self._ledger.connections
        self._hold_frames = hold_frames
        self._hold_bytes = hold_bytes
        self._delivered = self._duplicates = self._dropped = 0

    # What happens

    def connected(self, connection_id: str, now: float) -> None:
        """A connection is there; its ``hello`` is to come."""
        self._connections[connection_id] = Carrier(connection_id)

    def receive(
        self, connection_id: str, frame: JSONObject, now: float, size: int = 0
    ) -> list[Item]:
        """Take a frame. One of a connection that has ended is dropped.

        Args:
            connection_id: where it came from.
            frame: decoded JSON.
            now: seconds of any one monotonic clock.
            size: of the frame's text, in bytes; counts against what is held.

        Returns:
            What the application gets now.

        Raises:
            ProtocolError: the frame is malformed, or comes where it may not; nothing changed.
        """
        connection = self._connections.get(connection_id)
        read = read_frame(frame)
        if read is None or connection is None:
            return []
        if type(read) is ReplyFrame and not read.offset:
            return [Replied(read.id, read.outcome, read.body, read.reason, None, connection_id)]
        if type(read) is not EventFrame or not connection.accounts:
            self._check(connection, read)
        if connection.ahead:
            self._hold(connection, read, size, now)
        else:
            self._take(connection, read, now)
        return self._settled(now)

    def disconnected(self, connection_id: str, now: float) -> list[Item]:
        """A connection has ended: it is forgotten, and waits are judged without it."""
        if self._connections.pop(connection_id, None) is not None:
            for stream in list(self._tracks):
                self._ledger.judge(stream, now)
        return self._settled(now)

    def tick(self, now: float) -> list[Item]:
        """Time has passed: end the waits that are over."""
        waits = self._ledger.waits
        for stream in list(waits):
            # What one wait held may be what another waits for.
            self._settle(now)
            if waits.get(stream, now + 1) <= now:
                self._ledger.judge(stream, now, over=True)
        return self._settled(now)

    # What is

    @property
    def deadline(self) -> float | None:
        """When :meth:`tick` is due, in seconds; ``None`` while nothing is waited for."""
        waits = self._ledger.waits
        return min(waits.values()) if waits else None

    def cursor(self) -> Cursor:
        """What the application has, for the next opening; empty before the first ``hello``."""
        return {stream: Position(at.epoch, at.next - 1) for stream, at in self._tracks.items()}

    @property
    def duplicates(self) -> int:
        """One of the counters of :attr:`statistics`, for whoever looks with each frame."""
        return self._duplicates

    @property
    def statistics(self) -> Statistics:
        """A snapshot of the counters."""
        firsts: Mapping[str, int] = {each.id: each.firsts for each in self._connections.values()}
        return Statistics(
            self._delivered, self._duplicates, self._dropped, self._ledger.gaps, firsts
        )

    # Frames

    def _check(self, connection: Carrier, read: Frame) -> None:
        """Refuse what may not come here."""
        if type(read) is HelloFrame:
            if connection.accounts:
                raise ProtocolError("hello: expected once per connection, got another")
            if self._ledger.player not in ("", read.stream):
                raise ProtocolError(
                    f"hello: expected the player of {self._ledger.player!r}, got {read.stream!r}"
                )
        elif not connection.accounts:
            raise ProtocolError("expected hello as the first frame of a connection")
        elif (
            isinstance(read, (SubscribedFrame, UnsubscribedFrame, ReplyFrame))
            and read.stream != self._ledger.player
        ):
            raise ProtocolError(
                f"expected an entry of {self._ledger.player!r}, got one of {read.stream[:80]!r}"
            )

    def _take(self, connection: Carrier, read: Frame, now: float) -> None:
        if type(read) is EventFrame:
            if self._accept(connection, read, now):
                item = Delivered(read.stream, read.offset, read.event, connection.id)
                self._ledger.items.append(item)
        elif type(read) is SkipFrame:
            self._skip(connection, read, now)
        elif type(read) is SubscribedFrame:
            self._subscribed(connection, read, now)
        elif type(read) is UnsubscribedFrame:
            self._unsubscribed(connection, read, now)
        elif type(read) is ReplyFrame:
            if self._accept(connection, read, now):
                told = (read.id, read.outcome, read.body, read.reason, read.offset)
                self._ledger.items.append(Replied(*told, connection.id))
        elif type(read) is LostFrame:
            self._lost(connection, read, now)
        elif type(read) is ResetFrame:
            self._reset(connection, read, now)
        else:
            assert type(read) is HelloFrame
            self._hello(connection, read, now)

    def _accept(
        self,
        connection: Carrier,
        read: EventFrame | SubscribedFrame | UnsubscribedFrame | ReplyFrame,
        now: float,
    ) -> bool | None:
        """Whether an entry is what its stream is due; ``None`` when it is held for later."""
        stream, offset = read.stream, read.offset
        account, track = connection.accounts.get(stream), self._tracks.get(stream)
        if account is None or track is None or account.epoch != track.epoch:
            return self._drop(account, offset + 1)
        if offset > track.next:
            return self._above(connection, read, account, track, now)
        account.next = offset + 1
        if offset < track.next:
            self._duplicates += 1
            return False
        track.next = offset + 1
        self._delivered += 1
        connection.firsts += 1
        if stream in self._ledger.waits:
            self._ledger.judge(stream, now)
        return True

    def _skip(self, connection: Carrier, read: SkipFrame, now: float) -> None:
        account, track = connection.accounts.get(read.stream), self._tracks.get(read.stream)
        if account is None or track is None or account.epoch != track.epoch:
            self._drop(account, read.last + 1)
        elif read.offset > track.next:
            self._above(connection, read, account, track, now, read.last)
        else:
            account.next = read.last + 1
            if read.last >= track.next:
                track.next = read.last + 1
                if read.stream in self._ledger.waits:
                    self._ledger.judge(read.stream, now)

    def _drop(self, account: Account | None, upcoming: int) -> bool:
        self._dropped += 1
        if account is not None:
            account.next = upcoming
        return False

    def _above(
        self,
        connection: Carrier,
        read: Frame,
        account: Account,
        track: Track,
        now: float,
        last: int = 0,
    ) -> bool | None:
        """An offset above what is due."""
        stream, offset = read.stream, read[1]
        assert isinstance(offset, int)
        if not self._ledger.is_current(connection, track):
            # It has not yet written the entry that let the player in, and comes back afterwards.
            return self._drop(account, max(offset, last) + 1)
        # What lies between was never accounted for. Better told as missing than never noticed.
        account.next = offset
        connection.held.appendleft((read, 0))
        self._ledger.judge(stream, now)
        return None

    def _subscribed(self, connection: Carrier, read: SubscribedFrame, now: float) -> None:
        accepted = self._accept(connection, read, now)
        if accepted is None:
            return
        connection.accounts[read.room] = Account(read.epoch, read.start + 1)
        if accepted:
            self._ledger.items.append(Entered(read.room, read.offset, connection.id))
            self._ledger.open(read.room, Track(read.epoch, read.start + 1, read.offset))
            self._ledger.judge(read.room, now)

    def _unsubscribed(self, connection: Carrier, read: UnsubscribedFrame, now: float) -> None:
        accepted = self._accept(connection, read, now)
        if accepted is None:
            return
        connection.accounts.pop(read.room, None)
        if accepted:
            track = self._tracks.get(read.room)
            if track is not None and track.epoch == read.epoch and track.next <= read.until:
                self._ledger.tell_gap(read.room, track, read.until + 1, "trimmed")
            self._ledger.close(read.room, Position(read.epoch, read.until), now)
            self._ledger.items.append(Left(read.room, read.offset, connection.id))

    # Announcements

    def _hello(self, connection: Carrier, read: HelloFrame, now: float) -> None:
        if not self._ledger.player:
            at = read.streams[read.stream]
            self._ledger.player = read.stream
            self._tracks[read.stream] = Track(at.epoch, at.offset + 1)
        self._announce(connection, read.streams, now)

    def _lost(self, connection: Carrier, read: LostFrame, now: float) -> None:
        account = connection.accounts.get(read.stream)
        if account is None or read.last + 1 < account.next:
            return
        account.next, account.reason = read.last + 1, read.reason
        if read.stream == self._ledger.player and read.streams is not None:
            here = {self._ledger.player: Position(account.epoch, read.last)}
            self._announce(connection, read.streams | here, now, read.reason)
        else:
            self._ledger.compare(connection, read.stream, account, now)

    def _reset(self, connection: Carrier, read: ResetFrame, now: float) -> None:
        account = Account(read.epoch, read.offset + 1)
        connection.accounts[read.stream] = account
        if read.stream == self._ledger.player and read.streams is not None:
            here = {self._ledger.player: Position(read.epoch, read.offset)}
            self._announce(connection, read.streams | here, now)
        else:
            self._ledger.compare(connection, read.stream, account, now)

    def _announce(
        self, connection: Carrier, streams: Cursor, now: float, reason: str = "trimmed"
    ) -> None:
        """A connection says what it carries, and where it begins."""
        accounts = {stream: Account(at.epoch, at.offset + 1) for stream, at in streams.items()}
        accounts[self._ledger.player].reason = reason
        connection.accounts = accounts
        connection.told = streams[self._ledger.player]
        self._arrive(connection, now)

    def _arrive(self, connection: Carrier, now: float) -> None:
        """Compare all that a connection carries with what is due."""
        accounts, player = connection.accounts, self._ledger.player
        self._ledger.compare(connection, player, accounts[player], now)
        if player in connection.ahead:
            # Which rooms are due where it stands is known when the wait is over.
            return
        track = self._tracks[player]
        if connection.told == (track.epoch, track.next - 1):
            self._ledger.adopt(connection, track.next - 1, now)
        connection.told = None
        for stream, account in accounts.items():
            self._ledger.compare(connection, stream, account, now)

    # Standing still

    def _hold(self, connection: Carrier, read: Frame, size: int, now: float) -> None:
        connection.held.append((read, size))
        connection.held_bytes += size
        while connection.ahead and (
            len(connection.held) > self._hold_frames or connection.held_bytes > self._hold_bytes
        ):
            for stream in sorted(connection.ahead):
                self._ledger.judge(stream, now, over=True)
            self._settle(now)

    def _settle(self, now: float) -> None:
        """Let connections go on that no longer stand still."""
        while self._ledger.released:
            connection = self._ledger.released.popleft()
            if connection.ahead or self._connections.get(connection.id) is not connection:
                continue
            if connection.told is not None:
                self._arrive(connection, now)
            while connection.held and not connection.ahead:
                read, size = connection.held.popleft()
                connection.held_bytes -= size
                self._take(connection, read, now)

    def _settled(self, now: float) -> list[Item]:
        ledger = self._ledger
        if ledger.released:
            self._settle(now)
        items, ledger.items = ledger.items, []
        return items

"""The streams that this node follows, each kept here as far as history goes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable

import structlog

from ...abc import Clock, Renewed, Sink
from ...config import HistoryPolicy
from ...core.stream import StreamLog
from ...exceptions import EngineError
from ...types import Position, Subscribed, Unsubscribed
from .calls import Calls
from .codec import Told, decode, parse_told
from .follower import BLANK, Follower, Meeting, Part
from .keys import Keys
from .shard import Shard
from .store import Store, Stored
from .subscription import Subscription

__all__ = ["Streams"]

log = structlog.get_logger("dualwire")

GAP_AFTER = 0.02
"""Seconds that what is missing may still be on its way on the other connection."""

PATIENCE = 2.0
"""Seconds that a caller waits for this node's own copy to have what was stored."""


class Streams:
    """Followed streams: told by channels, completed from the logs, handed to the sink in order.

    Args:
        calls: runs scripts.
        store: reads logs.
        keys: names.
        clock: this node's time.
        history: limits of what is kept here.
        put_back: puts a player back into a Redis that lost them.
    """

    def __init__(
        self,
        calls: Calls,
        store: Store,
        keys: Keys,
        clock: Clock,
        history: HistoryPolicy,
        put_back: Callable[[str], Awaitable[None]],
    ) -> None:
        self._calls = calls
        self._store = store
        self._keys = keys
        self._clock = clock
        self._history = history
        self._put_back = put_back
        self._sink: Sink | None = None
        self._renewed: Renewed | None = None
        self._followers: dict[str, Follower] = {}
        self._wanted: set[str] = set()
        self._idle: dict[str, float] = {}
        """Streams that nobody needs any more, and since when."""
        self._subscriptions: dict[Shard, Subscription] = {}
        self._held: dict[str, set[str]] = {}
        """By room: players' streams that wait for its log before they go on."""
        self._waiting: dict[str, list[tuple[Position, asyncio.Future[None]]]] = {}
        self._loading: dict[str, asyncio.Task[None]] = {}
        self._late: set[str] = set()
        self._rerouting: asyncio.Task[None] | None = None

    def start(self, sink: Sink, renewed: Renewed) -> None:
        """Begin to hand on entries."""
        self._sink, self._renewed = sink, renewed

    async def stop(self) -> None:
        """Let go of everything. Idempotent."""
        self._sink = self._renewed = None
        self._followers.clear()
        self._wanted.clear()
        self._held.clear()
        tasks = [*self._loading.values(), *([self._rerouting] if self._rerouting else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for subscription in self._subscriptions.values():
            await subscription.stop()
        self._subscriptions.clear()

    # What is followed

    def follow(self, stream: str) -> None:
        """Hold a stream from now on. Idempotent."""
        self._wanted.add(stream)
        self._hold(stream)

    def unfollow(self, stream: str) -> None:
        """Nobody needs a stream any more. Idempotent.

        It is held for the resume window all the same: a connection that lags still reads what was
        said in a room before its player left.
        """
        self._wanted.discard(stream)
        self._let_go(stream)

    def wants(self, stream: str) -> bool:
        """Whether somebody needs a stream."""
        return stream in self._wanted

    @property
    def followed(self) -> Iterable[Follower]:
        """All that is held, loaded or not."""
        return list(self._followers.values())

    def follower(self, stream: str) -> Follower | None:
        """The copy of a followed stream, loaded or not."""
        return self._followers.get(stream)

    def log(self, stream: str) -> StreamLog:
        """The copy of a stream; an empty one for a stream that is not at hand."""
        return (self._followers.get(stream) or self._make(stream)).log

    async def ready(self, streams: Collection[str]) -> None:
        """Return when the logs of these followed streams are at hand.

        Raises:
            EngineError: they cannot be fetched.
        """
        for stream in streams:
            follower = self._followers.get(stream)
            if follower is not None and not follower.loaded:
                await self.reach(stream, Position(BLANK, 0), or_fail=True)

    def _make(self, stream: str) -> Follower:
        history, personal = self._history, stream.startswith("player:")
        return Follower(
            stream,
            max_age=None if personal else history.room_age,
            max_events=history.player_events if personal else history.room_events,
            max_bytes=history.player_bytes if personal else history.room_bytes,
        )

    def _hold(self, stream: str) -> None:
        self._idle.pop(stream, None)
        if stream not in self._followers and self._calls.started:
            self._followers[stream] = self._make(stream)
            self._subscribe(stream)

    def _let_go(self, stream: str) -> None:
        if stream not in self._wanted and not self._held.get(stream):
            self._idle.setdefault(stream, self._clock.now())

    def drop_idle(self) -> None:
        """Hold no longer what nobody needed for the resume window."""
        before = self._clock.now() - self._history.room_age
        for stream in [stream for stream, since in self._idle.items() if since <= before]:
            del self._idle[stream]
            if self._followers.pop(stream, None) is None:
                continue
            for subscription in self._subscriptions.values():
                subscription.remove(self._keys.channel(stream))
            for room in [room for room, waiting in self._held.items() if stream in waiting]:
                self._release(room, stream)

    def _subscribe(self, stream: str) -> None:
        channel = self._keys.channel(stream)
        shard = self._calls.topology.shard_of(channel)
        subscription = self._subscriptions.get(shard)
        if subscription is None:
            subscription = self._subscriptions[shard] = Subscription(
                shard.client, self._told, self._confirmed, self._moved
            )
        subscription.add(channel)

    def _moved(self) -> None:
        if self._rerouting is None or self._rerouting.done():
            self._rerouting = asyncio.get_running_loop().create_task(self._reroute())

    async def _reroute(self) -> None:
        """Slots have moved to other servers of the cluster, and their channels with them."""
        topology = self._calls.topology
        await topology.look_again()
        for stream in list(self._followers):
            channel = self._keys.channel(stream)
            home = topology.shard_of(channel)
            for shard, subscription in list(self._subscriptions.items()):
                if shard is not home:
                    subscription.remove(channel)
            self._subscribe(stream)

    # What arrives

    async def stored(self, stream: str, stored: Stored) -> None:
        """Something was stored on behalf of this node: return when the sink was called with it."""
        follower = self._followers.get(stream)
        if follower is None or not follower.loaded:
            return
        if stored.body is not None:
            self._take_in(follower, Told(*stored.position, stored.at, stored.body))
        if follower.log.position < stored.position:
            await self.reach(stream, stored.position)

    def _told(self, channel: str, message: bytes) -> None:
        follower = self._followers.get(self._keys.stream_of(channel))
        if follower is not None:
            self._take_in(follower, parse_told(message))

    def _take_in(self, follower: Follower, told: Told) -> None:
        if follower.told(told):
            self._go_on(follower)

    def _confirmed(self, channel: str) -> None:
        stream = self._keys.stream_of(channel)
        if stream in self._followers:
            # What was told before, or while the connection was broken, is only in the log.
            self.complete(stream)

    def _go_on(self, follower: Follower) -> None:
        """Hand on what is due, in order."""
        stream = follower.stream
        while (due := follower.upcoming()) is not None:
            at, raw = due
            body = decode(raw)
            if isinstance(body, (Subscribed, Unsubscribed)) and not self._at_hand(body, stream):
                return
            entry = follower.take(body, self._calls.local(at))
            self._store.remember(stream, follower.log.position)
            if self._sink is not None:
                self._sink(stream, entry)
            if isinstance(body, (Subscribed, Unsubscribed)):
                self._release(body.stream, stream)
            if self._followers.get(stream) is not follower:
                return
        self._look_for_missing(follower)
        self._wake(follower)

    def _look_for_missing(self, follower: Follower) -> None:
        stream = follower.stream
        if follower.loaded and follower.misses and stream not in self._late:
            self._late.add(stream)
            asyncio.get_running_loop().call_later(GAP_AFTER, self._missing, stream)

    def _missing(self, stream: str) -> None:
        self._late.discard(stream)
        follower = self._followers.get(stream)
        if follower is not None and (follower.misses or self._held.get(stream)):
            self.complete(stream)

    # Rooms before those who are let into them

    def _at_hand(self, body: Subscribed | Unsubscribed, stream: str) -> bool:
        """Whether a room's log is here as far as an entry of a player's stream says that it goes.

        If not, the player's stream waits: else its connections would be let in before the room's
        place is known, or out before they had all that was said.
        """
        room = body.stream
        due = body.position if isinstance(body, Subscribed) else body.until
        self._hold(room)
        follower = self._followers.get(room)
        if follower is not None and follower.loaded and follower.log.position >= due:
            return True
        self._held.setdefault(room, set()).add(stream)
        if follower is not None and follower.loaded and room not in self._late:
            self._late.add(room)
            asyncio.get_running_loop().call_later(GAP_AFTER, self._missing, room)
        return False

    def _release(self, room: str, stream: str) -> None:
        held = self._held.get(room)
        if held is not None:
            held.discard(stream)
            if not held:
                del self._held[room]
        self._let_go(room)

    # What is missing

    def complete(self, stream: str) -> asyncio.Task[None]:
        """Fetch what is missing of a followed stream.

        Returns:
            What does so; it fails with ``EngineError``.
        """
        task = self._loading.get(stream)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._complete(stream))
            self._loading[stream] = task
            task.add_done_callback(lambda done: self._completed(stream, done))
        return task

    def _completed(self, stream: str, task: asyncio.Task[None]) -> None:
        self._loading.pop(stream, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            # It is tried again when the server answers, and each second.
            log.debug("stream_not_fetched", stream=stream, reason=str(error))

    async def _complete(self, stream: str) -> None:
        while (follower := self._followers.get(stream)) is not None:
            question = follower.question()
            part = await self._fetch(follower, question.after)
            meeting = follower.meet(question, part)
            if meeting is Meeting.FILLED:
                self._go_on(follower)
                return
            forked = meeting is Meeting.FORKED
            if forked:
                log.warning("log_forked", stream=stream, held=question.held, found=part.position)
            if forked or question.after:
                part = await self._fetch(follower, 0, forked=forked)
            for room in part.rooms:
                # Whoever is told of a player's memberships finds the rooms' logs here.
                self._held.setdefault(room, set()).add(stream)
                self._hold(room)
                if not self._followers[room].loaded:
                    await asyncio.shield(self.complete(room))
            if self._followers.get(stream) is follower and part.position >= follower.log.position:
                self._renew(follower, part)
            if not follower.begins_anew:
                return

    async def _fetch(self, follower: Follower, after: int, *, forked: bool = False) -> Part:
        stream = follower.stream
        mine = follower.loaded and stream.startswith("player:")
        found = await self._store.fetch(stream, after, forked=forked, mine=mine, inner=True)
        if found is None:
            await self._put_back(stream[7:])
            found = await self._store.fetch(stream, after, inner=True)
            assert found is not None
        return found[0]

    def _renew(self, follower: Follower, part: Part) -> None:
        stream = follower.stream
        follower.replace(part, self._calls.local)
        if self._renewed is not None:
            self._renewed(stream)
        for room in part.rooms:
            self._release(room, stream)
        self._go_on(follower)

    async def refresh(self, stream: str) -> None:
        """Fetch a followed stream that this node changed otherwise than by an entry."""
        if stream in self._followers:
            await asyncio.shield(self.complete(stream))

    def forget_rooms(self, stream: str) -> None:
        """A player's session is over, and its memberships with it."""
        follower = self._followers.get(stream)
        if follower is not None:
            follower.rooms.clear()

    # Who waits for it

    async def reach(self, stream: str, position: Position, *, or_fail: bool = False) -> None:
        """Return when this node's copy has a position, or after a while.

        Args:
            stream: which.
            position: of it.
            or_fail: whether it is an error if it has not.

        Raises:
            EngineError: ``or_fail``, and it has not.
        """
        future = asyncio.get_running_loop().create_future()
        waiting = self._waiting.setdefault(stream, [])
        waiting.append((position, future))
        follower = self._followers.get(stream)
        if follower is not None and follower.loaded and not follower.misses:
            self.complete(stream)
        try:
            async with asyncio.timeout(PATIENCE):
                await future
        except TimeoutError:
            if or_fail:
                trouble = self._calls.topology.shard_of(self._keys.channel(stream)).trouble
                reason = trouble or f"Redis: {stream} was not fetched within {PATIENCE:g} s"
                raise EngineError("ready", reason) from None
        finally:
            waiting[:] = [each for each in waiting if each[1] is not future]
            if not waiting and self._waiting.get(stream) is waiting:
                del self._waiting[stream]

    def _wake(self, follower: Follower) -> None:
        for stream in list(self._held.get(follower.stream, ())):
            behind = self._followers.get(stream)
            if behind is not None and follower.loaded and behind.upcoming() is not None:
                self._go_on(behind)
        for position, future in self._waiting.get(follower.stream, ()):
            if follower.loaded and follower.log.position >= position and not future.done():
                future.set_result(None)

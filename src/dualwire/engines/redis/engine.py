"""The engine for many nodes: all is in Redis, and each node keeps a copy of what it needs."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Collection, Mapping
from typing import Any

import structlog

from ...abc import Clock, Engine, History, Published, Renewed, Sink, Ticket, ignore_renewal
from ...codes import Code
from ...config import HistoryPolicy, SessionPolicy
from ...core.commands import CommandClaim
from ...core.presence import Transitions
from ...core.revocation import RevocationTable
from ...core.session import Claim
from ...core.stream import StreamLog
from ...exceptions import ConfigurationError, EngineError
from ...types import Cursor, Event, EventTypes, Membership, Presence, Reply, player_stream
from .calls import Calls
from .house import House
from .index import Index
from .keys import Keys
from .own import OwnPlayers
from .players import Players
from .revocations import Revocations
from .roster import Roster
from .shard import FailedError, Shard
from .store import Store
from .streams import Streams
from .tickets import Tickets
from .topology import topology_of
from .turn import Turn

__all__ = ["RedisEngine"]

log = structlog.get_logger("dualwire")

PUBLISH_ID_LIFE = 120.0
"""Seconds within which a caller's publish id is recognized."""

OWN_ID_LIFE = 30.0
"""The same for the ids that only this node knows: it repeats them at once or never."""


class RedisEngine(Engine):
    """Streams, sessions and presence in Redis or Valkey 7, for any number of nodes.

    Args:
        url: ``redis://``, ``rediss://``, ``unix://``, ``redis+sentinel://HOST,HOST/PRIMARY`` or
            ``redis+cluster://HOST,HOST``; a query gives options of the client library.
        clock: this node's time.
        history: how much of each stream is kept, in Redis and here.
        session: how long sessions and presence outlive their connections.
        namespace: so that several games can share one Redis.
        timeout: seconds that Redis may take to answer.
        wait: seconds that a call waits for a Redis that is away, before it fails.
        time: (now, wall) in seconds for Redis instead of its own time, for tests.
        options: further options of the client library, such as ``ssl_ca_certs``.

    Raises:
        ConfigurationError: the URL describes nothing, or a number is not one that can be.
    """

    durable = True

    def __init__(
        self,
        url: str,
        clock: Clock,
        history: HistoryPolicy | None = None,
        session: SessionPolicy | None = None,
        *,
        namespace: str = "",
        timeout: float = 2.0,
        wait: float = 0.0,
        time: Callable[[], tuple[float, float]] | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        if not timeout > 0:
            raise ConfigurationError("timeout", "a number above 0", timeout)
        if not wait >= 0:
            raise ConfigurationError("wait", "a number from 0", wait)
        history, session = history or HistoryPolicy(), session or SessionPolicy()
        self.node = secrets.token_hex(8)
        """This process, as other nodes know it."""
        self._clock = clock
        self._keys = keys = Keys(namespace)
        self._topology = topology_of(url, dict(options or {}), timeout, self._restore)
        self._calls = calls = Calls(self._topology, clock, history, wait, time)
        self._roster = Roster()
        self._store = store = Store(calls, keys)
        self._streams = Streams(calls, store, keys, clock, history, self._put_back)
        self._index = Index(calls, keys, self._roster, self._knows)
        self._players = Players(
            calls, store, keys, self._index, session, self.node, self._streams.stored
        )
        self._own = OwnPlayers(self._roster, self._streams, self._players)
        self._house = House(
            calls,
            keys,
            self._streams,
            self._players,
            self._index,
            clock,
            history,
            self.node,
            self._reattach,
        )
        self._tickets = Tickets(calls, keys, clock)
        self._revocations = Revocations(calls, keys, clock)
        self._turn = Turn(
            self._house, self._index, self._own, self._players, self._revocations, self._restore
        )
        self._attaching: dict[str, asyncio.Future[None]] = {}
        self._stopped = False

    async def start(self, sink: Sink, renewed: Renewed = ignore_renewal) -> None:
        try:
            await self._topology.start()
        except FailedError as failed:
            await self._topology.stop()
            raise EngineError("start", failed.reason) from failed
        self._calls.started = True
        self._streams.start(sink, renewed)
        try:
            await self._house.beat()
            await self._index.read(whole=True)
            await self._revocations.read()
        except EngineError:
            await self.stop()
            raise

    async def stop(self) -> None:
        if self._stopped:
            return
        self._stopped = True
        if self._calls.started:
            await self._index.stop()
            try:
                await self._index.write()
                await self._house.let_go(self._own.is_attached)
                if not self._own.any_attached:
                    await self._house.leave()
            except EngineError as error:
                # Another node cleans up when the lease is over.
                log.warning("engine_left_unclean", reason=error.cause)
        await self._turn.stop()
        self._calls.started = False
        await self._streams.stop()
        await self._topology.stop()

    def trouble(self) -> str | None:
        for shard in self._topology.shards:
            if shard.trouble is not None:
                return shard.trouble
        return None

    # Streams

    async def publish(
        self, stream: str, event: Event, *, publish_id: str | None = None
    ) -> Published:
        life = OWN_ID_LIFE if publish_id is None else PUBLISH_ID_LIFE
        publish_id = publish_id or secrets.token_urlsafe(16)
        stored = await self._store.publish(stream, event, publish_id, life)
        await self._streams.stored(stream, stored)
        return Published(stored.position, repeated=stored.body is None)

    async def history(self, stream: str, after: int, limit: int) -> History:
        return await self._store.history(stream, after, limit)

    def log(self, stream: str) -> StreamLog:
        return self._streams.log(stream)

    def follow(self, stream: str) -> None:
        self._streams.follow(stream)

    def unfollow(self, stream: str) -> None:
        self._streams.unfollow(stream)

    async def ready(self, streams: Collection[str]) -> None:
        await self._streams.ready(streams)

    # Rooms

    async def enter(self, player_id: str, room_id: str) -> bool:
        return await self._players.enter(player_id, room_id)

    async def leave(self, player_id: str, room_id: str) -> bool:
        return await self._players.leave(player_id, room_id)

    def rooms_of(self, player_id: str) -> Mapping[str, Membership]:
        follower = self._streams.follower(player_stream(player_id))
        return dict(follower.rooms) if follower is not None else {}

    def members_of(self, room_id: str) -> frozenset[str]:
        return self._roster.members_of(room_id)

    def members(self) -> Mapping[str, frozenset[str]]:
        return self._roster.members()

    # Sessions and presence

    async def claim(
        self,
        player_id: str,
        session_id: str | None,
        fresh_id: str,
        types: EventTypes | None = None,
    ) -> Claim:
        await self._house.look_after("claim", player_id)
        claim = await self._players.claim(player_id, session_id, fresh_id, types)
        if claim.outcome != "refused":
            self._own.types[player_id] = claim.types
        if claim.outcome == "new":
            await self._streams.refresh(player_stream(player_id))
        return claim

    async def end_session(
        self, player_id: str, code: Code, *, flush: bool, session_id: str | None = None
    ) -> str | None:
        ended = await self._players.end_session(player_id, code, session_id, flush=flush)
        if ended is not None or session_id is None:
            self._own.forget(player_id)
        return ended

    def session_of(self, player_id: str) -> str | None:
        record = self._roster.get(player_id)
        return record.session if record is not None else None

    async def attach(self, player_id: str, connection_id: str) -> bool:
        attached = asyncio.get_running_loop().create_future()
        self._attaching[connection_id] = attached
        try:
            await self._house.look_after("attach", player_id)
            arrived = await self._players.attach(player_id, connection_id)
            self._own.attach(player_id, connection_id)
            return arrived
        finally:
            del self._attaching[connection_id]
            attached.set_result(None)

    async def detach(self, player_id: str, connection_id: str) -> None:
        if connection_id in self._attaching:
            # One that ends while it begins must not begin after its end.
            await self._attaching[connection_id]
        self._own.detach(player_id, connection_id)
        try:
            await self._players.detach(player_id, connection_id)
        except EngineError:
            # It is over all the same; Redis is told when it is back.
            self._turn.owe(player_id, connection_id)

    async def describe(self, player_id: str, info: Mapping[str, Any]) -> bool:
        return await self._players.describe(player_id, info)

    def presence_of(self, player_id: str) -> Presence | None:
        return self._roster.presence_of(player_id)

    def presence(self) -> Mapping[str, Presence]:
        return self._roster.presence()

    async def tick(self) -> Transitions:
        self._streams.drop_idle()
        self._house.trim()
        return await self._turn.take()

    # Commands

    async def claim_command(self, player_id: str, command_id: str, *, retry: bool) -> CommandClaim:
        return await self._players.claim_command(player_id, command_id, self._lives, retry=retry)

    async def finish_command(self, player_id: str, reply: Reply) -> bool:
        return await self._players.finish_command(player_id, reply)

    # What plain connections were written

    async def save_written(self, player_id: str, session_id: str, written: Cursor) -> None:
        await self._players.save_written(player_id, session_id, written)

    async def written(self, player_id: str) -> Cursor:
        return await self._players.written(player_id)

    # Tickets

    async def put_ticket(self, secret: str, ticket: Ticket) -> None:
        await self._tickets.put(secret, ticket)

    async def take_ticket(self, secret: str) -> Ticket | None:
        return await self._tickets.take(secret)

    async def attempt(self, key: str, amount: int, period: float) -> float:
        args = [*self._calls.head(), 1000 * period / amount, 1000 * period]
        wait = await self._calls.run("attempt", "attempt", [self._keys.attempts(key)], args)
        return max(0.0, float(wait) / 1000)

    # Revocation

    async def revoke(self, key: str, at: float, until: float) -> None:
        await self._revocations.revoke(key, at, until)

    @property
    def revoked(self) -> RevocationTable:
        return self._revocations.table

    # What this node knows by itself

    def _lives(self, node: str) -> bool:
        return node == self.node or node in self._house.alive

    def _knows(self, player_id: str) -> bool:
        return self._own.knows(player_id)

    async def _put_back(self, player_id: str) -> None:
        await self._own.put_back(player_id)

    # Redis came back

    async def _restore(self, shard: Shard) -> None:
        """Bring a server up to what this node knows: players first, then their streams."""
        shard_of, keys = self._topology.shard_of, self._keys
        players = self._own.all()
        await self._own.put_all_back(
            each for each in players if shard_of(keys.player(each)[0]) is shard
        )
        # What is not fetched now is fetched in the next turns: they compare.
        work = [
            asyncio.shield(self._streams.complete(follower.stream))
            for follower in self._streams.followed
            if shard_of(keys.channel(follower.stream)) is shard
        ]
        await asyncio.gather(*work, return_exceptions=True)

    async def _reattach(self) -> None:
        players = self._own.all()
        await self._house.look_after_all(players)
        await self._own.put_all_back(players)

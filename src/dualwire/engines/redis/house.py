"""What a node does once a second for the cluster.

It shows that it lives, cleans up after nodes that do not, looks at players that are due, and
compares its streams with the logs.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable

import structlog

from ...abc import Clock
from ...config import HistoryPolicy
from ...exceptions import EngineError
from .calls import KEEP, Calls, milliseconds
from .index import Index
from .keys import Keys
from .players import Players
from .streams import Streams

__all__ = ["House"]

log = structlog.get_logger("dualwire")

LEASE = 10.0
"""Seconds after its last sign of life at which a node counts as dead: ten missed turns."""

REAPING = 10.0
"""Seconds that a dead node is left to the node that cleans up after it."""

FEW = 500
"""Players cleaned up, or streams compared, in one call."""

TOUCH_EVERY = KEEP / 24
"""Seconds between two times at which keys of followed streams are kept from expiring."""


class House:
    """Housekeeping of one node's part in the cluster.

    Args:
        calls: runs scripts.
        keys: names.
        streams: what this node follows.
        players: operations on players.
        index: of players.
        clock: this node's time.
        history: the budget.
        node: this node's id.
        reattach: puts this node's players back; others took it for dead.
    """

    def __init__(
        self,
        calls: Calls,
        keys: Keys,
        streams: Streams,
        players: Players,
        index: Index,
        clock: Clock,
        history: HistoryPolicy,
        node: str,
        reattach: Callable[[], Awaitable[None]],
    ) -> None:
        self._calls = calls
        self._keys = keys
        self._streams = streams
        self._players = players
        self._index = index
        self._clock = clock
        self._budget = history.budget
        self._node = node
        self._reattach = reattach
        self.alive = frozenset({node})
        """Nodes that live, as of the last turn."""
        self._mine: set[str] = set()
        """Players that this node is known to look after."""
        self._touched_at = clock.now()

    # The node

    async def beat(self) -> list[str]:
        """Show that this node lives.

        Returns:
            Dead nodes that this one is to clean up after.
        """
        args = [*self._calls.head(), self._node, milliseconds(LEASE), milliseconds(REAPING)]
        answer = await self._calls.run(
            "beat", "nodes_turn", self._keys.nodes(), args, repeatable=True
        )
        lost, alive, dead = answer
        self.alive = frozenset(node.decode() for node in alive)
        if lost and self._mine:
            log.warning("node_was_given_up", node=self._node)
            await self._reattach()
        return [node.decode() for node in dead]

    async def leave(self) -> None:
        """Stop in order: nobody has to clean up."""
        args = [self._node]
        await self._calls.run("stop", "node_gone", self._keys.nodes(), args, repeatable=True)

    async def look_after(self, operation: str, player_id: str) -> None:
        """From now on somebody cleans up after this player, should this node die."""
        if player_id not in self._mine:
            await self._list(self._node, operation=operation, add=[player_id])
            self._mine.add(player_id)

    async def look_after_all(self, players: Iterable[str]) -> None:
        """The same for many, whatever is known."""
        names = list(players)
        for start in range(0, len(names), FEW):
            await self._list(self._node, add=names[start : start + FEW])
        self._mine.update(names)

    async def let_go(self, attached: Callable[[str], bool]) -> None:
        """Players without a connection here are the index's business."""
        free = [each for each in self._mine if not attached(each) and self._index.is_written(each)]
        for start in range(0, len(free), FEW):
            batch = free[start : start + FEW]
            await self._list(self._node, remove=batch)
            self._mine.difference_update(batch)

    async def reap(self, dead: str) -> None:
        """Clean up after a dead node: its connections are gone."""
        while players := await self._list(dead, name=FEW):
            await asyncio.gather(*(self._players.abandon(each, dead) for each in players))
            # Only what the index knows may be taken off the list: it is what outlives this node.
            await self._index.write()
            await self._list(dead, remove=players)
            log.info("node_cleaned_up", node=dead, players=len(players))
        await self._calls.run("reap", "node_gone", self._keys.nodes(), [dead], repeatable=True)
        log.info("node_gone", node=dead)

    async def _list(
        self,
        node: str,
        *,
        operation: str = "",
        name: int = 0,
        add: Iterable[str] = (),
        remove: Iterable[str] = (),
    ) -> list[str]:
        more = list(add)
        keys, args = [self._keys.node_players(node)], [name, len(more), *more, *remove]
        answer = await self._calls.run(
            operation or "players",
            "node_players",
            keys,
            args,
            repeatable=True,
            patient=bool(operation),
        )
        return [each.decode() for each in answer]

    # Players

    async def expire(self, due: Iterable[str]) -> tuple[list[str], list[str]]:
        """Look at players that are due.

        Returns:
            Who left, and whose session lapsed; told here and nowhere else.
        """
        names = sorted(due)
        outcomes = await asyncio.gather(
            *(self._players.expire(each) for each in names), return_exceptions=True
        )
        left, lapsed = [], []
        for player_id, outcome in zip(names, outcomes, strict=True):
            if isinstance(outcome, tuple):
                left += [player_id] * outcome[0]
                lapsed += [player_id] * outcome[1]
            elif not isinstance(outcome, EngineError):
                raise outcome
        return left, lapsed

    # Streams

    async def compare(self) -> None:
        """Compare the tails of followed streams with the logs, and fetch what is missing."""
        topology = self._calls.topology
        groups: dict[tuple[str, int], list[str]] = defaultdict(list)
        for follower in self._streams.followed:
            if not follower.loaded:
                self._streams.complete(follower.stream)
                continue
            meta = self._keys.of("meta", follower.stream)
            groups[topology.shard_of(meta).name, topology.slot_of(meta)].append(follower.stream)
        chunks = [
            streams[start : start + FEW]
            for streams in groups.values()
            for start in range(0, len(streams), FEW)
        ]
        await asyncio.gather(*map(self._compare, chunks))

    async def _compare(self, streams: list[str]) -> None:
        keys = [self._keys.of("meta", stream) for stream in streams]
        tails = [self._streams.log(stream).position for stream in streams]
        args = [f"{tail.epoch} {tail.offset}" for tail in tails]
        moved = await self._calls.run("compare", "tails", keys, args, repeatable=True)
        for number in moved:
            stream, tail = streams[number - 1], tails[number - 1]
            # What arrived while the answer was under way is not missing.
            if self._streams.log(stream).position == tail:
                self._streams.complete(stream)

    async def touch(self) -> None:
        """Keep what belongs to followed streams, in which perhaps nothing is ever said."""
        now = self._clock.now()
        if now - self._touched_at < TOUCH_EVERY:
            return
        self._touched_at = now
        work = []
        for follower in self._streams.followed:
            stream = follower.stream
            keys = [self._keys.of("meta", stream)]
            if stream.startswith("player:"):
                keys = self._keys.player(stream[7:])[:-1]
            work.append(
                self._calls.run("touch", "touch", keys, [milliseconds(KEEP)], repeatable=True)
            )
        await asyncio.gather(*work)

    def trim(self) -> None:
        """Keep this node's copies within their age and the budget."""
        now, total = self._clock.now(), 0
        logs = [follower.log for follower in self._streams.followed]
        for each in logs:
            each.expire(now)
            total += each.bytes
        if total <= self._budget:
            return
        for each in sorted(logs, key=lambda each: each.used_at):
            if total <= self._budget:
                return
            total -= each.bytes
            each.clear()

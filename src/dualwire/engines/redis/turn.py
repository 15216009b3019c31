"""One turn of housekeeping: what is done, in which order, and what one failing part leaves undone.

A part of Redis may be away while the rest answers, so every step stands for itself: what it could
not do it does in a later turn. Transitions are taken late and told whatever comes after, because no
other node is told of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from ...core.presence import Transitions
from ...exceptions import EngineError
from .house import House
from .index import Index
from .own import OwnPlayers
from .players import Players
from .revocations import Revocations
from .shard import Shard

__all__ = ["Turn"]

log = structlog.get_logger("dualwire")

T = TypeVar("T")


class Turn:
    """What a node does about once a second.

    Args:
        house: shows that the node lives, and cleans up.
        index: of players.
        own: what this node knows of its players by itself.
        players: operations on players.
        revocations: of tokens and sessions.
        restore: brings a server that lost something up to what this node knows.
    """

    def __init__(
        self,
        house: House,
        index: Index,
        own: OwnPlayers,
        players: Players,
        revocations: Revocations,
        restore: Callable[[Shard], Awaitable[None]],
    ) -> None:
        self._house = house
        self._index = index
        self._own = own
        self._players = players
        self._revocations = revocations
        self._restore = restore
        self._over: set[str] = set()
        """Players whose session ended on another node, and whose streams are still needed here."""
        self._owed: set[tuple[str, str]] = set()
        self._reaping: dict[str, asyncio.Task[None]] = {}

    def owe(self, player_id: str, connection_id: str) -> None:
        """A connection ended while Redis was away: tell it later."""
        self._owed.add((player_id, connection_id))

    async def stop(self) -> None:
        """Leave what is left to other nodes."""
        for task in self._reaping.values():
            task.cancel()
        await asyncio.gather(*self._reaping.values(), return_exceptions=True)

    async def take(self) -> Transitions:
        """Take one turn."""
        house, index = self._house, self._index
        await self._try(self._pay())
        await self._try(index.write())
        for node in await self._try(house.beat()) or ():
            self._reap(node)
        await self._try(self._revocations.read())
        lost, index.lost = index.lost, set()
        for shard in lost:
            await self._try(self._restore(shard))
        left, lapsed = await house.expire(await index.read())
        for player_id in lapsed:
            self._own.forget(player_id)
        news, index.news = index.news, set()
        # Told again each second until nobody needs their streams any more.
        self._over = set(filter(self._own.is_over, self._over | news))
        for player_id in self._over:
            self._own.forget(player_id)
        missing = self._own.left_out | set(filter(self._own.is_lost, news))
        await self._try(self._own.put_all_back(missing))
        await self._try(index.write())
        await self._try(house.let_go(self._own.is_attached))
        await self._try(house.compare())
        await self._try(house.touch())
        return Transitions(tuple(left), tuple(lapsed), tuple(sorted(self._over)))

    async def _pay(self) -> None:
        for player_id, connection_id in list(self._owed):
            await self._players.detach(player_id, connection_id)
            self._owed.discard((player_id, connection_id))

    def _reap(self, node: str) -> None:
        """Clean up after a dead node, beside the turns: it may have had many players."""
        if node not in self._reaping:
            task = asyncio.get_running_loop().create_task(self._clean_up(node))
            self._reaping[node] = task
            task.add_done_callback(lambda _: self._reaping.pop(node, None))

    async def _clean_up(self, node: str) -> None:
        await self._try(self._house.reap(node))

    async def _try(self, work: Awaitable[T]) -> T | None:
        try:
            return await work
        except EngineError as error:
            log.debug("tick_failed", reason=error.cause)
            return None

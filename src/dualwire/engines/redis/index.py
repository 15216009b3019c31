"""The index of players: what this node changed is written to it, what others changed is read."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import structlog

from ...exceptions import EngineError
from .calls import Calls, milliseconds
from .keys import INDEX_PARTS, Keys, part_of
from .roster import Record, Roster, parse_record
from .shard import Shard

__all__ = ["Index"]

log = structlog.get_logger("dualwire")

LEFT_FOR = 5.0
"""Seconds that a node has to look at the players that are due before others do."""

FEW = 1000
"""Changes read, and due players taken, in one call."""


class Index:
    """Keeps the roster and the index alike.

    Args:
        calls: runs scripts.
        keys: names.
        roster: this node's copy.
        keeps: whether this node knows a player by itself, whatever the index says.
    """

    def __init__(
        self, calls: Calls, keys: Keys, roster: Roster, keeps: Callable[[str], bool]
    ) -> None:
        self._calls = calls
        self._keys = keys
        self._roster = roster
        self._keeps = keeps
        self._changed: dict[str, tuple[Record, bytes]] = {}
        self._at = [("", 0)] * INDEX_PARTS
        self._writing: asyncio.Task[None] | None = None
        self._lock = asyncio.Lock()
        self.news: set[str] = set()
        """Players of whom something was learned, since somebody last looked."""
        self.lost: set[Shard] = set()
        """Servers that lost their part of the index, since somebody last looked."""

    def note(self, player_id: str, snapshot: Sequence[Any]) -> Record | None:
        """Take in what a player's slot said of itself; it is written to the index soon.

        Returns:
            The player as it is now, ``None`` if nothing changed.
        """
        if not snapshot:
            return None
        record, due = Record.of_snapshot(player_id, snapshot)
        self._roster.put(record)
        known = self._changed.get(player_id)
        if known is None or known[0].version < record.version:
            self._changed[player_id] = record, due
        if self._writing is None or self._writing.done():
            self._writing = asyncio.get_running_loop().create_task(self._write_soon())
        return record

    def is_written(self, player_id: str) -> bool:
        """Whether the index knows all that this node knows of a player."""
        return player_id not in self._changed

    async def stop(self) -> None:
        """Write what is left, as far as that is possible."""
        if self._writing is not None:
            await asyncio.gather(self._writing, return_exceptions=True)

    async def _write_soon(self) -> None:
        try:
            await self.write()
        except EngineError as error:
            # It stays noted, and every turn tries again.
            log.debug("index_not_written", reason=error.cause)

    async def write(self) -> None:
        """Write what this node changed.

        Raises:
            EngineError: some of it is left for the next time.
        """
        async with self._lock:
            parts: dict[int, list[str]] = defaultdict(list)
            for player_id in self._changed:
                parts[part_of(player_id)].append(player_id)
            await _all(self._write_part(part, players) for part, players in parts.items())

    async def _write_part(self, part: int, players: list[str]) -> None:
        for start in range(0, len(players), FEW):
            batch = {each: self._changed[each] for each in players[start : start + FEW]}
            args: list[Any] = self._calls.head()
            for player_id, (record, due) in batch.items():
                args += player_id, record.version, record.text(), due
            keys = self._keys.index(part)
            await self._calls.run("index", "index_put", keys, args, repeatable=True)
            for player_id, written in batch.items():
                if self._changed.get(player_id) is written:
                    del self._changed[player_id]

    async def read(self, *, whole: bool = False) -> list[str]:
        """Learn what others changed; what cannot be read now is read the next time.

        Args:
            whole: whether it is an error if some part cannot be read.

        Returns:
            Players whom this node has to look at: something is due, and no other node is told.

        Raises:
            EngineError: ``whole``, and some part could not be read.
        """
        due: list[str] = []
        try:
            await _all(self._read_part(part, due) for part in range(INDEX_PARTS))
        except EngineError as error:
            if whole:
                raise
            log.debug("index_not_read", reason=error.cause)
        return due

    async def _read_part(self, part: int, due: list[str]) -> None:
        args = [*self._calls.head(), *self._at[part], milliseconds(LEFT_FOR), FEW]
        keys = self._keys.index(part)
        answer = await self._calls.run(
            "index", "index_turn", keys[:4], args, bulk=True, repeatable=True
        )
        life, last, everything, changes, waiting = answer
        names = [name.decode() for name in changes[::2]]
        for name, text in zip(names, changes[1::2], strict=True):
            if self._roster.put(parse_record(name, text)):
                self.news.add(name)
        if everything and self._at[part][0]:
            self.lost.add(self._calls.topology.shard_of(keys[0]))
        if everything:
            known = set(names).union(self._changed)
            for player_id in self._roster.players():
                if part_of(player_id) != part or player_id in known:
                    continue
                if not self._keeps(player_id):
                    self._roster.forget(player_id)
                    self.news.add(player_id)
        self._at[part] = life.decode(), last
        due.extend(each.decode() for each in waiting)


async def _all(work: Iterable[Any]) -> None:
    """Do all of it; then raise the first error, if any."""
    for result in await asyncio.gather(*work, return_exceptions=True):
        if isinstance(result, BaseException):
            raise result

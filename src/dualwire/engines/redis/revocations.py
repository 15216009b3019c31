"""What is revoked, for all nodes: each has the whole table, and learns once a second what is new.

So nobody asks Redis whether a token is revoked, and openings cost nothing for it.
"""

from __future__ import annotations

from math import ceil
from typing import Any

from ...abc import Clock
from ...core.revocation import RevocationTable
from .calls import Calls
from .keys import Keys

__all__ = ["Revocations"]

FEW = 1000
"""Changes that are read or written in one call."""


class Revocations:
    """Keeps this node's table and that in Redis alike.

    Args:
        calls: runs scripts.
        keys: names.
        clock: this node's time.
    """

    def __init__(self, calls: Calls, keys: Keys, clock: Clock) -> None:
        self._calls = calls
        self._keys = keys.revocations()
        self._clock = clock
        self._life, self._number = "", 0
        self.table = RevocationTable()

    async def revoke(self, key: str, at: float, until: float) -> None:
        """Revoke something on all nodes.

        Raises:
            EngineError: perhaps it is; a repeat does no harm.
        """
        await self._write([(key, at, until)])
        self.table.add(key, at, until)

    async def read(self) -> None:
        """Learn what other nodes revoked, and forget what has expired.

        Raises:
            EngineError: that could not be read.
        """
        self.table.tick(self._clock.wall())
        while await self._read_some():
            pass

    async def _read_some(self) -> bool:
        """Read a part; whether there may be more."""
        args = [*self._calls.head(), self._life, self._number, FEW]
        life, last, everything, found = await self._calls.run(
            "revoked", "revoked_turn", self._keys, args, bulk=True, repeatable=True
        )
        listed = dict(zip(found[::2], found[1::2], strict=True))
        for key, value in listed.items():
            at, until = value.split()
            self.table.add(key.decode(), int(at) / 1000, int(until) / 1000)
        if everything and self._life:
            # Redis lost its memory; this node did not.
            known = [each for each in self.table if each[0].encode() not in listed]
            for start in range(0, len(known), FEW):
                await self._write(known[start : start + FEW])
        self._life, self._number = life.decode(), last
        return not everything and len(listed) == FEW

    async def _write(self, revoked: list[tuple[str, float, float]]) -> None:
        args: list[Any] = self._calls.head()
        for key, at, until in revoked:
            # Upwards, so that nothing that was issued before is forgiven.
            args += key, ceil(at * 1000), ceil(until * 1000)
        await self._calls.run("revoke", "revoke", self._keys, args, repeatable=True)

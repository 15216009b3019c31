"""The peer of a plain event stream, whatever brings it the bytes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from dualwire.testing import TransportPeer


class StreamReader(TransportPeer):
    """Keeps what it reads, and tells events from the goodbye."""

    def __init__(self) -> None:
        self.raw = bytearray()
        self.reading = asyncio.Event()
        self.reading.set()

    def _data(self, named: bool) -> list[str]:
        blocks = self.raw.decode().split("\n\n")[:-1]
        return [block.split("data: ")[1] for block in blocks if ("event: " in block) is named]

    @property
    def texts(self) -> Sequence[str]:
        return self._data(named=False)

    @property
    def goodbye(self) -> int | None:
        found = self._data(named=True)
        return int(found[0].split('"code":')[1].split(",")[0]) if found else None

    def stall(self) -> None:
        self.reading.clear()

    def drain(self) -> None:
        self.reading.set()

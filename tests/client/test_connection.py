"""One connection of a client, without a network."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from random import Random

from dualwire.client.connection import ClientConnection
from dualwire.client.ended import Ended
from dualwire.client.life import BURST, Life
from dualwire.client.tokens import Tokens
from dualwire.codes import PEER_GONE
from dualwire.core.encoding.json import encode_object
from dualwire.testing import ManualClock
from dualwire.types import Cursor, JSONObject

ROUNDS = 10


class Taker:
    """A receiver that is never full."""

    def __init__(self, cursor: Cursor | None = None) -> None:
        self.taken = 0
        self._cursor = cursor or {}

    def cursor(self) -> Cursor:
        return self._cursor

    def opened(self, life: Life, hello: JSONObject) -> None:
        pass

    async def take(self, life: Life, frame: JSONObject, size: int) -> None:
        self.taken += 1

    def closed(self, life: Life) -> None:
        pass

    def changed(self, connection: ClientConnection) -> None:
        pass


class _Flood(ClientConnection):
    """Everything is there already, so that reading it waits for nothing."""

    connection_type = "sse"

    async def carry(self, token: str, life: Life) -> Ended:
        await life.frame(encode_object({"type": "hello", "connection": "c1"}))
        for number in range(BURST * ROUNDS):
            await life.frame(encode_object({"type": "event", "offset": number}))
        return Ended(code=PEER_GONE)

    def abort(self, life: Life) -> None:
        pass


async def test_what_comes_all_at_once_leaves_turns_to_the_other_connection() -> None:
    taker = Taker()
    flood = _Flood(ManualClock(), Random(7), Tokens("token"), taker)
    turns: list[int] = []
    life = Life(flood, taker, ManualClock())
    carrying = asyncio.create_task(flood.carry("token", life))
    while not carrying.done():
        await asyncio.sleep(0)
        turns.append(taker.taken)
    assert taker.taken == BURST * ROUNDS
    assert max(after - before for before, after in pairwise(turns)) <= BURST

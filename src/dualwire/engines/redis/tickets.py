"""Tickets: permissions to open one connection, once, soon."""

from __future__ import annotations

from hashlib import sha256

import msgspec

from ...abc import Clock, Ticket
from ...types import ConnectionType, Identity
from .calls import Calls, milliseconds
from .keys import Keys

__all__ = ["Tickets"]


class _Says(msgspec.Struct):
    player_id: str
    session_id: str
    connection_type: ConnectionType
    origin: str | None
    identity: Identity


class Tickets:
    """Keeps tickets until they are taken or expire.

    Args:
        calls: runs scripts.
        keys: names.
        clock: this node's time; tickets travel between nodes with the time that they still have.
    """

    def __init__(self, calls: Calls, keys: Keys, clock: Clock) -> None:
        self._calls = calls
        self._keys = keys
        self._clock = clock

    async def put(self, secret: str, ticket: Ticket) -> None:
        """Keep a ticket."""
        says = _Says(
            ticket.player_id,
            ticket.session_id,
            ticket.connection_type,
            ticket.origin,
            ticket.identity,
        )
        life = max(1, milliseconds(ticket.expires_at - self._clock.now()))
        args = [*self._calls.head(), life, msgspec.json.encode(says)]
        await self._calls.run(
            "put_ticket", "put_ticket", [self._key(secret)], args, repeatable=True, patient=True
        )

    async def take(self, secret: str) -> Ticket | None:
        """Spend a ticket; ``None`` unless it is the first time, within its life."""
        found = await self._calls.run(
            "take_ticket", "take_ticket", [self._key(secret)], self._calls.head(), patient=True
        )
        if not found:
            return None
        life, text = found
        says = msgspec.json.decode(text, type=_Says)
        return Ticket(
            player_id=says.player_id,
            session_id=says.session_id,
            connection_type=says.connection_type,
            origin=says.origin,
            expires_at=self._clock.now() + life / 1000,
            identity=says.identity,
        )

    def _key(self, secret: str) -> str:
        # Whoever can look into Redis cannot open a connection with what is there.
        return self._keys.ticket(sha256(secret.encode()).hexdigest())

"""Sessions, rooms, presence and commands: what happens to one player, each in one step."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from ...codes import SESSION_REPLACED, Code, code_for
from ...config import SessionPolicy
from ...core.commands import CommandClaim
from ...core.session import Claim
from ...types import (
    Cursor,
    EventTypes,
    Membership,
    Position,
    Reply,
    player_stream,
    room_stream,
)
from .calls import Calls, milliseconds
from .codec import decode, encode, parse_position, position
from .index import Index
from .keys import Keys
from .store import Store, Stored

__all__ = ["Known", "Players"]

UNKNOWN = "nothing is known of this command; it was not executed"
DIED = "the process that ran it died; whether it took effect is not known"


class Known(NamedTuple):
    """A player as a node knows them, to be put back into a Redis that lost them."""

    session: str
    types: EventTypes | None
    since: int | None
    connections: Sequence[str]
    rooms: Mapping[str, Membership]
    info: Mapping[str, Any]


class Players:
    """Operations on players' slots.

    Args:
        calls: runs scripts.
        store: reads rooms' tails, and knows what this node has seen.
        keys: names.
        index: is told of changes.
        policy: how long sessions and presence outlive their connections.
        node: this node's id.
        arrived: takes what was appended to a player's stream to this node's sink.
    """

    def __init__(
        self,
        calls: Calls,
        store: Store,
        keys: Keys,
        index: Index,
        policy: SessionPolicy,
        node: str,
        arrived: Callable[[str, Stored], Awaitable[None]],
    ) -> None:
        self._calls = calls
        self._store = store
        self._keys = keys
        self._index = index
        self._grace = milliseconds(policy.grace)
        self._resume = milliseconds(policy.resume)
        self._remember = milliseconds(policy.retired)
        self._node = node
        self._arrived = arrived

    # Sessions

    async def claim(
        self,
        player_id: str,
        session_id: str | None,
        fresh_id: str,
        types: EventTypes | None,
    ) -> Claim:
        """Claim a session for a connection that opens."""
        code = SESSION_REPLACED.number
        args: list[Any] = [session_id or "", fresh_id, self._resume, self._remember, code]
        args += [*self._seen(player_id), _types(types)]
        outcome, chosen, replaced, number, decided = await self._act("claim", player_id, args)
        return Claim(
            outcome=outcome.decode(),
            session_id=chosen.decode(),
            replaced=replaced.decode() or None,
            code=code_for(number) if number else None,
            types=frozenset(msgspec.json.decode(decided)) if decided else None,
        )

    async def end_session(
        self, player_id: str, code: Code, session_id: str | None, *, flush: bool
    ) -> str | None:
        """End the player's session now; another one than the current is only retired."""
        args = [code.number, int(flush), *self._seen(player_id), session_id or ""]
        ended: bytes = await self._act("end_session", player_id, args)
        return ended.decode() or None

    # Rooms

    async def enter(self, player_id: str, room_id: str) -> bool:
        """Let a player into a room."""
        return await self._move("enter", player_id, room_stream(room_id))

    async def leave(self, player_id: str, room_id: str) -> bool:
        """Take a player out of a room."""
        return await self._move("leave", player_id, room_stream(room_id))

    async def _move(self, name: str, player_id: str, room: str) -> bool:
        # The tail is read before the entry is appended: what is said in between is due.
        tail = await self._store.tail(name, room)
        args = [room, position(tail), *self._seen(player_id)]
        return bool(await self._act(name, player_id, args))

    # Presence

    async def attach(self, player_id: str, connection_id: str) -> bool:
        """A connection lives; says whether the player arrived by that."""
        return bool(await self._act("attach", player_id, [connection_id, self._node]))

    async def detach(self, player_id: str, connection_id: str) -> None:
        """A connection ended."""
        args = [connection_id, self._node, self._grace, self._resume]
        await self._act("detach", player_id, args, repeatable=True, patient=False)

    async def abandon(self, player_id: str, node: str) -> None:
        """All connections of a dead node ended."""
        args = ["", node, self._grace, self._resume]
        await self._act("detach", player_id, args, repeatable=True, patient=False)

    async def expire(self, player_id: str) -> tuple[bool, bool]:
        """What became due: whether the player left, and whether the session lapsed."""
        left, lapsed = await self._act("expire", player_id, [], patient=False)
        return bool(left), bool(lapsed)

    async def describe(self, player_id: str, info: Mapping[str, Any]) -> bool:
        """Keep what the application tells; says whether the player is known."""
        return bool(await self._act("describe", player_id, _flat(info), repeatable=True))

    async def restore(self, player_id: str, known: Known) -> None:
        """Put a player back as this node knows them."""
        rooms: list[str | bytes] = []
        for stream, membership in known.rooms.items():
            rooms += stream, position(membership.start)
        args: list[Any] = [
            known.session,
            known.since if known.since is not None else "",
            self._node,
        ]
        args += [self._grace, self._resume, SESSION_REPLACED.number, *self._seen(player_id)]
        args += [
            _types(known.types),
            len(known.connections),
            *known.connections,
            len(known.rooms),
            *rooms,
            *_flat(known.info),
        ]
        await self._act("restore", player_id, args, repeatable=True, patient=False, inner=True)

    # What plain connections were written

    async def save_written(self, player_id: str, session_id: str, written: Cursor) -> None:
        """Advance what a session was written."""
        flat: list[str | int] = []
        for stream, at in written.items():
            flat += stream, at.epoch, at.offset
        await self._act("save_written", player_id, [session_id, *flat], repeatable=True)

    async def written(self, player_id: str) -> Cursor:
        """What the player's session was written."""
        keys = [self._keys.of("written", player_stream(player_id))]
        flat = await self._calls.run("written", "written", keys, [], repeatable=True, patient=True)
        names = [name.decode() for name in flat[::2]]
        return dict(zip(names, map(parse_position, flat[1::2]), strict=True))

    # Commands

    async def claim_command(
        self, player_id: str, command_id: str, alive: Callable[[str], bool], *, retry: bool
    ) -> CommandClaim:
        """Claim a command before it runs; ``alive`` says whether a node lives."""
        unknown = Reply(command_id=command_id, outcome="unknown", reason=UNKNOWN)
        stream = player_stream(player_id)
        args = [int(retry), self._resume, self._node, encode(unknown)]
        keys = [self._keys.command(player_id, command_id)]
        outcome, text, runner = await self._calls.run(
            "claim_command", "claim_command", keys, [*self._calls.head(stream), *args], patient=True
        )
        reply = decode(text) if text else None
        assert reply is None or isinstance(reply, Reply)
        node = runner.decode()
        if outcome == b"running" and not alive(node):
            died = Reply(command_id=command_id, outcome="unknown", reason=DIED)
            await self.finish_command(player_id, died, node)
            return CommandClaim("unknown", died)
        return CommandClaim(outcome.decode(), reply)

    async def finish_command(self, player_id: str, reply: Reply, node: str = "") -> bool:
        """Keep a command's reply and append it to the player's stream."""
        args = [self._resume, encode(reply), *self._seen(player_id), node]
        keys = [self._keys.command(player_id, reply.command_id)]
        return bool(await self._act("finish_command", player_id, args, more_keys=keys))

    # All of them

    def _seen(self, player_id: str) -> Position:
        return self._store.seen(player_stream(player_id))

    async def _act(
        self,
        name: str,
        player_id: str,
        args: Sequence[Any],
        *,
        more_keys: Sequence[str] = (),
        repeatable: bool = False,
        patient: bool = True,
        inner: bool = False,
    ) -> Any:
        stream = player_stream(player_id)
        keys = [*self._keys.player(player_id), *more_keys]
        head = self._calls.head(stream)
        result, entry, snapshot = await self._calls.run(
            name,
            name,
            keys,
            [*head, *args],
            repeatable=repeatable,
            patient=patient,
            inner=inner,
        )
        self._index.note(player_id, snapshot)
        if entry:
            epoch, offset, at, body = entry
            stored = Stored(Position(epoch.decode(), offset), at, body)
            self._store.remember(stream, stored.position)
            await self._arrived(stream, stored)
        return result


def _types(types: EventTypes | None) -> bytes:
    return b"" if types is None else msgspec.json.encode(sorted(types))


def _flat(info: Mapping[str, Any]) -> list[str | bytes]:
    flat: list[str | bytes] = []
    for name, value in info.items():
        flat += name, msgspec.json.encode(value)
    return flat

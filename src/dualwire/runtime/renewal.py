"""A stream whose log was put at hand, or replaced: it began a new life, or history does not cover
what this node missed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..abc import Engine
from ..codes import LOGGED_OUT, SESSION_REPLACED, Code
from ..core.stream import StreamLog
from .audience import Audience, Audiences, LocalPlayer
from .connection import Connection

if TYPE_CHECKING:
    from .hub import Hub

__all__ = ["Renewal", "number_anew"]


class Renewal:
    """Brings a hub up to a log that is another one than it was.

    Args:
        hub: whose connections fall back to reading, where they are told what is lost.
        audiences: the hub's.
        engine: where logs and memberships are.
        end: ends a connection with a code; the flag says whether what waits is still written.
    """

    def __init__(
        self,
        hub: Hub,
        audiences: Audiences,
        engine: Engine,
        end: Callable[[Connection, Code, bool], None],
    ) -> None:
        self._hub = hub
        self._audiences = audiences
        self._engine = engine
        self._end = end

    def renew(self, stream: str, audience: Audience) -> None:
        """Go on from the log as it is now."""
        for connection in [each for group in audience.live.values() for each in group]:
            self._hub.fall_back(connection)
        audience.position = self._engine.log(stream).position
        if stream.startswith("player:") and (player := self._hub.players.get(stream[7:])):
            self._move(player)
            self._end_old(player)

    def _move(self, player: LocalPlayer) -> None:
        """Entries that said where the player went may be lost: what the engine says counts."""
        rooms = self._engine.rooms_of(player.id)
        for room in [each for each in player.rooms if each not in rooms]:
            del player.rooms[room]
            self._audiences.leave(room)
        for room in [each for each in rooms if each not in player.rooms]:
            player.rooms[room] = None
            self._audiences.of(room).players += 1

    def _end_old(self, player: LocalPlayer) -> None:
        """The entry that ended a session may be lost: its connections end all the same."""
        current = self._engine.session_of(player.id)
        code = SESSION_REPLACED if current else LOGGED_OUT
        for connection in list(player.connections.values()):
            if connection.session_id != current:
                self._end(connection, code, True)


def number_anew(log: StreamLog, n: int) -> int:
    """Number the entries of a log as arriving now, after this node's number ``n``.

    Returns:
        The number of the last one.
    """
    if log.first > 1:
        # Who was given everything up to some earlier number may lack what was trimmed.
        log.trimmed_n = n
    for entry in log.after(0):
        n += 1
        entry.n = n
    return n

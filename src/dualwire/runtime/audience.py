"""Who on this node is given what: players with their connections, streams with their audiences."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

from ..abc import Engine
from ..core.cursor import merge
from ..core.encoding import Encoding
from ..core.reading import Reader
from ..types import GLOBAL, Cursor, Position, player_stream
from .connection import Connection

__all__ = ["Audience", "Audiences", "LocalPlayer"]


class LocalPlayer:
    """A player with a session on this node."""

    __slots__ = (
        "_waiting",
        "acknowledged",
        "arm",
        "carrier",
        "connections",
        "id",
        "reader",
        "rooms",
        "stream",
        "written",
    )

    def __init__(self, player_id: str, reader: Reader, rooms: Iterable[str]) -> None:
        self.id = player_id
        self.stream = player_stream(player_id)
        self.reader = reader
        # A dictionary, because an empty one is small and most players are in no room at first.
        self.rooms: dict[str, None] = dict.fromkeys(rooms)
        """Streams of the rooms that the player is in, as of the hub's position in its stream."""
        self.connections: dict[str, Connection] = {}
        """Those that were not told to end, oldest first."""
        self.carrier: Connection | None = None
        """Where plain twins stand by: the one connection that carries the player's events."""
        self.written: Cursor = {}
        """Up to where connections of this session that have ended were written."""
        self.acknowledged: Cursor = {}
        """What the application of some client of this session has."""
        self.arm = "on"
        """Its side of a rollout, as of the connection that opened last."""
        self._waiting: list[tuple[Position, asyncio.Future[None]]] = []

    @property
    def streams(self) -> tuple[str, ...]:
        """What its connections carry."""
        return (self.stream, GLOBAL, *self.rooms)

    def acknowledge(self, cursor: Mapping[str, Position]) -> None:
        """A client's application has everything up to ``cursor``; positions never go back."""
        merge(self.acknowledged, cursor)
        seen = self.acknowledged.get(self.stream)
        if seen is None or not self._waiting:
            return
        for position, future in self._waiting:
            if position <= seen and not future.done():
                future.set_result(None)

    async def wait_acknowledged(self, position: Position, timeout: float) -> bool:
        """Wait until a client's application has a position of the player's own stream.

        Args:
            position: which one.
            timeout: seconds to wait at most.

        Returns:
            Whether that was so in time.
        """
        seen = self.acknowledged.get(self.stream)
        if seen is not None and position <= seen:
            return True
        waiter = position, asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        try:
            async with asyncio.timeout(timeout):
                await waiter[1]
        except TimeoutError:
            return False
        finally:
            self._waiting.remove(waiter)
        return True


class Audience:
    """The connections of this node that carry one stream, and where the hub stands in it."""

    __slots__ = ("live", "players", "position", "skipped")

    def __init__(self, position: Position) -> None:
        self.position = position
        self.live: dict[Encoding, dict[Connection, None]] = {}
        self.players = 0
        """Local players who are in it, connected or not."""
        self.skipped: dict[Connection, int] | None = None
        """Live connections that have not been told what they skipped: from which offset on."""

    def add(self, connection: Connection) -> None:
        """A connection stands where the hub stands."""
        self.live.setdefault(connection.encoding, {})[connection] = None

    def remove(self, connection: Connection) -> None:
        """A connection does no longer."""
        group = self.live.get(connection.encoding)
        if group is not None:
            group.pop(connection, None)
            if not group:
                del self.live[connection.encoding]
        if self.skipped is not None:
            self.skipped.pop(connection, None)


class Audiences(dict[str, Audience]):
    """The audiences of one node, by stream: those that some local player is in.

    Args:
        engine: follows their streams.
    """

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self._engine = engine

    def of(self, stream: str) -> Audience:
        """A stream's audience, made if need be; who joins it counts itself in ``players``."""
        audience = self.get(stream)
        if audience is None:
            self._engine.follow(stream)
            audience = self[stream] = Audience(self._engine.log(stream).position)
        return audience

    def leave(self, stream: str) -> None:
        """A local player is in it no longer."""
        audience = self[stream]
        audience.players -= 1
        if not audience.players and stream != GLOBAL:
            del self[stream]
            self._engine.unfollow(stream)

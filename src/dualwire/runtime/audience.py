"""Who on this node is given what: players with their connections, streams with their audiences."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import ClassVar

from ..abc import Engine
from ..core.cursor import clamp, merge
from ..core.encoding import Encoding
from ..core.reading import Reader
from ..types import GLOBAL, Cursor, Position, player_stream
from .connection import Connection
from .group import Group

__all__ = ["FEW", "Audience", "Audiences", "LocalPlayer"]

FEW = 4
"""Connections up to which an audience is a list that is walked to find one."""


class LocalPlayer:
    """A player with a session on this node."""

    __slots__ = (
        "_waiting",
        "acknowledged",
        "arm",
        "carrier",
        "connections",
        "id",
        "over",
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
        self.over: str | None = None
        """The session that was ended last, as of the hub's position in the player's stream."""
        self._waiting: list[tuple[Position, asyncio.Future[None]]] | None = None

    @property
    def streams(self) -> tuple[str, ...]:
        """What its connections carry."""
        return (self.stream, GLOBAL, *self.rooms)

    def acknowledge(self, cursor: Cursor, tail_of: Callable[[str], Position]) -> Cursor:
        """A client's application has everything up to ``cursor``; positions never go back.

        Args:
            cursor: what the client says; believed as far as streams of this player go.
            tail_of: where a stream stands.

        Returns:
            What was believed.
        """
        believed: Cursor = {}
        for stream in self.streams:
            if stream in cursor:
                tail = tail_of(stream)
                position = clamp(cursor[stream], tail)
                if position.epoch == tail.epoch:
                    believed[stream] = position
        merge(self.acknowledged, believed)
        seen = self.acknowledged.get(self.stream)
        for position, future in self._waiting or ():
            if seen is not None and position <= seen and not future.done():
                future.set_result(None)
        return believed

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
        waiting = self._waiting = self._waiting or []
        waiting.append(waiter)
        try:
            async with asyncio.timeout(timeout):
                await waiter[1]
        except TimeoutError:
            return False
        finally:
            waiting.remove(waiter)
        return True


class Audience:
    """The connections of this node that carry one stream, and where the hub stands in it."""

    __slots__ = ("_few", "_many", "players", "position", "skipped")

    few: ClassVar[int] = FEW

    def __init__(self, position: Position) -> None:
        self.position = position
        # A player's own stream has one or two, and a dictionary of dictionaries for them would be
        # most of what a connection keeps here.
        self._few: tuple[Connection, ...] = ()
        self._many: dict[Encoding, Group] | None = None
        self.players = 0
        """Local players who are in it, connected or not."""
        self.skipped: dict[Connection, int] | None = None
        """Live connections that have not been told what they skipped: from which offset on."""

    @property
    def groups(self) -> Mapping[Encoding, Group] | None:
        """Where they are many, the live connections; ``None`` for few."""
        return self._many

    @property
    def live(self) -> Mapping[Encoding, Collection[Connection]]:
        """The connections that stand where the hub stands, by what they are written in."""
        if self._many is not None:
            return self._many
        if len(self._few) == 1:
            return {self._few[0].encoding: self._few}
        groups: dict[Encoding, list[Connection]] = {}
        for connection in self._few:
            groups.setdefault(connection.encoding, []).append(connection)
        return groups

    def add(self, connection: Connection) -> None:
        """A connection stands where the hub stands."""
        many = self._many
        if many is None:
            if connection in self._few:
                return
            if len(self._few) < self.few:
                self._few += (connection,)
                return
            many = self._many = {}
            for each in self._few:
                _group(many, each.encoding).add(each)
            self._few = ()
        _group(many, connection.encoding).add(connection)

    def remove(self, connection: Connection) -> None:
        """A connection does no longer."""
        if self._many is None:
            self._few = tuple([each for each in self._few if each is not connection])
        else:
            group = self._many.get(connection.encoding)
            if group is not None:
                group.remove(connection)
                if not group.members:
                    del self._many[connection.encoding]
        if self.skipped is not None:
            self.skipped.pop(connection, None)


def _group(groups: dict[Encoding, Group], encoding: Encoding) -> Group:
    group = groups.get(encoding)
    if group is None:
        group = groups[encoding] = Group()
    return group


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

    def one(self, stream: str, position: Position) -> Position:
        """A position, as the object that a stream's audience has for it if it stands there."""
        audience = self.get(stream)
        if audience is not None and audience.position == position:
            return audience.position
        return position

    def leave(self, stream: str) -> None:
        """A local player is in it no longer."""
        audience = self[stream]
        audience.players -= 1
        if not audience.players and stream != GLOBAL:
            del self[stream]
            self._engine.unfollow(stream)

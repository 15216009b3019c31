"""Plain twins: whether all of a player's plain connections carry every event, or one does.

A client that speaks ``plain`` cannot tell a repeated event from a new one. Where that matters
(``standby``), exactly one of the player's connections carries, and the others stand by: the oldest
healthy WebSocket, or without one the oldest SSE stream.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from ..core.lifecycle import State, Step
from ..core.reading import Place
from .audience import LocalPlayer
from .connection import Connection

if TYPE_CHECKING:
    from .hub import Hub

__all__ = ["Twins", "elect"]


def elect(player: LocalPlayer, plain_twins: Literal["all", "standby"]) -> Connection | None:
    """The one of a player's plain connections that carries events, where twins stand by.

    Connections that speak ``dualwire.v1`` always carry, and change nothing for the plain ones.

    Returns:
        ``None`` where all of them carry.
    """
    candidates = [
        each
        for each in player.connections.values()
        if each.transport is not None and _is_plain(each)
    ]
    if plain_twins == "all" and not any(each.standby_wanted for each in candidates):
        return None

    def rank(connection: Connection) -> tuple[bool, bool]:
        return _stalled(connection), connection.connection_type != "websocket"

    # ``min`` keeps the first of equals, and the oldest comes first.
    return min(candidates, key=rank, default=None)


def _is_plain(connection: Connection) -> bool:
    return connection.encoding.name == "plain"


def _stalled(connection: Connection) -> bool:
    return connection.verdict != "healthy"


class Twins:
    """Lets a player's plain connections stand by and take over from each other.

    Args:
        hub: gives events to the one that carries.
        policy: ``plain_twins`` of the configuration.
    """

    def __init__(self, hub: Hub, policy: Literal["all", "standby"]) -> None:
        self._hub = hub
        self._policy: Literal["all", "standby"] = policy

    def arrange(self, player: LocalPlayer) -> None:
        """Decide which of a player's plain connections carries, where twins stand by."""
        before, now = player.carrier, elect(player, self._policy)
        player.carrier = now
        if now is None:
            self._release(player)
            return
        place = None
        if before is not None and before is not now:
            place = self._hand_over(before)
        for connection in list(player.connections.values()):
            if connection is not now and connection.carries and _is_plain(connection):
                self._stand_by(connection)
        if now.state is State.STANDBY:
            now.step(Step.TAKE_OVER)
            self._hub.begin(now, place or player.reader.at_tail())
            self._hub.readers.read(now)
        elif place is not None and now.state is State.READING:
            self._hub.begin(now, place)

    def _hand_over(self, before: Connection) -> Place | None:
        """Where the next carrier goes on: after what the one before was written."""
        stays = before.id in before.player.connections
        if stays and before.verdict == "healthy" and before.start is not None:
            # It only makes room: what is on its way will be written, what still waits goes along.
            place: Place | None = before.place or self._hub.here(before)
            first = before.drop_events()
            if first:
                place = before.player.reader.further(before.start, first - 1)
        else:
            place = self._hub.written(before)
            before.drop_events()
        self._hub.mark(before)
        return place

    def _stand_by(self, connection: Connection) -> None:
        if connection.state is State.LIVE:
            self._hub.leave_live(connection)
        connection.place = None
        self._hub.readers.forget(connection)
        connection.step(Step.STAND_BY)

    def _release(self, player: LocalPlayer) -> None:
        """Nobody stands by any more: all of the player's connections carry."""
        for connection in list(player.connections.values()):
            if connection.state is State.STANDBY:
                connection.step(Step.TAKE_OVER)
                self._hub.begin(connection, player.reader.at_tail())
                self._hub.readers.read(connection)

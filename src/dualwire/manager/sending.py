"""Sending events, and rooms: the part of the API that an application calls."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from ..core.connection_ids import is_plain
from ..core.encoding.json import encode_object
from ..runtime.audience import LocalPlayer
from ..runtime.connection import Connection
from ..runtime.inbound import Answer
from ..runtime.node import Node
from ..runtime.reports import written
from ..runtime.saying import Saying
from ..types import (
    GLOBAL,
    DeliveryReport,
    Entry,
    Event,
    Position,
    player_id_of,
    player_stream,
    room_stream,
)

__all__ = ["PlayerId", "Sending"]

PlayerId = str | UUID
"""Applications keep ids as either; inside there is one spelling."""


class Sending:
    """Publishes events.

    Args:
        node: the process that they go out from.
    """

    def __init__(self, node: Node) -> None:
        self.node = node
        self.config = node.config
        self._saying = Saying(node)

    async def send_personal_message(self, player_id: PlayerId, event: Mapping[str, Any]) -> bool:
        """Send a personal message to a player via all active connections.

        The event is in the player's stream whatever is returned: a connection that catches up, or
        resumes within the resume window, gets it.

        Args:
            player_id: the player.
            event: the event, a JSON object.

        Returns:
            True if a live connection took it into its outbox, which is flushed whatever follows
            (this does not wait for the flush), or one exists on another node that lives.

        Raises:
            EventError: the event cannot be written as JSON.
            EngineError: it could not be stored; nothing was sent.
        """
        player = player_id_of(player_id)
        _, entry = await self._publish(player_stream(player), event)
        if entry is not None and entry.accepted > 0:
            return True
        return bool(self.node.elsewhere.connections(player))

    async def broadcast_to_room(
        self,
        room_id: str,
        event: Mapping[str, Any],
        exclude_player: PlayerId | None = None,
        *,
        publish_id: str | None = None,
    ) -> int:
        """Send an event to everybody who is subscribed to a room.

        Args:
            room_id: the room.
            event: the event, a JSON object.
            exclude_player: who does not get it, now or on replay.
            publish_id: a repeat of the same id within 120 s sends nothing.

        Returns:
            How many live connections of this node took it.

        Raises:
            EventError: the event cannot be written as JSON.
            EngineError: it could not be stored; nothing was sent.
        """
        stream = room_stream(str(room_id))
        _, entry = await self._publish(stream, event, exclude_player, publish_id)
        return entry.accepted if entry else 0

    async def broadcast_global(
        self,
        event: Mapping[str, Any],
        exclude_player: PlayerId | None = None,
        *,
        publish_id: str | None = None,
    ) -> int:
        """Send an event to every player; otherwise as :meth:`broadcast_to_room`."""
        _, entry = await self._publish(GLOBAL, event, exclude_player, publish_id)
        return entry.accepted if entry else 0

    async def send_to_connection(self, connection_id: str, event: Mapping[str, Any]) -> bool:
        """Answer one connection, outside all streams: it is not repeated, stored or replayed.

        Args:
            connection_id: which one.
            event: the event, a JSON object.

        Returns:
            Whether the connection took it: it is open, and reads what it is given. One on another
            node is asked there, which takes a moment; a node that does not answer took nothing.

        Raises:
            EventError: the event cannot be written as JSON.
        """
        return await self._saying.say(connection_id, encode_object(event))

    async def deliver(
        self, player_id: PlayerId, event: Mapping[str, Any], timeout: float = 1.0
    ) -> DeliveryReport:
        """Send a personal message and wait to see what becomes of it on each connection.

        Args:
            player_id: the player.
            event: the event, a JSON object.
            timeout: seconds to wait at most; what is not written by then is reported as queued.

        Returns:
            For each connection of the player, on whatever node: written, queued, failed or
            filtered.
        """
        report, _ = await self._deliver(player_id_of(player_id), event, timeout)
        return report

    async def send_confirmed(
        self, player_id: PlayerId, event: Mapping[str, Any], timeout: float = 5.0
    ) -> DeliveryReport:
        """Send a personal message and wait until a client says that its application has it.

        Only clients that speak ``dualwire.v1`` can say so. Without one the report comes as soon as
        the event is written, with ``acknowledged`` false and the reason.

        Args:
            player_id: the player.
            event: the event, a JSON object.
            timeout: seconds to wait at most, for writing and for the acknowledgement together.

        Returns:
            The report; ``reason`` says why ``acknowledged`` is false.
        """
        began = self.node.clock.now()
        player_id = player_id_of(player_id)
        report, player = await self._deliver(player_id, event, timeout, confirm=True)
        if report.reason:
            return report
        known = {each.connection_id: each.outcome for each in report.connections}
        speaks = [outcome for name, outcome in known.items() if not is_plain(name)]
        if not speaks:
            return replace(report, reason="no client that acknowledges")
        if all(outcome == "filtered" for outcome in speaks):
            return replace(report, reason="filtered")
        left = max(0.0, timeout - (self.node.clock.now() - began))
        acknowledged = await self.node.elsewhere.acknowledged(player, player_id, report, left)
        return replace(
            report, acknowledged=acknowledged, reason="" if acknowledged else "not in time"
        )

    async def _deliver(
        self, player_id: str, event: Mapping[str, Any], timeout: float, *, confirm: bool = False
    ) -> tuple[DeliveryReport, LocalPlayer | None]:
        began = self.node.clock.now()
        stream = player_stream(player_id)
        position, entry = await self._publish(stream, event, confirm=confirm)
        player = self.node.hub.players.get(player_id)
        if entry is None or not isinstance(entry.body, Event):
            return DeliveryReport(player_id=player_id, position=position, reason="repeated"), player
        if not self.node.hub.permission.is_for(player_id, entry.body):
            reason = "not authorized"
            return DeliveryReport(player_id=player_id, position=position, reason=reason), player
        connections = list(player.connections.values()) if player is not None else []
        here, there = await asyncio.gather(
            written(connections, entry, timeout),
            self.node.elsewhere.report(player_id, position, timeout),
        )
        self.node.stats.report.add(self.node.clock.now() - began)
        report = DeliveryReport(
            player_id=player_id,
            position=position,
            connections=(*here, *there),
            reason="" if connections or there else "no connection",
        )
        return report, player

    async def subscribe_to_room(self, player_id: PlayerId, room_id: str) -> bool:
        """Let a player have what is said in a room, on all connections, from now on.

        Returns:
            Whether that changed anything.
        """
        await self.node.start()
        return await self.node.engine.enter(player_id_of(player_id), str(room_id))

    async def unsubscribe_from_room(self, player_id: PlayerId, room_id: str) -> bool:
        """The player gets nothing more of a room; what was said before is still delivered.

        Returns:
            Whether that changed anything.
        """
        await self.node.start()
        return await self.node.engine.leave(player_id_of(player_id), str(room_id))

    async def describe_player(self, player_id: PlayerId, **info: Any) -> bool:
        """Tell more about a present player: it shows in ``online_players`` until the session ends.

        Returns:
            Whether the player is known.
        """
        return await self.node.engine.describe(player_id_of(player_id), info)

    async def _publish(
        self,
        stream: str,
        event: Mapping[str, Any],
        exclude_player: PlayerId | None = None,
        publish_id: str | None = None,
        *,
        confirm: bool = False,
    ) -> tuple[Position, Entry | None]:
        exclude = frozenset((player_id_of(exclude_player),)) if exclude_player else frozenset()
        body = Event(payload=encode_object(event), exclude=exclude, confirm=confirm)
        return await self.node.publish(stream, body, publish_id)

    def _say(self, connection: Connection, answer: Answer) -> bool:
        payload = encode_object(answer.body)
        if answer.is_event:
            return self._saying.direct(connection, payload)
        return self._saying.push(connection, connection.encoding.own(payload))

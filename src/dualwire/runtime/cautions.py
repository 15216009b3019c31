"""Warnings to a player who will soon be refused something."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.encoding.json import encode_object
from ..types import JSONObject

if TYPE_CHECKING:
    from .node import Node

__all__ = ["caution"]


def caution(node: Node, player_id: str, warning: JSONObject) -> None:
    """Give a ``warning`` frame to all of a player's connections on a node that understand it.

    Plain ones get none: their client would take it for an event of the application.
    """
    player = node.hub.players.get(player_id)
    for connection in player.connections.values() if player is not None else ():
        if connection.encoding.contiguous and connection.transport is not None:
            node.hub.push(connection, connection.encoding.own(encode_object(warning)))

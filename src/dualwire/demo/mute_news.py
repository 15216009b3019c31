"""Who mutes whom, told between the nodes that serve one game.

A player's two connections may be on two nodes, and both must keep away the same. So whoever changes
its mind tells all nodes, and a node that starts asks the others for what it missed. When the last
node stops, mutes end, as the town does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..types import JSONObject
from .mutes import Mutes

if TYPE_CHECKING:
    from ..runtime.node import Node

__all__ = ["MuteNews"]

AT_ONCE = 100
"""Players of whom one entry tells: with a hundred mutes each, well below what the engine takes."""


class MuteNews:
    """One node's side of it; nothing where a node serves alone.

    Args:
        node: the node.
        mutes: what it knows, kept up to date.
    """

    def __init__(self, node: Node, mutes: Mutes) -> None:
        self._node = node
        self._mutes = mutes
        node.control.handlers |= {"game.muted": self._heard, "game.mutes?": self._asked}

    async def ask(self) -> None:
        """Ask the other nodes what this one missed.

        Raises:
            EngineError: the engine does not answer.
        """
        if self._node.shared:
            await self._node.control.tell(None, "game.mutes?", {})

    async def changed(self, player_id: str) -> None:
        """Tell all nodes whom a player mutes now.

        Raises:
            EngineError: they could not be told; here it holds.
        """
        if self._node.shared:
            told = {player_id: self._mutes.of(player_id)}
            await self._node.control.tell(None, "game.muted", {"mutes": told, "newest": True})

    def _asked(self, sender: str, data: JSONObject) -> None:
        if sender != self._node.id:
            self._node.spawn(self._answer(sender))

    async def _answer(self, sender: str) -> None:
        known = self._mutes.all()
        for start in range(0, len(known), AT_ONCE):
            told = dict(known[start : start + AT_ONCE])
            await self._node.control.tell(sender, "game.muted", {"mutes": told, "newest": False})

    def _heard(self, sender: str, data: JSONObject) -> None:
        if sender == self._node.id:
            return
        for player_id, muted in data["mutes"].items():
            # An answer to a question never undoes what somebody said since.
            if data["newest"] or not self._mutes.knows(player_id):
                self._mutes.set(player_id, muted)

"""What a player spent of its rates here, told to the other nodes that carry it.

Each node counts for itself, so that no command waits for another node. Once a second it tells the
nodes that carry the same player what that player did here, if it was more than a quarter of what is
allowed; they count it as if it had been done there. So the rates of a player hold for all nodes
together, but for a quarter on each further node, and for what was done within the second before
the others knew. Nearly everybody does less than that quarter, and is never spoken of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from ..exceptions import EngineError
from ..types import JSONObject

if TYPE_CHECKING:
    from .node import Node

__all__ = ["Sharing"]

log = structlog.get_logger("dualwire")


class Sharing:
    """One node's side of it.

    Args:
        node: the node.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        node.control.handlers["spent"] = self._heard

    async def tell(self) -> None:
        """Tell other nodes what players did here since the last time."""
        node = self._node
        now = node.clock.now()
        by_node: dict[str, list[JSONObject]] = {}
        spent = [
            *({"player": player, **did} for player, did in node.pacing.spent()),
            *({"player": player, **did} for player, did in node.limiter.spent(now)),
        ]
        for each in spent:
            for node_id in {known.node for known in node.elsewhere.connections(each["player"])}:
                by_node.setdefault(node_id, []).append(each)
        for node_id, told in by_node.items():
            try:
                await node.control.tell(node_id, "spent", {"spent": told})
            except EngineError as error:
                # While the engine is away, each node counts for itself.
                log.info("news_not_told", to=node_id, reason=error.cause)

    def _heard(self, sender: str, data: JSONObject) -> None:
        now = self._node.clock.now()
        for each in data["spent"]:
            if "opened" in each:
                self._node.limiter.charge(each["player"], each["what"], each["opened"], now)
            else:
                self._node.pacing.charge(each["player"], each["commands"], each["bytes"], now)

"""Publishing: from an application's call to an entry of a stream."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ..types import Entry, Event, Position

if TYPE_CHECKING:
    from .node import Node

__all__ = ["Publishing"]

SLICE = 0.005
"""Seconds that publishers may hold the loop before they have to let it turn."""


class Publishing:
    """Appends events to streams.

    Args:
        node: whose engine numbers them and whose hub fans them out.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._since: float | None = None

    async def publish(
        self, stream: str, event: Event, publish_id: str | None
    ) -> tuple[Position, Entry | None]:
        """Append an event to a stream and fan it out.

        Args:
            stream: where to.
            event: what.
            publish_id: a repeat of the same id within 120 s stores nothing; ``None`` for none.

        Returns:
            Where it stands, and its entry if history holds it (not for an old repeat).

        Raises:
            EngineError: it could not be stored.
        """
        node = self._node
        began = node.loop_time()
        published = await node.engine.publish(stream, event, publish_id=publish_id)
        node.stats.publish.add(node.loop_time() - began)
        if not published.repeated:
            node.stats.published[stream.partition(":")[0]] += 1
        entry = node.engine.log(stream).at(published.position.offset)
        if entry is None and not published.repeated:
            # Nobody here follows this stream, so no connection here took it.
            size = len(event.payload)
            entry = Entry(published.position.offset, event, node.clock.now(), size)
        # A publisher that never waits for anything would starve the loop otherwise.
        now = node.clock.now()
        if self._since is None:
            self._since = now
            node.call_soon(self._turned)
        elif now - self._since > SLICE:
            await asyncio.sleep(0)
        return published.position, entry

    def _turned(self) -> None:
        self._since = None

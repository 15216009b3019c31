"""Whether a player gets an event: exclusions, stored with it, and the hook of the application."""

from __future__ import annotations

from collections.abc import Callable, Set

import structlog

from ..core.encoding.json import decode_object
from ..types import Event, JSONObject
from .audience import Audience
from .stats import Stats

__all__ = ["Permission"]

log = structlog.get_logger("dualwire")


class Permission:
    """The one place where it is decided who gets an event, live or on replay.

    Args:
        stats: counts a hook that fails.
    """

    def __init__(self, stats: Stats) -> None:
        self._stats = stats
        self.authorize: Callable[[str, JSONObject], bool] | None = None
        """The application's hook; ``None`` for no objection."""

    def refused(self, audience: Audience, body: Event) -> Set[str]:
        """Players of an audience who do not get an event. The hook is asked once per player."""
        if self.authorize is None:
            return body.exclude
        event = decode_object(body.payload)
        players = {
            connection.player.id
            for connections in audience.live.values()
            for connection in connections
        }
        return body.exclude | {each for each in players if not self._allowed(each, event)}

    def is_for(self, player_id: str, body: Event) -> bool:
        """Whether one player gets an event."""
        if player_id in body.exclude:
            return False
        return self.authorize is None or self._allowed(player_id, decode_object(body.payload))

    def _allowed(self, player_id: str, event: JSONObject) -> bool:
        assert self.authorize is not None
        try:
            return bool(self.authorize(player_id, event))
        except Exception as error:
            # Failing closed: what nobody allowed is not delivered.
            self._stats.failed("hook", error)
            log.exception("hook_failed", hook="authorize", player=player_id)
            return False

"""The envelope that this game's clients expect around every event."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from itertools import count
from typing import Any

from ..types import JSONObject

__all__ = ["Envelope", "utc"]


def utc(wall: float) -> str:
    """A moment as clients read it: UTC, whole seconds, ``2026-01-31T23:59:59Z``.

    Args:
        wall: seconds since 1970.
    """
    return datetime.fromtimestamp(wall, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Envelope:
    """Wraps what happened; one counter numbers every event of this process.

    Clients compare ``event_type`` and ``sequence_number`` to recognize an event that came twice, so
    an event is wrapped once and sent to everybody as it is.

    Args:
        wall: gives seconds since 1970.
    """

    def __init__(self, wall: Callable[[], float]) -> None:
        self._wall = wall
        self._numbers = count(1)

    def wrap(
        self,
        event_type: str,
        data: Mapping[str, Any],
        *,
        room_id: str | None = None,
        player_id: str | None = None,
    ) -> JSONObject:
        """One event.

        Args:
            event_type: what happened.
            data: the facts.
            room_id: where, if it happened in one room.
            player_id: who did it, if somebody did.
        """
        event: JSONObject = {
            "event_type": event_type,
            "timestamp": utc(self._wall()),
            "sequence_number": next(self._numbers),
            "data": dict(data),
        }
        if room_id is not None:
            event["room_id"] = room_id
        if player_id is not None:
            event["player_id"] = player_id
        return event

"""What a person reads of the game's events."""

from __future__ import annotations

import unicodedata

from ..types import JSONObject

__all__ = ["Story"]


class Story:
    """Turns events into lines, and remembers what was shown.

    Every connection is greeted, and so is one that comes back; a player is greeted once, and what
    is the same as before is not told twice.
    """

    def __init__(self) -> None:
        self._place: tuple[str, ...] = ()
        self._welcome: str | None = None

    def tell(self, event: JSONObject) -> str | None:
        """The text of an event, perhaps of several lines; ``None`` for one without a text."""
        if event.get("type") == "error":
            return _clean(str(event.get("user_friendly") or event.get("message") or "Error"))
        data = event.get("data")
        if not isinstance(data, dict):
            return None
        kind = event.get("event_type")
        if kind == "command_response":
            return _text(data, "message") or _text(data, "result")
        if kind in ("game_state", "room_update"):
            return self._arrival(data)
        if kind == "welcome":
            return self._greeting(data)
        return _text(data, "message")

    def _greeting(self, data: JSONObject) -> str | None:
        before, self._welcome = self._welcome, _text(data, "message")
        return None if self._welcome == before else self._welcome

    def _arrival(self, data: JSONObject) -> str | None:
        room = data.get("room")
        if not isinstance(room, dict):
            return None
        occupants = [str(each) for each in data.get("occupants") or ()]
        exits = [str(each) for each in room.get("exits") or ()]
        name, description = str(room.get("name", "")), str(room.get("description", ""))
        place = (name, description, *exits)
        if place == self._place:
            return None
        self._place = place
        lines = [name, description]
        lines += [f"Exits: {', '.join(exits)}"] if exits else []
        lines += [f"Here: {', '.join(occupants)}"] if occupants else []
        return _clean("\n".join(line for line in lines if line))


def _text(data: JSONObject, name: str) -> str | None:
    value = data.get(name)
    return _clean(value) if isinstance(value, str) and value else None


def _clean(text: str) -> str:
    """Without control characters: a terminal obeys them, whoever wrote them."""
    return "".join(
        char for char in text if char == "\n" or unicodedata.category(char) not in ("Cc", "Cs")
    )

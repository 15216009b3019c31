"""What a person reads of the game's events."""

from __future__ import annotations

from typing import Any

import pytest

from dualwire.cli.story import Story

ROOM = {"name": "The Library", "description": "Books.", "exits": {"north": "hall"}}


def event(event_type: str, **data: Any) -> dict[str, Any]:
    return {"event_type": event_type, "sequence_number": 1, "data": data}


@pytest.mark.parametrize(
    ("told", "text"),
    [
        (event("command_response", result="You look."), "You look."),
        (event("command_response", result="a", message="b"), "b"),
        (event("chat_message", message="Ben says: hello"), "Ben says: hello"),
        (event("player_entered", message="Ben enters the room."), "Ben enters the room."),
        (event("heartbeat"), None),
        ({"type": "error", "message": "m", "user_friendly": "Try again."}, "Try again."),
        ({"n": 1}, None),
        ({"event_type": "x", "data": "text"}, None),
    ],
)
def test_events_as_text(told: dict[str, Any], text: str | None) -> None:
    assert Story().tell(told) == text


def test_a_place_is_told_once() -> None:
    story = Story()
    first = story.tell(event("game_state", room=ROOM, occupants=["Ben"]))
    assert first == "The Library\nBooks.\nExits: north\nHere: Ben"
    assert story.tell(event("game_state", room=ROOM, occupants=[])) is None
    assert story.tell(event("room_update", room=ROOM, occupants=["Ben"])) is None
    assert story.tell(event("room_update", room={**ROOM, "name": "The Hall"}, occupants=[]))
    assert story.tell(event("game_state", room=None)) is None


def test_a_player_is_greeted_once() -> None:
    story = Story()
    welcome = event("welcome", message="Connected to Arkham")
    assert story.tell(welcome) == "Connected to Arkham"
    assert story.tell(event("chat_message", message="Hi.")) == "Hi."
    assert story.tell(welcome) is None
    assert story.tell(event("welcome", message="Arkham has moved")) == "Arkham has moved"


def test_nobody_writes_to_the_terminal_itself() -> None:
    text = Story().tell(event("chat_message", message="Ben\x1b[2J\x07 says\nhi"))
    assert text == "Ben[2J says\nhi"

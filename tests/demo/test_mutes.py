from __future__ import annotations

from dualwire.demo import mutes
from dualwire.demo.mutes import Mutes

SAID = {"event_type": "chat_message", "data": {"sender_id": "bob"}}


def test_only_what_the_muted_one_says_is_kept_away() -> None:
    book = Mutes()
    assert book.allows("ada", SAID)
    assert book.mute("ada", "bob", "Bob")
    assert not book.allows("ada", SAID)
    assert book.allows("eve", SAID)
    assert book.allows("ada", {"event_type": "chat_message", "data": {"sender_id": "eve"}})
    assert book.allows("ada", {"event_type": "player_left", "data": {"sender_id": "bob"}})
    assert book.allows("ada", {"event_type": "chat_message", "data": None})
    assert book.names("ada") == ["Bob"]


def test_a_mute_ends_by_name() -> None:
    book = Mutes()
    book.mute("ada", "bob", "Bob")
    assert book.unmute("ada", "eve") is None
    assert book.unmute("ada", "BOB") == "Bob"
    assert book.allows("ada", SAID)
    assert book.unmute("nobody", "Bob") is None


def test_mutes_are_bounded() -> None:
    book = Mutes()
    for number in range(mutes.MOST):
        assert book.mute("ada", f"p{number}", f"P{number}")
    assert not book.mute("ada", "bob", "Bob")
    assert book.mute("ada", "p0", "P0")
    for number in range(mutes.PLAYERS):
        book.mute(f"q{number}", "bob", "Bob")
    assert book.names("ada") == []


def test_what_another_node_says_is_taken_over() -> None:
    book = Mutes()
    assert not book.knows("ada")
    book.set("ada", {"bob": "Bob"})
    assert book.knows("ada")
    assert not book.allows("ada", SAID)
    assert book.all() == [("ada", {"bob": "Bob"})]
    book.of("ada").clear()
    assert book.of("ada") == {"bob": "Bob"}

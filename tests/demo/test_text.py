from __future__ import annotations

import pytest

from dualwire.demo.text import clean, listing, room_text
from dualwire.demo.world import load_world


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("hello", "hello"),
        ("  two\n\tlines ", "two lines"),
        ("bell\x07 \x1b[31mred\x00", "bell [31mred"),
        ("a\u202eb\u2066c\u2028d", "abc d"),
        ("\ud800x", "x"),
        ("naïve 🐙 <b>", "naïve 🐙 <b>"),
    ],
)
def test_clean(given: str, kept: str) -> None:
    assert clean(given) == kept


def test_listing() -> None:
    assert [listing(["a"]), listing(["a", "b"]), listing(["a", "b", "c"])] == [
        "a",
        "a and b",
        "a, b and c",
    ]


def test_a_room_with_and_without_others() -> None:
    world = load_world()
    room = world.rooms[world.start]
    assert "Ada is here." in room_text(room, ["Ada"])
    assert "Ada and Bob are here." in room_text(room, ["Ada", "Bob"])
    alone = room_text(room, [])
    assert " here." not in alone
    assert "Ways out: south and east." in alone

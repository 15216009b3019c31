"""Names for people who do not give one."""

from __future__ import annotations

import secrets
from collections.abc import Container

__all__ = ["guest_name"]

# fmt: off
_FIRST = (
    "Ashen", "Bookish", "Drowsy", "Dusty", "Feverish", "Furtive", "Gaunt", "Haunted", "Hushed",
    "Lonely", "Nameless", "Pale", "Restless", "Shivering", "Silent", "Sleepless", "Solemn",
    "Uneasy", "Wandering", "Weary",
)
_SECOND = (
    "Antiquary", "Archivist", "Boarder", "Cartographer", "Clerk", "Cousin", "Dreamer", "Fiddler",
    "Heir", "Journalist", "Lodger", "Organist", "Painter", "Sailor", "Scholar", "Stranger",
    "Student", "Surveyor", "Traveler", "Witness",
)
# fmt: on


def guest_name(taken: Container[str]) -> str:
    """A name such as ``Pale Stranger 17`` that nobody has yet.

    The more names are taken, the longer its number may be, so that one is always found.
    """
    numbers = 90
    while True:
        first, second = secrets.choice(_FIRST), secrets.choice(_SECOND)
        name = f"{first} {second} {10 + secrets.randbelow(numbers)}"
        if name not in taken:
            return name
        numbers *= 2

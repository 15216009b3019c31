"""A town with room for a crowd: in Arkham's dozen rooms everybody would hear everybody."""

from __future__ import annotations

import json
from pathlib import Path

__all__ = ["WAYS", "write"]

WAYS = {
    "north": "south",
    "northeast": "southwest",
    "east": "west",
    "southeast": "northwest",
    "south": "north",
    "southwest": "northeast",
    "west": "east",
    "northwest": "southeast",
    "up": "down",
    "down": "up",
}
"""Directions that streets lead away from the square in, with the way back."""

LONG = 5
"""Rooms of a street."""


def write(path: Path) -> None:
    """Write the world file: a square, and a street in each direction."""
    square = _room("square", "The Square", 0, 0, {way: f"{way}_1" for way in WAYS})
    rooms = [square]
    for x, (way, back) in enumerate(WAYS.items(), 1):
        for y in range(1, LONG + 1):
            exits = {back: "square" if y == 1 else f"{way}_{y - 1}"}
            if y < LONG:
                exits[way] = f"{way}_{y + 1}"
            rooms.append(_room(f"{way}_{y}", f"{way.title()} Street {y}", x, y, exits))
    town = {"start": "square", "plane": "earth", "zone": "suburbs", "rooms": rooms}
    # JSON is YAML.
    path.write_text(json.dumps(town))


def _room(room_id: str, name: str, x: int, y: int, exits: dict[str, str]) -> dict[str, object]:
    return {
        "id": room_id,
        "name": name,
        "description": "Rain on cobbles. Somebody walks ahead of you and does not turn round.",
        "district": "suburbs",
        "environment": "outdoors",
        "coordinates": [x, y],
        "exits": exits,
    }

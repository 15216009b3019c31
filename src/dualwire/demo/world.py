"""The town: rooms and the ways between them, read from a file that a person edits."""

from __future__ import annotations

import difflib
import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from ..exceptions import ConfigurationError
from ..types import JSONObject

__all__ = ["DIRECTIONS", "WORLD", "Room", "World", "WorldError", "load_world"]

WORLD = Path(__file__).with_name("world.yaml")
"""The town that the game comes with."""

DIRECTIONS: Mapping[str, str] = MappingProxyType(
    {
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
        "in": "out",
        "out": "in",
    }
)
"""Every direction, and the one that leads back."""

_ROOM_ID = re.compile(r"[a-z0-9_]{1,64}")


class WorldError(ConfigurationError):
    """A world file cannot be used; the text is one line with file, place and repair.

    Args:
        path: the file.
        place: where in it.
        expected: what should be there.
        got: what is there.
        repair: what to do.
    """

    def __init__(self, path: Path, place: str, expected: str, got: object, repair: str) -> None:
        super().__init__(f"{path}: {place}", expected, got)
        self.path = path
        self.place = place
        self.repair = repair
        self.args = (path, place, expected, got, repair)

    def __str__(self) -> str:
        text = f"{self.path}: {self.place}: expected {self.expected}, got {self.got!r}"
        return " ".join(f"{text}. {self.repair}.".split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """One place in the town."""

    id: str
    name: str
    description: str
    district: str
    environment: str
    coordinates: tuple[int, int]
    """On the map: x grows eastward, y grows northward."""
    exits: Mapping[str, str]
    """Room ids by direction."""
    plane: str
    zone: str

    def to_dict(self, players: tuple[str, ...] = (), occupants: int | None = None) -> JSONObject:
        """The room as clients know it.

        Args:
            players: ids of those who are in it.
            occupants: how many they are, where the ids are not to be told.
        """
        return {
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "plane": self.plane,
            "zone": self.zone,
            "sub_zone": self.district,
            "environment": self.environment,
            "coordinates": list(self.coordinates),
            "exits": dict(self.exits),
            "players": list(players),
            "objects": [],
            "npcs": [],
            "occupant_count": len(players) if occupants is None else occupants,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """All rooms, by id."""

    start: str
    """The room in which newcomers wake up."""
    rooms: Mapping[str, Room]


def load_world(path: Path | None = None) -> World:
    """Read a world file.

    Args:
        path: the file; ``None`` for the town that the game comes with.

    Raises:
        WorldError: the file cannot be read, or something in it cannot work.
    """
    return _Reading(path or WORLD).world()


class _Loader(yaml.SafeLoader):
    """YAML as is, except that a key given twice is a mistake and not the last one's victory."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value!r} appears twice", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


class _Reading:
    """Turns one file into a world, naming the place of the first mistake."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def world(self) -> World:
        top = self._mapping(self._load(), "the file", "start, plane, zone and rooms")
        entries = top.get("rooms")
        if not isinstance(entries, list) or not entries:
            raise self._error("rooms", "a list of rooms", entries, "Add at least one room")
        plane, zone = self._text(top, "plane", ""), self._text(top, "zone", "")
        rooms: dict[str, Room] = {}
        for number, entry in enumerate(entries, 1):
            room = self._room(entry, number, plane, zone)
            if room.id in rooms:
                raise self._error(
                    f"room {number}, id", "an id of its own", room.id, "Give it another id"
                )
            rooms[room.id] = room
        for room in rooms.values():
            for direction, target in room.exits.items():
                self._known(f"room {room.id!r}, exits.{direction}", target, rooms)
        start = self._text(top, "start", "")
        self._known("start", start, rooms)
        return World(start=start, rooms=MappingProxyType(rooms))

    def _load(self) -> object:
        try:
            text = self._path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "not UTF-8"
            repair = "Check the path and its permissions, and save the file as UTF-8"
            raise self._error("the file", "a readable text file", reason, repair) from error
        try:
            return yaml.load(text, _Loader)  # noqa: S506 (a SafeLoader that is stricter)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            place = f"line {mark.line + 1}" if mark else "the file"
            found = getattr(error, "problem", None) or str(error)
            repair = "Compare the indentation and the colons with the lines around it"
            raise self._error(place, "valid YAML", found, repair) from error

    def _room(self, entry: object, number: int, plane: str, zone: str) -> Room:
        place = f"room {number}"
        fields = self._mapping(entry, place, "a room: id, name, description, …")
        room_id = self._text(fields, "id", f"{place}, ")
        if not _ROOM_ID.fullmatch(room_id):
            raise self._error(
                f"{place}, id", "a-z, 0-9 and _", room_id, "Use only these characters"
            )
        place = f"room {room_id!r}, "
        environment = self._text(fields, "environment", place)
        if environment not in ("outdoors", "indoors"):
            raise self._error(
                f"{place}environment", "outdoors or indoors", environment, "Write one of them"
            )
        return Room(
            id=room_id,
            name=self._text(fields, "name", place),
            description=self._text(fields, "description", place),
            district=self._text(fields, "district", place),
            environment=environment,
            coordinates=self._coordinates(fields.get("coordinates"), place),
            exits=self._exits(fields.get("exits"), place),
            plane=plane,
            zone=zone,
        )

    def _coordinates(self, value: object, place: str) -> tuple[int, int]:
        if isinstance(value, list) and len(value) == 2 and all(type(n) is int for n in value):
            return value[0], value[1]
        raise self._error(
            f"{place}coordinates", "[x, y], two whole numbers", value, "Write for example [0, -1]"
        )

    def _exits(self, value: object, place: str) -> Mapping[str, str]:
        exits = self._mapping(value, f"{place}exits", "DIRECTION: ROOM for each exit")
        for direction, target in exits.items():
            if direction not in DIRECTIONS:
                raise self._error(
                    f"{place}exits", f"one of {' '.join(DIRECTIONS)}", direction, "Correct it"
                )
            if not isinstance(target, str):
                raise self._error(
                    f"{place}exits.{direction}", "the id of a room", target, "Write it as text"
                )
        return MappingProxyType(exits)

    def _mapping(self, value: object, place: str, expected: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self._error(place, expected, value, "See the comments at the top of the file")
        return value

    def _text(self, fields: Mapping[str, Any], name: str, place: str) -> str:
        value = fields.get(name)
        if not isinstance(value, str) or not value.strip():
            repair = f"Give {name} some text, in quotes if it looks like a number"
            raise self._error(f"{place}{name}", "text", value, repair)
        return value.strip()

    def _known(self, place: str, target: str, rooms: Mapping[str, Room]) -> None:
        if target not in rooms:
            close = difflib.get_close_matches(target, rooms, 1)
            repair = f"Did you mean {close[0]!r}?" if close else "Add that room, or correct the id"
            raise self._error(
                place, "the id of a room in this file", target, repair.removesuffix("?")
            )

    def _error(self, place: str, expected: str, got: object, repair: str) -> WorldError:
        return WorldError(self._path, place, expected, got, repair)

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from dualwire.demo.world import DIRECTIONS, WorldError, load_world
from dualwire.exceptions import ConfigurationError

GOOD = """
start: a
plane: earth
zone: arkham
rooms:
  - {id: a, name: A, description: One., district: x, environment: outdoors, coordinates: [0, 0],
     exits: {north: b}}
  - {id: b, name: B, description: Two., district: x, environment: indoors, coordinates: [0, 1],
     exits: {south: a}}
"""


def test_the_town_leads_everywhere_and_back() -> None:
    world = load_world()
    assert 12 <= len(world.rooms) <= 20
    for room in world.rooms.values():
        for direction, target in room.exits.items():
            assert world.rooms[target].exits.get(DIRECTIONS[direction]) == room.id, room.id
    reached, waiting = set(), [world.start]
    while waiting:
        room_id = waiting.pop()
        if room_id not in reached:
            reached.add(room_id)
            waiting += world.rooms[room_id].exits.values()
    assert reached == set(world.rooms)


def test_the_town_can_be_drawn() -> None:
    world = load_world()
    steps = {"north": (0, 1), "south": (0, -1), "east": (1, 0), "west": (-1, 0)}
    assert len({room.coordinates for room in world.rooms.values()}) == len(world.rooms)
    for room in world.rooms.values():
        for direction in room.exits.keys() & steps:
            (x, y), (dx, dy) = room.coordinates, steps[direction]
            assert world.rooms[room.exits[direction]].coordinates == (x + dx, y + dy), room.id


def test_every_room_has_two_to_four_sentences() -> None:
    for room in load_world().rooms.values():
        assert 2 <= sum(room.description.count(mark) for mark in ".?!") <= 4, room.id
        assert "\n" not in room.description


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "world.yaml"
    path.write_text(GOOD)
    world = load_world(path)
    assert world.start == "a"
    shown = world.rooms["a"].to_dict(("p1",))
    assert shown == {
        "id": "a",
        "name": "A",
        "description": "One.",
        "plane": "earth",
        "zone": "arkham",
        "sub_zone": "x",
        "environment": "outdoors",
        "coordinates": [0, 0],
        "exits": {"north": "b"},
        "players": ["p1"],
        "objects": [],
        "npcs": [],
        "occupant_count": 1,
    }


@pytest.mark.parametrize(
    ("before", "after", "place", "words"),
    [
        ("start: a", "start: aa", "start", "'aa'"),
        ("start: a\n", "", "start", "got None"),
        ("north: b", "north: bb", "room 'a', exits.north", "Did you mean 'b'"),
        ("north: b", "nort: b", "room 'a', exits", "one of north"),
        ("north: b", "north: 7", "room 'a', exits.north", "got 7"),
        ("exits: {north: b}", "exits: [b]", "room 'a', exits", "got ['b']"),
        ("id: b,", "id: a,", "room 2, id", "an id of its own"),
        ("id: b,", "id: B!,", "room 2, id", "a-z, 0-9 and _"),
        ("name: A,", "name: 1692,", "room 'a', name", "got 1692"),
        ("description: One.,", "", "room 'a', description", "expected text"),
        ("[0, 0]", "[0, north]", "room 'a', coordinates", "two whole numbers"),
        ("[0, 0]", "[true, 0]", "room 'a', coordinates", "two whole numbers"),
        ("outdoors", "underwater", "room 'a', environment", "outdoors or indoors"),
        ("zone: arkham", "zone: {}", "zone", "got {}"),
        ("{north: b}", "{north: b, north: b}", "line 7", "appears twice"),
        ("{north: b}", "{north: b", "line 8", "YAML"),
    ],
)
def test_a_mistake_is_one_clear_line(
    tmp_path: Path, before: str, after: str, place: str, words: str
) -> None:
    path = tmp_path / "world.yaml"
    text = GOOD.replace(before, after, 1)
    assert text != GOOD
    path.write_text(text)
    with pytest.raises(WorldError) as raised:
        load_world(path)
    message = str(raised.value)
    assert "\n" not in message
    assert message.startswith(f"{path}: {place}: expected ")
    assert words in message
    assert message.endswith(".")


@pytest.mark.parametrize("text", ["", "[]", "start: a\nplane: e\nzone: z\nrooms: []", "\0"])
def test_a_file_without_rooms(tmp_path: Path, text: str) -> None:
    path = tmp_path / "world.yaml"
    path.write_text(text)
    with pytest.raises(WorldError) as raised:
        load_world(path)
    assert "\n" not in str(raised.value)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(WorldError, match="No such file"):
        load_world(tmp_path / "none.yaml")
    with pytest.raises(ConfigurationError, match="a directory"):
        load_world(tmp_path)
    path = tmp_path / "latin.yaml"
    path.write_bytes(b"start: caf\xe9")
    with pytest.raises(WorldError, match="UTF-8"):
        load_world(path)


def test_the_file_explains_itself() -> None:
    path = Path(load_world.__code__.co_filename).with_name("world.yaml")
    head = path.read_text().split("\nstart:")[0]
    for field in yaml.safe_load(path.read_text())["rooms"][0]:
        assert f"# {field}".replace("# ", "") in head

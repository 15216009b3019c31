"""The golden traces of the specification, played to our receiver."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from dualwire.core.cursor import format_cursor
from dualwire.core.merge import Delivered, Entered, Gap, Item, Left, Merge, Replied
from dualwire.exceptions import ProtocolError
from dualwire.types import JSONObject

VECTORS = Path(__file__).parent.parent.parent / "spec" / "vectors"

NAMES: dict[type[Item], str] = {
    Delivered: "delivered",
    Entered: "entered",
    Left: "left",
    Replied: "replied",
    Gap: "gap",
}
STEP_KEYS = {"at", "connect", "disconnect", "connection", "frame", "size", "tick", "items", "error"}


def vectors() -> list[JSONObject]:
    found: list[JSONObject] = []
    for path in sorted(VECTORS.glob("*.json")):
        found += [{**each, "file": path.stem} for each in json.loads(path.read_text())]
    return found


def as_json(item: Item) -> JSONObject:
    fields = asdict(item)
    if "connection_id" in fields:
        fields["connection"] = fields.pop("connection_id")
    return {"type": NAMES[type(item)], **fields}


def step_once(merge: Merge, step: JSONObject, now: float) -> list[JSONObject]:
    items: list[Item] = []
    if "connect" in step:
        merge.connected(step["connect"], now)
    elif "disconnect" in step:
        items = merge.disconnected(step["disconnect"], now)
    elif "tick" in step:
        items = merge.tick(now)
    elif step.get("error"):
        with pytest.raises(ProtocolError):
            merge.receive(step["connection"], step["frame"], now)
    else:
        items = merge.receive(step["connection"], step["frame"], now, step.get("size", 0))
    return [as_json(item) for item in items]


def play(vector: JSONObject, merge_type: type[Merge] = Merge) -> None:
    """Play a vector; an ``AssertionError`` says where it differs."""
    merge, now = merge_type(**vector.get("settings", {})), 0.0
    for number, step in enumerate(vector["steps"]):
        now = step.get("at", now)
        got = step_once(merge, step, now)
        assert got == step.get("items", []), f"step {number}: {json.dumps(step)}"
    assert format_cursor(merge.cursor()) == vector["cursor"]
    counted: dict[str, Any] = asdict(merge.statistics)
    for name, count in vector.get("statistics", {}).items():
        assert counted[name] == count, name


@pytest.mark.parametrize("vector", vectors(), ids=lambda each: f"{each['file']}: {each['name']}")
def test_vector(vector: JSONObject) -> None:
    play(vector)


@pytest.mark.parametrize("vector", vectors(), ids=lambda each: f"{each['file']}: {each['name']}")
def test_vector_is_well_formed(vector: JSONObject) -> None:
    assert set(vector) <= {"file", "name", "why", "settings", "steps", "cursor", "statistics"}
    assert vector["why"]
    now = 0.0
    for step in vector["steps"]:
        assert set(step) <= STEP_KEYS
        assert sum(key in step for key in ("connect", "disconnect", "frame", "tick")) == 1
        assert step.get("at", now) >= now
        now = step.get("at", now)


def test_there_are_enough_vectors_with_names_of_their_own() -> None:
    names = [(each["file"], each["name"]) for each in vectors()]
    assert len(names) >= 40
    assert len(set(names)) == len(names)

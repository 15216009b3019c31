"""Views look like the dictionaries that applications know, and refuse to be written to."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dualwire.exceptions import ReadOnlyViewError
from dualwire.manager.views import ListView, MapView, SetView


def a_map(data: dict[str, Any]) -> MapView[str, Any]:
    return MapView("things", "make_thing()", lambda: data, lambda key: data[key])


def test_a_map_shows_what_is() -> None:
    data = {"a": 1}
    view = a_map(data)
    assert dict(view) == {"a": 1}
    assert view == {"a": 1}
    data["b"] = 2
    assert "b" in view
    assert list(view) == ["a", "b"]
    assert len(view) == 2
    assert view.get("c") is None
    with pytest.raises(KeyError):
        view["c"]
    assert repr(view) == "<things: {'a': 1, 'b': 2}>"


@pytest.mark.parametrize(
    "write",
    [
        lambda view: view.__setitem__("a", 1),
        lambda view: view.__delitem__("a"),
        lambda view: view.pop("a"),
        lambda view: view.clear(),
        lambda view: view.update(a=1),
        lambda view: view.setdefault("a", 1),
        lambda view: view.popitem(),
        lambda view: view.__ior__({"a": 1}),
    ],
)
def test_writing_to_a_map_names_the_call_to_use(write: Any) -> None:
    with pytest.raises(ReadOnlyViewError, match=r"things .* use make_thing\(\)"):
        write(a_map({"a": 1}))


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("append", (1,)),
        ("extend", ([1],)),
        ("insert", (0, 1)),
        ("remove", (1,)),
        ("pop", ()),
        ("clear", ()),
        ("sort", ()),
        ("reverse", ()),
        ("__setitem__", (0, 2)),
        ("__delitem__", (0,)),
        ("__iadd__", ([2],)),
    ],
)
def test_writing_to_a_list_names_the_call_to_use(method: str, arguments: tuple[Any, ...]) -> None:
    view = ListView([1], "things", "make_thing()")
    with pytest.raises(ReadOnlyViewError, match="make_thing"):
        getattr(view, method)(*arguments)
    assert view == [1]


@pytest.mark.parametrize("method", ["add", "remove", "discard", "update", "difference_update"])
def test_writing_to_a_set_names_the_call_to_use(method: str) -> None:
    view = SetView({1}, "things", "make_thing()")
    with pytest.raises(ReadOnlyViewError, match="make_thing"):
        getattr(view, method)([1] if "update" in method else 1)
    assert view == {1}
    for operator in ("__ior__", "__iand__", "__isub__", "__ixor__"):
        with pytest.raises(ReadOnlyViewError):
            getattr(view, operator)({2})


def test_lists_and_sets_are_what_json_and_callers_expect() -> None:
    assert json.dumps(ListView([1, 2], "x", "y")) == "[1, 2]"
    assert isinstance(SetView({1}, "x", "y"), set)
    assert SetView({1}, "x", "y") | {2} == {1, 2}

"""What a client says that it has seen."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualwire.core.cursor import (
    MAX_STREAMS,
    clamp,
    format_cursor,
    merge,
    parse_cursor,
    parse_event_id,
)
from dualwire.exceptions import ProtocolError
from dualwire.types import Cursor, Position

EPOCH = "0123456789abcdef0123"
LATER = "1123456789abcdef0123"

epochs = st.text("0123456789abcdef", min_size=20, max_size=20)
positions = st.builds(Position, epochs, st.integers(0, 2**53 - 2))
cursors = st.dictionaries(st.text(max_size=20), positions, max_size=5)
scalars = st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.integers()
junk = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner)
)


@given(cursors)
def test_what_is_formatted_is_read_back(cursor: Cursor) -> None:
    assert parse_cursor(format_cursor(cursor)) == cursor


@given(junk)
def test_junk_is_refused_and_nothing_else_happens(value: Any) -> None:
    try:
        cursor = parse_cursor(value)
    except ProtocolError:
        return
    assert format_cursor(cursor) == value


def test_a_cursor_names_what_is_still_wanted() -> None:
    assert parse_cursor({"global": [EPOCH, 1]}) == {"global": Position(EPOCH, 0)}
    assert format_cursor({"global": Position(EPOCH, 4)}) == {"global": [EPOCH, 5]}


@pytest.mark.parametrize(
    "pair",
    [
        None,
        [],
        [EPOCH],
        [EPOCH, 0],
        [EPOCH, -1],
        [EPOCH, 2**53],
        [EPOCH, 1.0],
        [EPOCH, True],
        [EPOCH, "1"],
        [EPOCH, 1, 2],
        [EPOCH.upper(), 1],
        [EPOCH[:-1], 1],
        [EPOCH + "\n", 1],
        [1, EPOCH],
        {"epoch": EPOCH, "next": 1},
    ],
)
def test_a_wrong_position_is_refused(pair: Any) -> None:
    with pytest.raises(ProtocolError, match="stream 'global' has"):
        parse_cursor({"global": pair})


@pytest.mark.parametrize("value", [None, [], "x", 1])
def test_something_else_is_refused(value: Any) -> None:
    with pytest.raises(ProtocolError, match=f"got {type(value).__name__}"):
        parse_cursor(value)


def test_too_many_streams_are_refused() -> None:
    most = {f"room:{number}": [EPOCH, 1] for number in range(MAX_STREAMS)}
    assert len(parse_cursor(most)) == MAX_STREAMS
    with pytest.raises(ProtocolError, match=f"at most {MAX_STREAMS} streams, got 1025"):
        parse_cursor(most | {"one more": [EPOCH, 1]})


def test_a_long_name_is_not_repeated_in_full() -> None:
    with pytest.raises(ProtocolError) as caught:
        parse_cursor({"x" * 10_000: None})
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("node-7", ("node", 7)),
        ("a1b2c3d4-0", ("a1b2c3d4", 0)),
        ("web-1.example.org-12", ("web-1.example.org", 12)),
        ("", None),
        ("7", None),
        ("-7", None),
        ("node-", None),
        ("node-x", None),
        ("node-7\n", None),
        ("node-\u0661", None),
        ("node-" + "9" * 19, None),
        ("x" * 65 + "-1", None),
    ],
)
def test_event_ids(text: str, found: tuple[str, int] | None) -> None:
    assert parse_event_id(text) == found


@given(st.text())
def test_no_event_id_is_an_error(text: str) -> None:
    found = parse_event_id(text)
    assert found is None or text.startswith(found[0])


def test_nobody_has_seen_more_than_there_is() -> None:
    tail = Position(EPOCH, 5)
    assert clamp(Position(EPOCH, 9), tail) == tail
    assert clamp(Position(EPOCH, 3), tail) == (EPOCH, 3)
    assert clamp(Position(LATER, 9), tail) == (LATER, 9)


@given(cursors, cursors)
def test_merging_takes_the_further_of_each(one: Cursor, two: Cursor) -> None:
    merged = dict(one)
    merge(merged, two)
    assert merged.keys() == one.keys() | two.keys()
    for stream, position in merged.items():
        assert position == max(each[stream] for each in (one, two) if stream in each)


def test_a_later_epoch_is_further() -> None:
    into = {"global": Position(EPOCH, 900)}
    merge(into, {"global": Position(LATER, 1)})
    assert into == {"global": Position(LATER, 1)}

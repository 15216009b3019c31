"""JSON, strictly."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections import OrderedDict
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualwire.core.encoding.json import DEEPEST, decode_message, decode_object, encode_object
from dualwire.exceptions import EventError, ProtocolError

numbers = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
scalars = st.none() | st.booleans() | numbers | st.text()
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner)
)


@given(st.dictionaries(st.text(), values))
def test_what_is_written_is_read_back_by_any_reader(event: dict[str, Any]) -> None:
    payload = encode_object(event)
    assert decode_object(payload) == json.loads(payload) == event
    assert b"\n" not in payload
    assert b"\r" not in payload


@pytest.mark.parametrize("event", [OrderedDict(a=1), MappingProxyType({"a": 1})])
def test_any_mapping_will_do(event: Any) -> None:
    assert encode_object(event) == b'{"a":1}'


def test_what_games_send_can_be_written() -> None:
    player, day = uuid.UUID(int=1), dt.datetime(2026, 1, 2, tzinfo=dt.UTC)
    event = json.loads(encode_object({"player": player, "at": day}))
    assert event == {"player": str(player), "at": "2026-01-02T00:00:00Z"}


@pytest.mark.parametrize("event", [None, [], "text", 5, b"{}"])
def test_what_is_no_dict_is_refused(event: Any) -> None:
    with pytest.raises(EventError, match="it is no dict"):
        encode_object(event)


@pytest.mark.parametrize("value", [object(), lambda: 0, "\ud800", 1j])
def test_what_cannot_be_written_is_refused(value: Any) -> None:
    with pytest.raises(EventError, match="written as a JSON object"):
        encode_object({"value": value})


def test_a_circle_is_refused() -> None:
    circle: dict[str, Any] = {}
    circle["self"] = circle
    with pytest.raises(EventError):
        encode_object(circle)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"a":1}x', b"\xff", "\ud800"])
def test_a_peer_that_sends_no_object_is_refused(text: str | bytes) -> None:
    with pytest.raises(ProtocolError, match="Invalid JSON format"):
        decode_message(text)


def test_text_and_bytes_are_read_alike() -> None:
    assert decode_message('{"a":"ä"}') == decode_message('{"a":"ä"}'.encode()) == {"a": "ä"}


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_what_a_peer_nests_is_bounded(opening: str) -> None:
    closing = "]" if opening == "[" else "}"
    fair = opening * (DEEPEST - 1) + "0" + closing * (DEEPEST - 1)
    assert decode_message('{"x":' + fair + "}")
    for deep in (opening + fair + closing, opening * 30_000):
        for text in ('{"x":' + deep + "}", ('{"x":' + deep + "}").encode()):
            with pytest.raises(ProtocolError, match="at most 64 objects and lists inside"):
                decode_message(text)


def test_brackets_side_by_side_and_in_texts_are_not_deep() -> None:
    many = {"lists": [[]] * 1000, "text": '[{"\\' * 1000, "\\": '"' + "[" * 1000}
    assert decode_message(json.dumps(many)) == many

"""What clients send, in every shape."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualwire.codes import MESSAGE_TOO_BIG
from dualwire.core.messages import ClientMessage, parse_message, problem
from dualwire.exceptions import MessageTooBigError, ProtocolError

LIMIT = 4096


def parsed(message: Any) -> ClientMessage:
    return parse_message(json.dumps(message), LIMIT)


@pytest.mark.parametrize(
    "message",
    [
        {"type": "command", "data": {"command": "go", "args": ["north"]}},
        {"type": "game_command", "data": {"command": "go", "args": ["north"]}},
        {"type": "game_command", "command": "go", "args": ["north"]},
        {"type": "command", "command": "go", "args": ["north"], "data": None},
        {
            "message": '{"type": "command", "data": {"command": "go", "args": ["north"]}}',
            "csrfToken": "x",
        },
        {"type": "command", "data": {"command": "/Go north"}},
    ],
)
def test_every_shape_is_the_same_command(message: Any) -> None:
    found = parsed(message)
    assert (found.type, found.verb, found.args) == ("command", "go", ["north"])


@pytest.mark.parametrize("data", [{}, {"command": 5}, {"command": ""}, {"command": "  "}, {"x": 1}])
def test_without_words_there_is_no_verb(data: Any) -> None:
    found = parsed({"type": "command", "data": data})
    assert (found.verb, found.args) == ("", [])


def test_arguments_are_text() -> None:
    found = parsed({"type": "command", "data": {"command": "give", "args": [3, "coins", None]}})
    assert found.args == ["3", "coins", "None"]


def test_a_message_with_a_type_is_not_unwrapped() -> None:
    found = parsed({"type": "chat", "message": '{"type": "command"}'})
    assert (found.type, found.data) == ("chat", {"message": '{"type": "command"}'})


def test_a_message_without_a_type_is_unknown() -> None:
    assert parsed({"text": "hello"}) == ClientMessage("unknown", {"text": "hello"})


@pytest.mark.parametrize("text", ["", "x", "[]", "1", "null", '"x"', '{"a":', "\ud800", b"\xff{}"])
def test_what_is_no_object_is_refused(text: str | bytes) -> None:
    with pytest.raises(ProtocolError, match="Invalid JSON format"):
        parse_message(text, LIMIT)


@pytest.mark.parametrize("kind", [5, None, [], {}, "x" * 65])
def test_a_wrong_type_is_refused(kind: Any) -> None:
    with pytest.raises(ProtocolError, match="expected text of at most 64 characters"):
        parsed({"type": kind})


@pytest.mark.parametrize("data", [5, "x", [], True])
def test_wrong_data_is_refused(data: Any) -> None:
    with pytest.raises(ProtocolError, match=f"expected an object, got {type(data).__name__}"):
        parsed({"type": "command", "data": data})


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(ProtocolError):
        parse_message('{"a":' * 100_000 + "1" + "}" * 100_000, 10**7)


def test_the_limit_counts_bytes() -> None:
    text = '{"type":"ä"}'
    assert parse_message(text, 13).type == "ä"
    for each in (text, text.encode()):
        with pytest.raises(MessageTooBigError, match="at most 12 bytes, got 13") as caught:
            parse_message(each, 12)
        assert caught.value.code is MESSAGE_TOO_BIG


@given(st.text() | st.binary())
def test_whatever_comes_is_read_or_refused(text: str | bytes) -> None:
    try:
        found = parse_message(text, LIMIT)
    except (ProtocolError, MessageTooBigError):
        return
    assert isinstance(found.data, dict)
    assert found.verb == found.verb.lower()


def test_a_problem_is_told_as_clients_read_it() -> None:
    assert problem("invalid", "No such command") == {
        "type": "error",
        "error_type": "invalid",
        "message": "No such command",
        "user_friendly": "No such command",
        "details": {},
    }

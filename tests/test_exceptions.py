"""Errors say what was expected, what came, and how to repair it."""

from __future__ import annotations

import inspect
import pickle
import re

import pytest

import dualwire.exceptions
from dualwire.codes import (
    CODES,
    FORBIDDEN,
    MESSAGE_TOO_BIG,
    PROTOCOL_ERROR,
    RATE_LIMITED,
    SESSION_REPLACED,
    UNAUTHORIZED,
)
from dualwire.exceptions import (
    AmbiguousConnectionError,
    AuthenticationError,
    CapacityError,
    ConfigurationError,
    DualwireError,
    EngineError,
    EventError,
    ForbiddenError,
    MessageTooBigError,
    ProtocolError,
    ReadOnlyViewError,
    RefusedError,
    SessionError,
    UnknownConnectionError,
)

CLASSES = {
    name: each
    for name, each in vars(dualwire.exceptions).items()
    if inspect.isclass(each) and issubclass(each, DualwireError)
}

TEXTS: dict[DualwireError, tuple[str, ...]] = {
    ConfigurationError("grace", "a number above 0", -1): ("grace", "a number above 0", "-1"),
    EventError("no JSON for it", object): ("JSON object", "<class 'object'>", "Convert"),
    ReadOnlyViewError("player_websockets", "connect_websocket()"): (
        "player_websockets",
        "cannot be written to",
        "use connect_websocket()",
    ),
    AmbiguousConnectionError("eva", ["c1", "c2"], "name one"): ("'eva'", "2", "c1, c2", "name one"),
    UnknownConnectionError("c1"): ("'c1'", "ended", "get_active_connections"),
    EngineError("publish", "it is not started"): ("publish failed", "it is not started"),
}


@pytest.mark.parametrize("error", TEXTS, ids=lambda error: type(error).__name__)
def test_texts(error: DualwireError) -> None:
    for part in TEXTS[error]:
        assert part in str(error)


def test_every_class_with_a_text_of_its_own_is_tested() -> None:
    own = {each for each in CLASSES.values() if "__str__" in vars(each)} - {RefusedError}
    assert own == {type(error) for error in TEXTS}


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (RefusedError, PROTOCOL_ERROR),
        (AuthenticationError, UNAUTHORIZED),
        (ForbiddenError, FORBIDDEN),
        (SessionError, PROTOCOL_ERROR),
        (CapacityError, RATE_LIMITED),
        (ProtocolError, PROTOCOL_ERROR),
        (MessageTooBigError, MESSAGE_TOO_BIG),
    ],
)
def test_refusals_carry_a_code(kind: type[RefusedError], code: object) -> None:
    error = kind("expected this, got that")
    assert (str(error), error.code, error.retry_after) == ("expected this, got that", code, None)
    error = kind("over", SESSION_REPLACED, 2.5)
    assert (error.code, error.retry_after) == (CODES[4409], 2.5)


def test_a_long_value_is_cut() -> None:
    assert len(str(EventError("too long", "x" * 10_000))) < 300


def test_a_view_that_is_written_to_is_a_type_error_too() -> None:
    assert issubclass(ReadOnlyViewError, TypeError)


@pytest.mark.parametrize("error", TEXTS, ids=lambda error: type(error).__name__)
def test_errors_survive_a_process_boundary(error: DualwireError) -> None:
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_the_tree_in_the_docstring_is_the_tree_of_the_classes() -> None:
    told: dict[str, str] = {}
    path: list[str] = []
    for indent, name in re.findall(
        r"^( *)\* :exc:`(\w+)`", dualwire.exceptions.__doc__ or "", re.MULTILINE
    ):
        path[len(indent) // 4 :] = [name]
        told[name] = path[-2] if len(path) > 1 else "Exception"
    assert told == {name: each.__bases__[0].__name__ for name, each in CLASSES.items()}
    assert set(dualwire.exceptions.__all__) == set(CLASSES)

"""What a goodbye means for a client."""

from __future__ import annotations

import pytest

from dualwire.client.ended import closed_with, farewell
from dualwire.codes import DRAINING, LOGGED_OUT, PEER_GONE, RATE_LIMITED, TOKEN_EXPIRED, Code
from dualwire.exceptions import AuthenticationError, RefusedError


@pytest.mark.parametrize("code", [DRAINING, LOGGED_OUT, RATE_LIMITED])
def test_a_bye(code: Code) -> None:
    ended = farewell({"type": "bye", **code.fields(7.0)})
    assert (ended.code, str(ended), ended.retry_after) == (code, code.reason, 7.0)


def test_a_strange_bye() -> None:
    ended = farewell({"type": "bye", "code": "x", "retry_after": "soon"})
    assert (ended.code, ended.retry_after) == (PEER_GONE, None)


@pytest.mark.parametrize(
    ("reason", "after"),
    [("rate_limited retry_after=2.5", 2.5), ("rate_limited", None), ("x retry_after=soon", None)],
)
def test_a_close_frame(reason: str, after: float | None) -> None:
    ended = closed_with(4005, reason)
    assert (ended.code, ended.retry_after) == (RATE_LIMITED, after)


def test_a_code_of_the_applications_own() -> None:
    assert closed_with(4801, "lunch retry_after=60").code.name == "lunch"


def test_as_an_exception() -> None:
    assert type(farewell(LOGGED_OUT.fields()).error()) is RefusedError
    assert type(farewell(TOKEN_EXPIRED.fields()).error()) is AuthenticationError

from __future__ import annotations

import json

import pytest

from dualwire import CapacityError, EngineError, ForbiddenError, RefusedError
from dualwire.codes import CODES, DRAINING
from dualwire.http.errors import NotFoundError, as_refusal, error_response, retry_after, will_pass


@pytest.mark.parametrize("code", CODES.values(), ids=str)
def test_every_code_has_an_answer(code: object) -> None:
    refusal = RefusedError("because", code)  # type: ignore[arg-type]
    answer = error_response(refusal)
    assert answer.status_code == refusal.code.http
    body = json.loads(bytes(answer.body))
    assert body["detail"] == body["error"]["message"] == "because"
    assert body["error"]["type"] == refusal.code.name
    assert body["error"]["details"]["code"] == refusal.code.number
    passes = answer.status_code in (429, 503)
    assert will_pass(refusal) is passes
    assert ("retry-after" in answer.headers) is passes
    assert ("www-authenticate" in answer.headers) is (answer.status_code == 401)


def test_retry_after_is_whole_seconds_and_never_none() -> None:
    assert error_response(CapacityError("x", retry_after=0.2)).headers["retry-after"] == "1"
    assert error_response(CapacityError("x", retry_after=25.4)).headers["retry-after"] == "25"
    assert retry_after(CapacityError("x")) == 5.0
    assert retry_after(ForbiddenError("x")) is None


def test_what_failed_inside_is_not_told() -> None:
    failure = EngineError("publish", "redis://secret@host refused")
    refusal = as_refusal(failure)
    assert refusal.code is DRAINING
    assert "redis" not in str(refusal)
    answer = error_response(failure)
    assert answer.status_code == 503
    assert b"redis" not in answer.body


def test_what_is_not_there_is_404() -> None:
    answer = error_response(NotFoundError("no such thing"))
    assert answer.status_code == 404
    assert json.loads(bytes(answer.body))["error"]["type"] == "not_found"

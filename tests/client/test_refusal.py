"""What an HTTP refusal means for a client."""

from __future__ import annotations

import email.utils
import json
import time

import pytest

from dualwire.client.refusal import refusal
from dualwire.codes import PEER_GONE, RATE_LIMITED, SESSION_REPLACED, UNAUTHORIZED


def ours(**error: object) -> bytes:
    return json.dumps({"error": error}).encode()


def test_our_own_word_is_believed() -> None:
    ended = refusal(409, ours(type="x", message="Elsewhere.", details={"code": 4409}), None)
    assert ended.code == SESSION_REPLACED
    assert str(ended) == "Elsewhere."
    assert refusal(409, ours(type="session_replaced"), None).code == SESSION_REPLACED


@pytest.mark.parametrize("status", [400, 403, 404, 426, 502])
def test_a_proxy_that_forbids_is_no_reason_to_stop(status: int) -> None:
    ended = refusal(status, b"<html>Forbidden</html>", None)
    assert ended.code == PEER_GONE
    assert ended.code.reconnect
    assert str(status) in str(ended)


def test_statuses_that_speak_for_themselves() -> None:
    assert refusal(401, b"", None).code == UNAUTHORIZED
    assert refusal(429, b"", "3").code == RATE_LIMITED
    assert refusal(429, b'{"detail": "Slow down."}', "3").detail == "Slow down."


def test_when_to_come_back() -> None:
    assert refusal(503, b"", "12").retry_after == 12.0
    assert refusal(503, b"", "soon").retry_after is None
    assert refusal(503, b"", None).retry_after is None
    later = refusal(503, b"", email.utils.formatdate(time.time() + 100, usegmt=True)).retry_after
    assert later is not None
    assert 90 < later <= 101


@pytest.mark.parametrize("body", [b"[]", b'{"error": "text"}', b'{"error": {"details": 3}}'])
def test_strange_bodies_are_no_surprise(body: bytes) -> None:
    assert refusal(500, body, None).code == PEER_GONE

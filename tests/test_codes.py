"""The law of the numbers."""

from __future__ import annotations

import re

import pytest

import dualwire.codes
from dualwire.codes import CODES, NORMAL, Code, application_code, code_for

ALL = pytest.mark.parametrize("code", CODES.values(), ids=str)


@ALL
def test_the_range_says_whether_to_come_back(code: Code) -> None:
    number = code.number
    assert 1000 <= number <= 1015 or 4000 <= number <= 4799, "4800 and above are the application's"
    if 4000 <= number <= 4399:
        assert code.reconnect
    if 4400 <= number <= 4799:
        assert not code.reconnect


@ALL
def test_a_code_is_found_by_its_number(code: Code) -> None:
    assert CODES[code.number] is code
    assert code_for(code.number) is code
    assert str(code) == f"{code.number} {code.name}"


@ALL
def test_names_are_for_machines_and_reasons_for_people(code: Code) -> None:
    assert re.fullmatch("[a-z]+(_[a-z]+)*", code.name)
    assert re.fullmatch(r"[A-Z].*\.", code.reason)
    # A close frame carries at most 123 bytes of reason, retry_after included (RFC 6455, 5.5).
    assert len(f"{code.name} retry_after=123456.7".encode()) <= 123


@ALL
def test_a_refusal_has_its_status(code: Code) -> None:
    assert code.http == 200 if code is NORMAL else 400 <= code.http <= 503


def test_names_and_numbers_are_unique() -> None:
    assert len({code.name for code in CODES.values()}) == len(CODES)


def test_the_table_is_complete() -> None:
    named = {each for each in vars(dualwire.codes).values() if isinstance(each, Code)}
    assert named == set(CODES.values())
    exported = {getattr(dualwire.codes, name) for name in dualwire.codes.__all__ if name.isupper()
                and name != "CODES"}  # fmt: skip
    assert exported == named


def test_the_table_of_the_protocol() -> None:
    wire = {code.number: code.name for code in CODES.values() if code.number >= 4000}
    assert wire == {
        4001: "draining",
        4002: "overtaken",
        4003: "stale",
        4004: "token_expired",
        4005: "rate_limited",
        4400: "logged_out",
        4401: "unauthorized",
        4403: "forbidden",
        4409: "session_replaced",
        4410: "revoked",
        4411: "replaced",
        4422: "protocol_error",
    }


@pytest.mark.parametrize("number", [4800, 4999])
def test_codes_of_the_application(number: int) -> None:
    code = application_code(number, "banned", "You are banned.", reconnect=False)
    assert (code.number, code.name, code.reconnect) == (number, "banned", False)


@pytest.mark.parametrize("number", [0, 1000, 4000, 4409, 4799, 5000])
def test_codes_of_ours_are_not_the_applications(number: int) -> None:
    with pytest.raises(ValueError, match=f"4800 to 4999, got {number}"):
        application_code(number, "mine", "Mine.", reconnect=True)


def test_what_peers_close_with() -> None:
    assert code_for(None) is code_for(1005) is NORMAL
    theirs = code_for(3456, "tired")
    assert (theirs.number, theirs.name) == (3456, "tired")
    assert code_for(3457).name == "peer_code"

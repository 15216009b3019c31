from __future__ import annotations

import pytest
from starlette.requests import HTTPConnection

from dualwire import ConfigurationError, ForbiddenError
from dualwire.http.origins import OriginPolicy, is_same_origin
from tests.http.site import ELSEWHERE, EVIL


def connection(host: str = "play.example", **headers: str) -> HTTPConnection:
    raw = [(b"host", host.encode())] if host else []
    raw += [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return HTTPConnection({"type": "http", "path": "/", "headers": raw})


@pytest.mark.parametrize(
    ("host", "origin", "same"),
    [
        ("play.example", "https://play.example", True),
        ("play.example", "http://PLAY.example", True),
        ("play.example:443", "https://play.example", True),
        ("play.example", "https://play.example:443", True),
        ("127.0.0.1:8000", "http://127.0.0.1:8000", True),
        ("[::1]:8000", "http://[::1]:8000", True),
        ("[::1]", "http://[::1]:80", True),
        ("play.example", "http://play.example:8080", False),
        ("play.example:8080", "http://play.example", False),
        ("play.example", "https://play.example.evil", False),
        ("play.example", "https://evil.example/play.example", False),
        ("play.example", "https://play.example@evil.example", False),
        ("play.example", "null", False),
        ("play.example", "", False),
        ("play.example", "file://play.example", False),
        ("", "https://", False),
    ],
)
def test_same_origin(host: str, origin: str, same: bool) -> None:
    assert is_same_origin(connection(host), origin) is same


def test_without_a_cookie_only_a_foreign_origin_is_refused() -> None:
    policy = OriginPolicy([ELSEWHERE + "/"])
    policy.check(connection(), cookie=False)
    policy.check(connection(origin=ELSEWHERE), cookie=False)
    policy.check(connection(origin="https://play.example"), cookie=False)
    with pytest.raises(ForbiddenError, match=r"evil\.example' is not allowed; add it"):
        policy.check(connection(origin=EVIL), cookie=False)


def test_with_a_cookie_the_request_must_say_that_it_is_ours() -> None:
    policy = OriginPolicy([ELSEWHERE])
    policy.check(connection(origin=ELSEWHERE), cookie=True)
    policy.check(connection(sec_fetch_site="same-origin"), cookie=True)
    for headers in (
        {},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"sec_fetch_site": "none"},
        {"sec_fetch_site": "same-origin", "origin": EVIL},
    ):
        with pytest.raises(ForbiddenError):
            policy.check(connection(**headers), cookie=True)


def test_cors_names_the_origin_and_never_everybody() -> None:
    policy = OriginPolicy([ELSEWHERE])
    headers = policy.cors_headers(connection(origin=ELSEWHERE))
    assert headers["access-control-allow-origin"] == ELSEWHERE
    assert headers["access-control-allow-credentials"] == "true"
    assert policy.cors_headers(connection(origin=EVIL)) == {"vary": "Origin"}
    assert policy.cors_headers(connection()) == {"vary": "Origin"}


@pytest.mark.parametrize("origin", ["*", "game.example", "https://game.example/path", "null", ""])
def test_what_is_no_origin_is_a_mistake(origin: str) -> None:
    with pytest.raises(ConfigurationError, match="allowed_origins: expected origins such as"):
        OriginPolicy([origin])


def test_one_text_is_not_a_list() -> None:
    with pytest.raises(ConfigurationError, match="a list of origins"):
        OriginPolicy(ELSEWHERE)

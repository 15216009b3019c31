from __future__ import annotations

import pytest
from starlette.requests import Request

from dualwire import AuthenticationError, ForbiddenError
from dualwire.http.keys import check_key, check_key_or_loopback


def request(client: str | None = "127.0.0.1", **headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    peer = (client, 1) if client is not None else None
    return Request({"type": "http", "path": "/", "headers": raw, "client": peer})


@pytest.mark.parametrize("headers", [{"x_api_key": "kéy"}, {"authorization": "bearer kéy"}])
def test_the_key(headers: dict[str, str]) -> None:
    # Header values are Latin-1 to the server, whatever the client meant.
    key = "kéy".encode().decode("latin-1")
    check_key(request(**headers), key)
    with pytest.raises(AuthenticationError, match="a valid key is needed"):
        check_key(request(**headers), key + "x")


def test_an_authorization_of_another_kind_does_not_hide_the_other_header() -> None:
    check_key(request(authorization="Basic QQ==", x_api_key="key"), "key")


@pytest.mark.parametrize("client", ["127.0.0.1", "127.1.2.3", "::1"])
def test_this_machine_needs_none(client: str) -> None:
    check_key_or_loopback(request(client), "key")
    check_key_or_loopback(request(client), None)


@pytest.mark.parametrize(
    "asked",
    [
        request("10.0.0.1"),
        request(None),
        request("testclient"),
        request(x_forwarded_for="127.0.0.1"),
        request(forwarded="for=127.0.0.1"),
        request(x_real_ip="127.0.0.1"),
        request(via="1.1 proxy"),
    ],
)
def test_others_do(asked: Request) -> None:
    with pytest.raises(AuthenticationError):
        check_key_or_loopback(asked, "key")
    with pytest.raises(ForbiddenError, match="no api_key is set"):
        check_key_or_loopback(asked, None)
    with pytest.raises(ForbiddenError):
        check_key_or_loopback(asked, "")

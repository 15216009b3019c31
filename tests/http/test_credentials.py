from __future__ import annotations

import pytest
from starlette.requests import HTTPConnection

from dualwire.http.credentials import read_credentials


def connection(
    headers: dict[str, str] | None = None, query: str = "", subprotocols: list[str] | None = None
) -> HTTPConnection:
    raw = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
    scope = {
        "type": "websocket",
        "path": "/",
        "headers": raw,
        "query_string": query.encode(),
        "subprotocols": subprotocols or [],
    }
    return HTTPConnection(scope)


ALL = {"authorization": "Bearer H", "cookie": "dualwire_token=C; other=1"}


def test_the_order_of_sources() -> None:
    everything = connection(ALL, "ticket=T&token=Q", ["dualwire.plain", "bearer.S"])
    assert (found := read_credentials(everything)).token == "H"
    assert found.source == "header"
    cookie = {"cookie": ALL["cookie"]}
    found = read_credentials(connection(cookie, "ticket=T&token=Q", ["bearer.S"]))
    assert (found.token, found.source) == ("S", "subprotocol")
    found = read_credentials(connection(cookie, "ticket=T&token=Q"))
    assert (found.token, found.source) == ("C", "cookie")
    found = read_credentials(connection({}, "token=Q&ticket=T"))
    assert (found.token, found.ticket, found.source) == (None, "T", "query")
    found = read_credentials(connection({}, "token=Q"))
    assert (found.token, found.source) == ("Q", "query")


@pytest.mark.parametrize("value", ["", "Bearer", "Bearer ", "Basic QQ==", "Token x"])
def test_other_headers_prove_nothing(value: str) -> None:
    found = read_credentials(connection({"authorization": value}))
    assert (found.token, found.ticket, found.source) == (None, None, "none")


def test_the_scheme_has_no_case_and_an_empty_subprotocol_is_none() -> None:
    assert read_credentials(connection({"authorization": "bEARER  x "})).token == "x"
    assert read_credentials(connection(subprotocols=["bearer."])).token is None

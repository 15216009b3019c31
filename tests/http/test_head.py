"""The head of a request: what Starlette tells, found faster."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import HTTPConnection

from dualwire.http.head import RequestHead

NAMES = ["host", "origin", "cookie", "authorization", "x-forwarded-for", "last-event-id"]


def scope(headers: list[tuple[bytes, bytes]], query: bytes = b"") -> dict[str, Any]:
    return {"type": "http", "headers": headers, "query_string": query, "client": ("1.2.3.4", 5)}


@given(
    st.lists(
        st.tuples(
            st.sampled_from([name.encode() for name in NAMES]),
            st.sampled_from([b"", b"a", b"b=c; d=e", b"dualwire_token=x", b"caf\xe9"]),
        ),
        max_size=8,
    )
)
def test_headers_and_cookies_are_those_of_starlette(headers: list[tuple[bytes, bytes]]) -> None:
    head, known = RequestHead(scope(headers)), HTTPConnection(scope(headers))
    for name in (*NAMES, "Origin", "nothing"):
        assert head.headers.get(name) == known.headers.get(name)
        assert head.headers.get(name, "else") == known.headers.get(name, "else")
        assert (name in head.headers) == (name in known.headers)
        assert head.headers.getlist(name) == known.headers.getlist(name)
    assert head.headers == known.headers
    assert head.cookies == known.cookies


@given(
    st.one_of(
        st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), max_size=5).map(
            lambda pairs: urlencode(pairs).encode()
        ),
        st.text("ab=&;+%41é", max_size=20).map(lambda text: text.encode("latin-1")),
    )
)
def test_a_query_is_that_of_starlette(query: bytes) -> None:
    head, known = RequestHead(scope([], query)), HTTPConnection(scope([], query))
    assert head.query_params.multi_items() == known.query_params.multi_items()
    assert dict(head.query_params) == dict(known.query_params)
    assert str(head.query_params) == str(known.query_params)
    for name in ("a", "b", "", "c"):
        assert head.query_params.get(name) == known.query_params.get(name)
        assert head.query_params.get(name, "else") == known.query_params.get(name, "else")
        assert head.query_params.getlist(name) == known.query_params.getlist(name)


def test_a_missing_header_is_missing() -> None:
    with pytest.raises(KeyError):
        RequestHead(scope([]))["nothing"]
    with pytest.raises(KeyError):
        RequestHead(scope([])).headers["nothing"]
    assert "nothing" not in RequestHead(scope([])).headers


def test_the_rest_is_left_to_starlette() -> None:
    client = RequestHead(scope([])).client
    assert client is not None
    assert client.host == "1.2.3.4"

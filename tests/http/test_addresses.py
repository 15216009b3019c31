"""Which address a request counts against."""

from __future__ import annotations

import pytest
from starlette.requests import HTTPConnection

from dualwire import Rates
from dualwire.http.addresses import Addresses, peer_of


def request(host: str | None, **headers: str) -> HTTPConnection:
    raw = [(name.replace("_", "-").encode(), text.encode()) for name, text in headers.items()]
    client = (host, 50_000) if host is not None else None
    return HTTPConnection({"type": "http", "headers": raw, "client": client})


@pytest.mark.parametrize(
    ("host", "peer"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "testclient"),
    ],
)
def test_one_spelling_for_each_peer(host: str, peer: str) -> None:
    assert peer_of(host) == peer
    assert Addresses(Rates()).of(request(host)) == peer


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1", None])
def test_this_machine_is_not_limited_by_default(host: str | None) -> None:
    assert Addresses(Rates()).of(request(host)) is None


def test_trusted_networks_are_a_setting() -> None:
    addresses = Addresses(Rates(trusted="10.0.0.0/8, 2001:db8::/32"))
    assert addresses.of(request("10.9.8.7")) is None
    assert addresses.of(request("2001:db8:9::1")) is None
    assert addresses.of(request("127.0.0.1")) == "127.0.0.1"


def test_who_hides_behind_a_trusted_proxy_is_not_trusted() -> None:
    """The server did not put the forwarded address in the peer's place, so it does not know it."""
    addresses = Addresses(Rates())
    assert addresses.of(request("127.0.0.1", x_forwarded_for="203.0.113.9")) == "127.0.0.1"
    assert addresses.of(request("127.0.0.1", forwarded="for=203.0.113.9")) == "127.0.0.1"

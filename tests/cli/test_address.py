"""Addresses as people type them."""

from __future__ import annotations

import pytest

from dualwire import ConfigurationError
from dualwire.cli.address import read_address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("https://game.example", "https://game.example"),
        ("https://game.example/", "https://game.example"),
        ("game.example:8000", "http://game.example:8000"),
        ("wss://game.example/api/ws", "https://game.example"),
        ("http://game.example/moor/api/events", "http://game.example/moor"),
        ("http://game.example/moor/api/", "http://game.example/moor"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("HTTP://Game.Example", "http://game.example"),
    ],
)
def test_an_address_is_read(text: str, address: str) -> None:
    assert str(read_address(text)) == address


@pytest.mark.parametrize("text", ["", "ftp://game.example", "http://", "http://host:port"])
def test_what_is_none_is_named(text: str) -> None:
    with pytest.raises(ConfigurationError, match="URL: expected an address such as https://"):
        read_address(text)


def test_a_password_is_not_repeated() -> None:
    with pytest.raises(ConfigurationError) as raised:
        read_address("https://ann:sesame@game.example")
    assert "sesame" not in str(raised.value)


def test_what_follows_from_it() -> None:
    address = read_address("https://game.example/moor/east")
    assert address.origin == "https://game.example"
    assert address.websocket == "wss://game.example/moor/east/api/ws"
    assert (address.host, address.port, address.secure) == ("game.example", 443, True)
    assert [str(each) for each in address.shorter()] == [
        "https://game.example/moor",
        "https://game.example",
    ]
    assert read_address("http://game.example").shorter() == []


@pytest.mark.parametrize(
    ("text", "loopback"),
    [
        ("http://127.0.0.1:8000", True),
        ("http://localhost", True),
        ("http://[::1]", True),
        ("http://10.0.0.7", False),
        ("http://localhost.example", False),
    ],
)
def test_this_machine_is_known(text: str, loopback: bool) -> None:
    assert read_address(text).is_loopback is loopback

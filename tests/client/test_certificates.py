"""Whom a client trusts."""

from __future__ import annotations

from dualwire.client.certificates import trust


def test_certificates_are_read_once() -> None:
    assert trust("https://game.example") is trust("wss://game.example/api/ws")


def test_without_tls_none_are_read_and_nobody_is_trusted() -> None:
    context = trust("http://127.0.0.1:8000")
    assert context is trust("http://game.example")
    assert not context.get_ca_certs()
    assert context.check_hostname

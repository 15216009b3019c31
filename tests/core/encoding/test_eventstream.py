"""Event streams as the WHATWG specification has them."""

from __future__ import annotations

from dualwire.core.encoding.eventstream import message


def test_data_alone() -> None:
    assert message(b"{}") == b"data: {}\n\n"


def test_every_field_in_its_line() -> None:
    whole = message(b"{}", event=b"ping", retry=1000, comment=b"hello")
    assert whole == b": hello\nretry: 1000\nevent: ping\ndata: {}\n\n"


def test_without_data_nothing_is_dispatched() -> None:
    assert message(b"", retry=5) == b"retry: 5\n\n"

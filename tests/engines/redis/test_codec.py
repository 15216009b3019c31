"""Bodies as they are stored: the same for every release of one schema."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualwire.engines.redis.codec import (
    Told,
    decode,
    encode,
    entry_of,
    parse_position,
    parse_stored,
    parse_told,
    position,
)
from dualwire.exceptions import EngineError
from dualwire.types import (
    Body,
    Event,
    Position,
    Reply,
    SessionEnded,
    Subscribed,
    Unsubscribed,
)

EPOCH, LATER = "018bcfe5680000000001", "018bcfe5680100000001"

GOLDEN: list[tuple[Body, bytes]] = [
    (Event(payload=b'{"a":1}'), b'e{"a":1}'),
    (
        Event(payload=b'{"a":"\xc3\xbc\\n"}', exclude=frozenset({"bob", "a b"}), confirm=True),
        b'E{"exclude":["a b","bob"],"confirm":true}\n{"a":"\xc3\xbc\\n"}',
    ),
    (Subscribed(stream="room:the hall", position=Position(EPOCH, 7)),
     f"s{EPOCH} 7 room:the hall".encode()),
    (Unsubscribed(stream="room:ü", start=Position(EPOCH, 7), until=Position(LATER, 9)),
     f"u{EPOCH} 7 {LATER} 9 room:ü".encode()),
    (SessionEnded(session_id="s.1-x", code=4410, flush=False), b"x4410 0 s.1-x"),
    (SessionEnded(session_id="s", code=4409), b"x4409 1 s"),
    (Reply(command_id="c.1", outcome="done", body={"x": [1, None]}),
     b'r{"id":"c.1","outcome":"done","body":{"x":[1,null]},"reason":""}'),
    (Reply(command_id="c.1", outcome="refused", reason="no"),
     b'r{"id":"c.1","outcome":"refused","body":null,"reason":"no"}'),
]  # fmt: skip


@pytest.mark.parametrize(("body", "text"), GOLDEN, ids=lambda each: type(each).__name__)
def test_a_body_is_written_as_it_always_was(body: Body, text: bytes) -> None:
    assert encode(body) == text
    assert decode(text) == body


@given(
    payload=st.binary(),
    exclude=st.frozensets(st.text(st.characters(exclude_categories=["Cs"]))),
    confirm=st.booleans(),
)
def test_any_event_comes_back(payload: bytes, exclude: frozenset[str], confirm: bool) -> None:
    event = Event(payload=payload, exclude=exclude, confirm=confirm)
    assert decode(encode(event)) == event


def test_what_a_later_release_adds_is_no_harm() -> None:
    assert decode(b'E{"confirm":true,"later":[1]}\n{}') == Event(payload=b"{}", confirm=True)
    with pytest.raises(EngineError, match=r"unknown kind b'q'; is a node older\?"):
        decode(b"qwhat")


def test_messages_and_items() -> None:
    assert parse_told(f"{EPOCH} 12 1700000000000 ea b c".encode()) == Told(
        EPOCH, 12, 1_700_000_000_000, b"ea b c"
    )
    assert parse_told(f"{EPOCH} 0 5 ".encode()) == Told(EPOCH, 0, 5, b"")
    assert parse_stored(b"1700000000000 ea b") == (1_700_000_000_000, b"ea b")
    entry = entry_of(3, b"5000 e12345", lambda at: at / 1000)
    assert (entry.offset, entry.at, entry.body) == (3, 5.0, Event(payload=b"12345"))
    assert entry.size > 5
    assert parse_position(position(Position(EPOCH, 4))) == (EPOCH, 4)

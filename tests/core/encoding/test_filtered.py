"""Filters: what they name, and that all who want the same share one."""

from __future__ import annotations

import gc
from collections.abc import Callable

import pytest

from dualwire.codes import RATE_LIMITED
from dualwire.core.encoding import Encoding, Frame
from dualwire.core.encoding.filtered import MOST, Filters, parse_types
from dualwire.core.encoding.json import event_type
from dualwire.core.encoding.v1 import V1EventStream, V1Text
from dualwire.exceptions import ProtocolError
from dualwire.types import Entry, Event, Loss, Position, Reply

CHAT = frozenset({"chat"})
EPOCH = "01a206db866e754abbd5"


def test_types_are_names_separated_by_commas() -> None:
    assert parse_types("") == frozenset()
    assert parse_types("chat,room_update,a.b:c/d-e!") == {"chat", "room_update", "a.b:c/d-e!"}
    assert len(parse_types(",".join(map(str, range(MOST))))) == MOST


@pytest.mark.parametrize("text", [",", "a,,b", " a", "a\n", "\u00e4", "x" * 65, "a," * 40])
def test_what_is_no_list_of_names_is_refused(text: str) -> None:
    with pytest.raises(ProtocolError, match="types: expected at most 32 names"):
        parse_types(text)


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        (b'{"event_type":"chat"}', "chat"),
        (b'{"type":"chat","event_type":null}', "chat"),
        (b'{"event_type":"chat","type":"tick"}', "chat"),
        (b'{"event_type":7,"type":"tick"}', None),
        (b'{"data":{"type":"chat"}}', None),
        (b"{}", None),
    ],
)
def test_an_events_type(payload: bytes, kind: str | None) -> None:
    assert event_type(payload) == kind


def test_all_who_want_the_same_share_an_encoding() -> None:
    filters, inner = Filters(), V1Text()
    assert filters.of(inner, frozenset()) is inner
    one = filters.of(inner, CHAT)
    assert filters.of(inner, frozenset({"chat"})) is one
    assert filters.of(V1Text(), CHAT) is not one
    assert (one.name, one.contiguous, one.answered) == ("dualwire.v1", True, True)
    del one
    gc.collect()
    assert not filters._made


def test_only_events_are_filtered() -> None:
    inner = V1EventStream()
    filtered = Filters().of(inner, CHAT)
    chat, tick = Event(payload=b'{"type":"chat"}'), Event(payload=b'{"type":"tick"}')
    assert [filtered.wants(each) for each in (chat, tick, chat)] == [True, False, True]
    assert inner.wants(tick)
    entry = Entry(7, chat, 0.0, 0, n=42)
    reply = Entry(8, Reply(command_id="client-1.1", outcome="done", body={}), 0.0, 0, n=43)
    loss, place = Loss("global", 1, 2, "trimmed"), {"global": Position(EPOCH, 2)}
    same: list[Callable[[Encoding], Frame | None]] = [
        lambda each: each.event("global", entry),
        lambda each: each.other("player:ann", reply),
        lambda each: each.skip("global", 1, 2),
        lambda each: each.lost(loss, place),
        lambda each: each.direct(b"{}"),
        lambda each: each.own(b"{}"),
        lambda each: each.opening(),
        lambda each: each.hello({"player": "ann"}),
        lambda each: each.ping(1, place),
        lambda each: each.bye(RATE_LIMITED, 1.0),
    ]
    for write in same:
        through, itself = write(filtered), write(inner)
        assert through is not None
        assert itself is not None
        assert through.data == itself.data

"""The event as given."""

from __future__ import annotations

import json

from dualwire.codes import DRAINING, RATE_LIMITED
from dualwire.core.encoding import Encoding
from dualwire.core.encoding.plain import PlainEventStream, PlainText
from dualwire.types import Entry, Event, Position

ENTRY = Entry(5, Event(payload='{"text":"grüße"}'.encode()), 0.0, 0, n=42)
ENCODINGS: list[Encoding] = [PlainText(), PlainEventStream("web-1")]


def test_a_websocket_gets_the_event_as_text() -> None:
    frame = PlainText().event("global", ENTRY)
    assert (frame.n, frame.data) == (42, '{"text":"grüße"}')


def test_sse_gets_data_and_the_nodes_number() -> None:
    frame = PlainEventStream("web-1").event("global", ENTRY)
    assert frame.n == 42
    assert frame.data == 'id: web-1-42\ndata: {"text":"grüße"}\n\n'.encode()
    assert frame.size == len(frame.data)


def test_an_event_for_one_connection_has_no_number() -> None:
    frames = [encoding.direct(b"{}") for encoding in ENCODINGS]
    assert [(frame.n, frame.data) for frame in frames] == [(0, "{}"), (0, b"data: {}\n\n")]


def test_how_a_connection_begins() -> None:
    assert PlainText().opening() is None
    frame = PlainEventStream("n", retry=2500).opening()
    assert frame is not None
    assert frame.data == b": dualwire\nretry: 2500\n\n"


def test_pings_fire_no_onmessage() -> None:
    tails = {"global": Position("e", 1)}
    assert PlainText().ping(1, tails) is None
    frame = PlainEventStream("n").ping(1, tails)
    assert frame is not None
    assert frame.data == b"event: ping\ndata: {}\n\n"


def test_goodbye() -> None:
    assert PlainText().bye(DRAINING, None) is None
    for code, retry_after in ((DRAINING, None), (RATE_LIMITED, 2.5)):
        frame = PlainEventStream("n").bye(code, retry_after)
        assert frame is not None
        assert isinstance(frame.data, bytes)
        head, _, data = frame.data.partition(b"data: ")
        fields = json.loads(data)
        assert head == b"event: bye\n"
        assert fields["code"] == code.number
        assert fields["reconnect"] is code.reconnect
        assert fields.get("retry_after") == retry_after


def test_there_is_nothing_beside_events() -> None:
    for encoding in ENCODINGS:
        assert encoding.name == "plain"
        assert not encoding.contiguous
        assert encoding.skip("global", 1, 2) is None
        assert encoding.other("player:eva", ENTRY) is None
        assert encoding.hello({}) is None

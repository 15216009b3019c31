"""``dualwire.v1``: the frames of ``spec/protocol.md``, literally."""

from __future__ import annotations

import hashlib

import pytest

from dualwire.codes import RATE_LIMITED
from dualwire.core.encoding.digests import digest_of
from dualwire.core.encoding.newest import Newest
from dualwire.core.encoding.v1 import V1EventStream, V1Text
from dualwire.types import (
    Body,
    Entry,
    Event,
    Loss,
    Position,
    Reply,
    SessionEnded,
    Subscribed,
    Unsubscribed,
)

OWN = "player:ann"
EPOCH = "01a206db866e754abbd5"


def entry(body: Body, offset: int = 7) -> Entry:
    return Entry(offset, body, 0.0, 0, n=42)


def text(body: Body, stream: str = OWN) -> str | bytes:
    frame = V1Text().other(stream, entry(body))
    assert frame is not None
    assert frame.n in (42, 0)
    return frame.data


def test_an_event_is_the_last_key() -> None:
    frame = V1Text().event("room:hall", entry(Event(payload=b'{"text":"Hi."}')))
    assert frame.data == ('{"type":"event","stream":"room:hall","offset":7,"event":{"text":"Hi."}}')
    assert frame.n == 42


def test_confirm_and_digest_come_before_it() -> None:
    payload = '{"text":"grüß"}'.encode()
    digest = hashlib.sha256(payload).hexdigest()
    frame = V1Text(Newest(digest_of)).event("global", entry(Event(payload=payload, confirm=True)))
    assert frame.data == (
        '{"type":"event","stream":"global","offset":7,"confirm":true,'
        f'"digest":"{digest}","event":{payload.decode()}}}'
    )


def test_a_stream_name_is_quoted_as_json() -> None:
    frame = V1Text().event('room:a "b"\n', entry(Event(payload=b"{}")))
    assert '"stream":"room:a \\"b\\"\\n"' in str(frame.data)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            Subscribed(stream="room:hall", position=Position(EPOCH, 16)),
            '{"type":"subscribed","stream":"player:ann","offset":7,"room":"room:hall",'
            f'"epoch":"{EPOCH}","from":16}}',
        ),
        (
            Unsubscribed(stream="room:hall", start=Position(EPOCH, 16), until=Position(EPOCH, 40)),
            '{"type":"unsubscribed","stream":"player:ann","offset":7,"room":"room:hall",'
            f'"epoch":"{EPOCH}","from":16,"until":40}}',
        ),
        (
            Reply(command_id="c.1", outcome="done", body={"text": "ok"}),
            '{"type":"reply","stream":"player:ann","offset":7,"id":"c.1","outcome":"done",'
            '"body":{"text":"ok"}}',
        ),
        (
            Reply(command_id="c.1", outcome="refused", reason="no"),
            '{"type":"reply","stream":"player:ann","offset":7,"id":"c.1","outcome":"refused",'
            '"reason":"no"}',
        ),
        (
            SessionEnded(session_id="session-1", code=4409),
            '{"type":"skip","stream":"player:ann","from":7,"to":7}',
        ),
    ],
)
def test_entries_that_are_no_events(body: Body, expected: str) -> None:
    assert text(body) == expected


def test_losses() -> None:
    encoding, positions = V1Text(), {"room:hall": Position(EPOCH, 3), OWN: Position(EPOCH, 4)}
    lost = encoding.lost(Loss("room:hall", 1, 3, "trimmed"), positions)
    assert lost is not None
    assert lost.data == ('{"type":"lost","stream":"room:hall","from":1,"to":3,"reason":"trimmed"}')
    reset = encoding.lost(Loss("room:hall", 1, 3, "epoch"), positions)
    assert reset is not None
    assert reset.data == (
        f'{{"type":"reset","stream":"room:hall","epoch":"{EPOCH}","offset":3,"reason":"epoch"}}'
    )
    own = encoding.lost(Loss(OWN, 1, 4, "trimmed"), positions)
    assert own is not None
    assert f'"streams":{{"room:hall":["{EPOCH}",4],"player:ann":["{EPOCH}",5]}}' in str(own.data)


def test_pings_tell_tails_and_goodbyes_tell_why() -> None:
    ping = V1Text().ping(3, {OWN: Position(EPOCH, 5)})
    assert ping is not None
    assert ping.data == f'{{"type":"ping","n":3,"tails":{{"player:ann":["{EPOCH}",5]}}}}'
    bye = V1Text().bye(RATE_LIMITED, 2.5)
    assert bye is not None
    assert bye.data == (
        '{"type":"bye","code":4005,"reason":"rate_limited",'
        '"message":"Too many; try again after retry_after seconds.","reconnect":true,'
        '"retry_after":2.5}'
    )


def test_on_sse_a_frame_is_one_unnamed_message() -> None:
    encoding = V1EventStream()
    frame = encoding.event("global", entry(Event(payload=b"{}")))
    assert frame.data == (b'data: {"type":"event","stream":"global","offset":7,"event":{}}\n\n')
    skip = encoding.skip("global", 1, 2)
    assert skip is not None
    assert skip.data == b'data: {"type":"skip","stream":"global","from":1,"to":2}\n\n'
    opening = encoding.opening()
    assert opening is not None
    assert b"retry: " in opening.data

"""Digests cover the raw text of an event, and nothing else."""

from __future__ import annotations

import hashlib
import json

import pytest

from dualwire.core.encoding.digests import check_digest, digest_of
from dualwire.core.encoding.newest import Newest
from dualwire.core.encoding.v1 import V1EventStream, V1Text
from dualwire.exceptions import DigestError
from dualwire.types import Entry, Event

TEXTS = (
    '{"text":"Hi."}',
    "{}",
    '{"event":{"event":1},"x":",\\"event\\":"}',
    '{"text":"gr\\u00fc\u00df \u2028 \\ud83d\\ude00 \U0001f600"}',
    '{"n":1.0,"m":1e3}',
)


def frame_of(text: str, stream: str = 'room:a ","event":{}') -> bytes:
    encoding = V1Text(Newest(digest_of))
    entry = Entry(7, Event(payload=text.encode(), confirm=True), 0.0, 0, n=42)
    data = encoding.event(stream, entry).data
    assert isinstance(data, str)
    return data.encode()


@pytest.mark.parametrize("text", TEXTS)
def test_what_was_sent_fits(text: str) -> None:
    raw = frame_of(text)
    frame = json.loads(raw)
    assert frame["digest"] == hashlib.sha256(text.encode()).hexdigest()
    check_digest(raw, frame)


@pytest.mark.parametrize("text", TEXTS[2:])
def test_the_same_event_in_other_words_does_not_fit(text: str) -> None:
    raw = frame_of(text)
    other = json.dumps(json.loads(raw), separators=(",", ": ")).encode()
    with pytest.raises(DigestError, match="something between the server and here"):
        check_digest(other, json.loads(other))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'"Hi."', b'"Ho."'),
        (b'"digest":"', b'"digest":"0'),
        (b'"digest"', b'"dogest"'),
        (b',"event":{', b',"Event":{'),
        (b"}}", b"}} "),
    ],
)
def test_what_was_changed_does_not_fit(before: bytes, after: bytes) -> None:
    raw = frame_of('{"text":"Hi."}')
    assert raw.count(before) == 1
    changed = raw.replace(before, after)
    with pytest.raises(DigestError) as caught:
        check_digest(changed, json.loads(changed))
    assert caught.value.stream == 'room:a ","event":{}'


def test_a_digest_is_computed_once_for_all_who_ask_and_not_for_others() -> None:
    computed: list[bytes] = []

    def count(payload: bytes) -> bytes:
        computed.append(payload)
        return digest_of(payload)

    shared = Newest(count)
    bodies = [Event(payload=b"{}"), Event(payload=b"{}")]
    for body in bodies:
        entry = Entry(7, body, 0.0, 0)
        V1Text().event("global", entry)
        V1Text(shared).event("global", entry)
        V1EventStream(shared).event("global", entry)
    assert len(computed) == len(bodies)

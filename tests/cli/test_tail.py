"""What ``dualwire tail`` and ``dualwire play`` make of what comes."""

from __future__ import annotations

from dualwire.cli.play_screen import gap_text
from dualwire.cli.tail import line_of
from dualwire.client import Delivered, Direct, Gap


def test_a_line_for_each_item() -> None:
    event = {"text": "Hi."}
    assert line_of(Delivered("global", 3, event, "c")) == {
        "stream": "global",
        "offset": 3,
        "event": event,
    }
    assert line_of(Direct(event, "sse")) == {"connection": "sse", "event": event}
    assert line_of(Gap("room:hall", 4, 9, "trimmed")) == {
        "gap": {"stream": "room:hall", "first": 4, "last": 9, "reason": "trimmed"}
    }


def test_a_gap_for_a_person() -> None:
    many, one = Gap("room:hall", 4, 9, "trimmed"), Gap("global", 1, 1, "trimmed")
    assert gap_text(many) == "[6 events of room:hall missing: trimmed]"
    assert gap_text(one) == "[1 event of global missing: trimmed]"
    lost = Gap("global", None, None, "epoch")
    assert gap_text(lost) == "[Something of global is missing: epoch]"

"""What ``dualwire tail`` makes of what comes."""

from __future__ import annotations

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

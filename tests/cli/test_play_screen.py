"""What a person is told of missing events."""

from __future__ import annotations

import pytest

from dualwire.cli.play_screen import gap_text
from dualwire.client import Gap


@pytest.mark.parametrize(
    ("gap", "text"),
    [
        (Gap("global", None, None, "epoch"), "The server began anew."),
        (
            Gap("room:attic", 4, 4, "trimmed"),
            "1 event is lost here, of a room: the server keeps no more of it",
        ),
        (Gap("player:ann", 4, 6, "strange"), "3 events are lost here, meant for you: strange"),
    ],
)
def test_a_gap_is_told_to_a_person(gap: Gap, text: str) -> None:
    assert text in gap_text(gap)
    assert gap.stream not in gap_text(gap)

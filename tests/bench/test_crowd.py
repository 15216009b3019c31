"""A small crowd: what it knows and what the metrics say agree, and a lie is found."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from bench.crowd.command import run
from bench.crowd.judge import Check, documented
from bench.crowd.publisher import heard_wrongly
from bench.crowd.town import Scrape
from bench.crowd.visitor import Tab, Visitor

TEXT = """
# TYPE dualwire_closed counter
dualwire_closed_total{type="sse",code="stale"} 2.0
dualwire_closed_total{type="sse",code="restart"} 1.0
dualwire_closed_total{type="websocket",code="stale"} 4.0
# TYPE dualwire_rooms gauge
dualwire_rooms 3.0
"""


def test_a_scrape_is_summed_by_labels() -> None:
    found = Scrape(TEXT)
    assert found.names == {"dualwire_closed_total", "dualwire_rooms"}
    assert found.value("dualwire_closed_total", type="sse") == 3.0
    assert found.by("dualwire_closed_total", "code") == {"stale": 6.0, "restart": 1.0}
    assert found.value("dualwire_nothing") == 0.0


def test_every_documented_name_is_looked_for() -> None:
    assert {"dualwire_connections", "process_open_fds"} <= documented()


@pytest.mark.parametrize(
    ("got", "said", "expected"),
    [
        ([3, 4, 5], 5, (0, 0)),
        ([3, 5], 5, (1, 0)),
        ([3, 4, 4, 5], 5, (0, 1)),
        ([3, 4], 5, (1, 0)),
        ([], 5, (5, 0)),
    ],
)
def test_loss_and_repetition_are_judged_by_the_publishers_numbers(
    got: list[int], said: int, expected: tuple[int, int]
) -> None:
    visitor: Any = Visitor.__new__(Visitor)
    tab: Any = Tab.__new__(Tab)
    tab.got, tab.ended = got, None
    visitor.tabs = [tab]
    assert heard_wrongly([visitor], said) == expected


def test_a_check_says_what_was_expected() -> None:
    check = Check("open", 3, 4, 4)
    assert not check.holds
    assert check.expected == "4"
    assert replace(check, got=4).holds
    assert Check("frames", 7, 5, float("inf")).expected == "at least 5"


@pytest.mark.timeout(120)
def test_a_small_crowd_agrees_with_the_metrics() -> None:
    checks, done = asyncio.run(run(seed=1, seconds=6.0, players=12))
    assert [each for each in checks if not each.holds] == []
    assert done.broken + done.both + done.takeovers > 0

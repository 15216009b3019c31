"""The judge of a rollout."""

from __future__ import annotations

from typing import Any

import pytest
from bench.rollout.command import Stage, missed

FIGURES = {
    "lost": 0.0,
    "repeated": 0.0,
    "gaps_told": 0.0,
    "ends_without_reason": 0.0,
    "kill_switch_seconds": 0.9,
    "numbers_published": 50.0,
}
STAGES = [Stage("0 %", 0, 0, 0, 0.1), Stage("100 %", 9, 9, 9, 0.1), Stage("killed", 0, 0, 0, 0.9)]


def test_a_good_one() -> None:
    assert missed(STAGES, FIGURES, 9) == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"lost": 1.0}, "lost: 1, at most 0"),
        ({"repeated": 2.0}, "repeated: 2, at most 0"),
        ({"kill_switch_seconds": 6.0}, "kill switch seconds: 6, at most 5"),
    ],
)
def test_a_figure_that_is_missed_is_named(changed: dict[str, Any], said: str) -> None:
    assert missed(STAGES, FIGURES | changed, 9) == [said]


def test_a_stage_that_is_not_as_it_should_be_is_named() -> None:
    (killed,) = missed([*STAGES[:2], Stage("killed", 0, 3, 9, 30.0)], FIGURES, 9)
    assert killed == "killed: 3 have the flag and 9 two connections of each type, but 0 shall"
    (never,) = missed([STAGES[0], STAGES[2]], FIGURES, 9)
    assert never == "there was no stage in which all 9 have it"

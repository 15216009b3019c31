"""What the cluster's bench makes of its figures."""

from __future__ import annotations

from typing import Any

from bench.cluster.command import Case, missed_by
from bench.cluster.cost import FLAT_OUT, Cost, judged
from bench.failover.figures import Figures
from bench.load import Figures as LoadFigures
from bench.reports import targets

WANTED = targets("cluster")


def run(gap_ms: float, lost: int = 0, repeated: int = 0) -> list[Figures]:
    """Two players: one who notices nothing, and one who does."""
    quiet = {"published": 100, "received": 100, "lost": 0, "repeated": 0, "out_of_order": 0}
    return [
        Figures(**quiet, gap_ms=1.0, latency_ms=1.0),
        Figures(**(quiet | {"lost": lost, "repeated": repeated}), gap_ms=gap_ms, latency_ms=1.0),
    ]


def case(disturbed: list[list[Figures]]) -> Case:
    return Case("kill", undisturbed=[run(12.0) for _ in disturbed], disturbed=disturbed)


def test_a_gap_within_the_slack_is_met() -> None:
    assert missed_by([case([run(31.9), run(31.9), run(200.0)])], WANTED, timing=True) == []


def test_the_median_pair_decides() -> None:
    (said,) = missed_by([case([run(12.0), run(32.5), run(200.0)])], WANTED, timing=True)
    assert said.startswith("kill: longest gap 32.5 ms against 12.0 ms undisturbed")
    assert "0.5 ms beyond" in said


def test_gaps_of_a_smoke_run_are_not_judged() -> None:
    assert missed_by([case([run(500.0)])], WANTED, timing=False) == []


def test_one_lost_or_repeated_event_is_enough() -> None:
    said = missed_by([case([run(12.0), run(12.0, lost=1, repeated=2)])], WANTED, timing=False)
    assert said == ["kill: lost 1, target 0", "kill: repeated 2, target 0"]


def cost(cpu: float) -> Cost:
    nothing: dict[str, Any] = dict.fromkeys(LoadFigures.__dataclass_fields__, 0)
    figures = LoadFigures(**(nothing | {"delivered": 900_000, "cpu": cpu}))
    return Cost(figures=figures, redis_cpu=0.1)


def test_the_cost_is_judged_by_the_median_pair() -> None:
    theirs = [cost(9.0), cost(9.0), cost(9.0)]
    for ours, met in (([1.0, 3.0, 9.0], True), ([1.0, 3.1, 9.0], False)):
        found = {
            ("dualwire", FLAT_OUT): [cost(each) for each in ours],
            ("socketio", FLAT_OUT): theirs,
        }
        assert (judged(found, 3.0) == []) is met

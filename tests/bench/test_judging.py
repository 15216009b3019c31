"""Figures against targets."""

from __future__ import annotations

from bench.failover.cases import Lane
from bench.failover.figures import Figures
from bench.failover.judging import missed, table
from bench.failover.plan import Outcome
from bench.reports import targets, wide_console

TARGETS = targets("failover")


def figures(gap_ms: float, *, lost: int = 0, repeated: int = 0) -> Figures:
    return Figures(
        published=80,
        received=80 - lost,
        lost=lost,
        repeated=repeated,
        out_of_order=0,
        gap_ms=gap_ms,
        latency_ms=1.0,
    )


def outcome(undisturbed: list[Figures], disturbed: list[Figures]) -> Outcome:
    lane = Lane("websocket", 20)
    return Outcome(
        peer="dualwire", fault="reset", lane=lane, undisturbed=undisturbed, disturbed=disturbed
    )


def test_a_gap_is_judged_by_the_median_of_its_pairs() -> None:
    calm = [figures(50.0)] * 5
    for allowed in ([60.0] * 5, [60.0, 60.0, 60.0, 900.0, 900.0]):
        assert not missed([outcome(calm, [figures(gap) for gap in allowed])], TARGETS, timing=True)
    late = outcome(calm, [figures(gap) for gap in (50.0, 50.0, 60.1, 900.0, 900.0)])
    (named,) = missed([late], TARGETS, timing=True)
    assert named.startswith("reset of websocket at 20/s: longest gap 60.1 ms against 50.0 ms")
    assert not missed([late], TARGETS, timing=False)


def test_a_pair_is_compared_with_itself() -> None:
    noisy = outcome(
        [figures(gap) for gap in (50.0, 50.0, 200.0, 200.0, 200.0)],
        [figures(gap) for gap in (50.0, 50.0, 220.0, 230.0, 239.0)],
    )
    assert not missed([noisy], TARGETS, timing=True)
    swapped = outcome(
        [figures(gap) for gap in (50.0, 50.0, 50.0, 200.0, 200.0)],
        [figures(gap) for gap in (200.0, 200.0, 200.0, 50.0, 50.0)],
    )
    assert missed([swapped], TARGETS, timing=True)


def test_one_loss_or_repeat_in_any_run_is_named() -> None:
    lossy = outcome([figures(50.0)] * 5, [figures(50.0)] * 4 + [figures(50.0, lost=1)])
    assert missed([lossy], TARGETS, timing=True) == ["reset of websocket at 20/s: lost 1, target 0"]
    doubled = outcome([figures(50.0, repeated=2)], [figures(50.0)])
    assert missed([doubled], TARGETS, timing=False) == [
        "reset of websocket at 20/s: repeated 2, target 0"
    ]


def test_no_figure_of_the_table_is_cut_off() -> None:
    console = wide_console()
    with console.capture() as capture:
        console.print(table([outcome([figures(50.0)] * 5, [figures(41_116.3)] * 5)]))
    assert "…" not in capture.get()
    assert "41,116.3" in capture.get()

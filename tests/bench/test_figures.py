"""What a run showed: from arrivals to figures."""

from __future__ import annotations

from bench.failover.figures import Arrival, observe


def test_a_run_in_which_all_is_well() -> None:
    figures = observe(3, [Arrival(n, n * 0.05, n * 0.05 + 0.001) for n in (1, 2, 3)])
    assert (figures.published, figures.received) == (3, 3)
    assert (figures.lost, figures.repeated, figures.out_of_order) == (0, 0, 0)
    assert (figures.gap_ms, figures.latency_ms) == (50.0, 1.0)


def test_what_went_wrong_is_counted_each_by_its_name() -> None:
    arrivals = [
        Arrival(1, 0.0, 0.1),
        Arrival(3, 0.2, 0.3),
        Arrival(2, 0.1, 0.9),
        Arrival(3, 0.2, 0.95),
    ]
    figures = observe(5, arrivals)
    assert figures.lost == 2
    assert figures.repeated == 1
    assert figures.out_of_order == 1
    assert figures.gap_ms == 600.0
    assert figures.latency_ms == 800.0


def test_nothing_arrived() -> None:
    figures = observe(2, [])
    assert (figures.lost, figures.repeated, figures.gap_ms, figures.latency_ms) == (2, 0, 0.0, 0.0)

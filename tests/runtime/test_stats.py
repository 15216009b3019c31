from __future__ import annotations

import pytest

from dualwire.runtime.stats import BUCKETS, Durations, Stats


def test_a_duration_on_a_bound_falls_below_it() -> None:
    durations = Durations()
    for seconds in (BUCKETS[0], BUCKETS[0] + 1e-9, BUCKETS[-1] + 1.0):
        durations.add(seconds)
    assert durations.buckets[:2] == [1, 1]
    assert durations.buckets[-1] == 1
    assert (durations.shortest, durations.longest) == (BUCKETS[0], BUCKETS[-1] + 1.0)


@pytest.mark.parametrize(("share", "expected"), [(0.5, 0.001), (0.99, 0.1), (1.0, 0.07)])
def test_a_quantile_is_as_fine_as_the_buckets_and_never_above_the_longest(
    share: float, expected: float
) -> None:
    durations = Durations()
    assert durations.quantile(share) is None
    for _ in range(98):
        durations.add(0.0009)
    for seconds in (0.06, 0.07):
        durations.add(seconds)
    assert durations.quantile(share) == min(expected, 0.07)


def test_what_is_beyond_the_last_bound_is_told_as_it_is() -> None:
    durations = Durations()
    durations.add(100.0)
    assert durations.quantile(0.5) == 100.0


def test_an_error_counts_by_its_class_or_by_its_name() -> None:
    stats = Stats()
    stats.failed("hook", KeyError("x"))
    stats.failed("control", "forged")
    assert dict(stats.errors) == {("hook", "KeyError"): 1, ("control", "forged"): 1}


def test_totals_are_those_of_both_arms() -> None:
    stats = Stats()
    stats.arms["on"].takeovers, stats.arms["off"].takeovers = 2, 3
    stats.arms["on"].hidden_failovers = stats.arms["off"].outages = 1
    assert (stats.takeovers, stats.hidden_failovers, stats.outages) == (5, 1, 1)

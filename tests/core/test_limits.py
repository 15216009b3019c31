from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualwire.core.limits import Bucket, Buckets, Rate


def test_a_burst_then_the_rate() -> None:
    bucket = Bucket(Rate(2.0, 3))
    waits = [bucket.take(100.0) for _ in range(5)]
    assert waits == [-1.0, -0.5, 0.0, 0.5, 0.5]
    assert bucket.take(100.5) == 0.0
    assert bucket.take(100.5) == 0.5


def test_a_refused_one_costs_nothing() -> None:
    bucket = Bucket(Rate(1.0, 1))
    bucket.take(0.0)
    for now in (0.1, 0.5, 0.9):
        assert bucket.take(now) == pytest.approx(1.0 - now)
    assert bucket.take(1.0) == 0.0


def test_a_rest_fills_the_bucket_and_no_further() -> None:
    bucket = Bucket(Rate(1.0, 2))
    bucket.take(0.0, 2.0)
    assert [bucket.take(1000.0) <= 0.0 for _ in range(3)] == [True, True, False]


def test_what_costs_more_than_the_bucket_holds_never_passes() -> None:
    bucket = Bucket(Rate(10.0, 5))
    assert bucket.take(0.0, 6.0) > 0.0
    assert bucket.take(1e9, 6.0) > 0.0
    assert bucket.take(1e9, 5.0) == 0.0


def test_to_ask_takes_nothing() -> None:
    bucket = Bucket(Rate(1.0, 1))
    for _ in range(3):
        assert bucket.wait(0.0) == 0.0
    bucket.take(0.0)
    assert bucket.wait(0.25) == 0.75


@given(
    st.floats(0.01, 1000.0),
    st.integers(1, 50),
    st.lists(st.tuples(st.floats(0.0, 2.0), st.floats(0.1, 5.0)), max_size=200),
)
def test_never_more_than_the_burst_and_what_time_paid_back(
    per_second: float, burst: int, steps: list[tuple[float, float]]
) -> None:
    """Against the simple model: a bucket of tokens that drips."""
    bucket = Bucket(Rate(per_second, burst))
    now, tokens = 0.0, float(burst)
    for pause, cost in steps:
        now += pause
        tokens = min(float(burst), tokens + pause * per_second)
        wait = bucket.take(now, cost)
        if abs(tokens - cost) > 1e-6 * burst:
            assert (wait <= 0.0) == (cost <= tokens)
        if wait <= 0.0:
            tokens -= cost
        else:
            assert wait == pytest.approx((cost - tokens) / per_second, rel=1e-6, abs=1e-6)


def test_peers_have_buckets_of_their_own() -> None:
    buckets: Buckets[str] = Buckets(Rate(1.0, 1))
    assert buckets.wait("a", 0.0) == 0.0
    assert buckets.take("a", 0.0) <= 0.0
    assert buckets.take("a", 0.0) > 0.0
    assert buckets.wait("a", 0.0) == 1.0
    assert buckets.take("b", 0.0) <= 0.0


def test_those_who_paid_back_are_forgotten_first() -> None:
    buckets: Buckets[int] = Buckets(Rate(1.0, 100), most=20)
    for key in range(10):
        buckets.take(key, 0.0)
    for key in range(10, 20):
        buckets.take(key, 0.0, 100.0)
    buckets.take(20, 50.0)
    assert len(buckets) == 11
    assert buckets.wait(15, 50.0, 100.0) > 0.0


def test_their_number_is_bounded() -> None:
    buckets: Buckets[int] = Buckets(Rate(1.0, 10), most=50)
    for key in range(10_000):
        buckets.take(key, 0.0, 10.0)
    assert len(buckets) <= 50
    assert buckets.wait(9_999, 0.0) > 0.0


def test_what_was_taken_elsewhere_is_owed_here_but_never_more_than_all() -> None:
    bucket = Bucket(Rate(1.0, 4.0))
    bucket.charge(10.0, 3.0)
    assert bucket.take(10.0) == 0.0
    assert bucket.take(10.0) == 1.0
    bucket.charge(10.0, 1000.0)
    assert bucket.wait(10.0) == 1.0
    assert bucket.take(14.0) == -3.0
    buckets: Buckets[str] = Buckets(Rate(1.0, 4.0))
    buckets.charge("a", 10.0, 4.0)
    assert buckets.wait("a", 10.0) == 1.0
    assert buckets.wait("b", 10.0) < 0.0

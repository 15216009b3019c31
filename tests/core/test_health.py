"""Health reads what was observed, and touches nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualwire.config import Heartbeat
from dualwire.core.health import Verdict, Vitals, judge, ping_slot

HEARTBEAT = Heartbeat(degraded_after=2.0)


@pytest.mark.parametrize(
    ("alive", "waiting", "stalled", "own_delay", "verdict"),
    [
        (True, 0, 0.0, 0.0, "healthy"),
        (True, 0, 999.0, 0.0, "healthy"),
        (True, 10, 1.0, 0.0, "healthy"),
        (True, 10, 2.0, 0.0, "healthy"),
        (True, 10, 2.1, 0.0, "degraded"),
        (True, 10, 999.0, 0.0, "degraded"),
        (True, 10, 5.0, 4.0, "healthy"),
        (False, 0, 0.0, 0.0, "dead"),
        (False, 10, 999.0, 999.0, "dead"),
    ],
)
def test_verdicts(
    alive: bool, waiting: int, stalled: float, own_delay: float, verdict: Verdict
) -> None:
    vitals = Vitals(alive=alive, waiting=waiting, progress_at=1000.0, own_delay=own_delay)
    assert judge(vitals, 1000.0 + stalled, HEARTBEAT) == verdict


@given(st.integers(0, 10**6), st.floats(0.5, 120), st.floats(0.1, 5))
def test_the_first_ping_is_within_the_interval(number: int, interval: float, turn: float) -> None:
    assert turn <= ping_slot(number, interval, turn) <= max(interval, turn)


def test_pings_are_spread() -> None:
    slots = [int(ping_slot(number, 25.0, 0.0)) for number in range(1000)]
    counts = [slots.count(second) for second in range(25)]
    assert max(counts) - min(counts) <= 3

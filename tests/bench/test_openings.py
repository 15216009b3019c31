"""What an opening costs without a socket: every step is measured, and everybody comes in."""

from __future__ import annotations

from bench.openings import KINDS, STEPS, kept_by_part, measure_openings

from dualwire.http.gate import Gate


def test_openings_are_measured_step_by_step_and_nothing_stays_wrapped() -> None:
    before = Gate.admit
    found = measure_openings(5)
    assert [each.kind for each in found] == list(KINDS)
    for each in found:
        assert each.new_us > 0
        assert each.back_us > 0
        assert set(each.steps_us) == set(STEPS)
        assert each.steps_us["token"] < each.steps_us["gate, token included"]
    assert Gate.admit is before


def test_what_a_connection_keeps_is_told_by_part() -> None:
    found = kept_by_part(5)
    assert {"runtime", "core", "server", "engines"} <= set(found)
    assert list(found.values()) == sorted(found.values(), reverse=True)

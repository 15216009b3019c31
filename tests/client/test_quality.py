"""Who is first, and by how much."""

from __future__ import annotations

from dualwire.client.quality import REMEMBERED, Race, smoothed


class Runner:
    lag: float | None = None


def test_the_lag_of_the_slower_one() -> None:
    race, fast, slow = Race(), Runner(), Runner()
    for offset in range(1, 60):
        race.arrived(fast, "room:hall", offset, float(offset))
        race.arrived(slow, "room:hall", offset, offset + 0.2)
    assert fast.lag == 0.0
    assert slow.lag is not None
    assert abs(slow.lag - 0.2) < 1e-9


def test_who_runs_alone_has_no_lag() -> None:
    race, alone = Race(), Runner()
    for offset in range(1, 3 * REMEMBERED):
        race.arrived(alone, "global", offset, 0.0)
        race.arrived(alone, "global", offset, 1.0)
    assert alone.lag is None
    assert len(race._first) == REMEMBERED


def test_a_mean_follows_slowly() -> None:
    assert smoothed(None, 8.0) == 8.0
    assert smoothed(8.0, 16.0) == 9.0

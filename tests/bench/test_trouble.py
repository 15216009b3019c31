"""What happens is drawn from a seed."""

from __future__ import annotations

from bench.chaos.trouble import draw


def test_a_seed_draws_the_same_again() -> None:
    assert draw(7, 20.0, 5, 2) == draw(7, 20.0, 5, 2)
    assert draw(7, 20.0, 5, 2) != draw(8, 20.0, 5, 2)


def test_everything_happens_even_in_a_short_run() -> None:
    plan = draw(1, 1.0, 2, 2)
    assert {each.kind for each in plan} == {"fault", "both_down", "takeover", "room"}
    assert all(0 <= each.at <= 1.0 for each in plan)
    assert plan == sorted(plan, key=lambda each: each.at)


def test_the_full_run_draws_more_than_its_targets_ask_for() -> None:
    plan = draw(1, 180.0, 50, 6)
    count = {kind: sum(each.kind == kind for each in plan) for kind in ("both_down", "takeover")}
    assert min(count.values()) >= 40
    assert sum(each.kind == "fault" for each in plan) >= 400
    assert {each.fault.name for each in plan} == {
        *("reset", "swallow", "stall", "delay", "jitter", "split", "buffer"),
    }

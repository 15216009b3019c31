"""What a load showed."""

from __future__ import annotations

from dualwire.cli.bench.figures import Figures, quantile


def test_quantiles() -> None:
    values = [float(each) for each in range(100, 0, -1)]
    assert [quantile(values, share) for share in (0.01, 0.5, 0.99, 1.0)] == [1, 50, 99, 100]
    assert quantile([7.0], 0.5) == 7.0
    assert quantile([], 0.5) is None


def test_losses_and_repetitions_are_judged_by_the_publishers_numbers() -> None:
    figures = Figures(players=2, lasted=2.0)
    figures.published = {0, 1, 2, 3}
    figures.came.update([0, 2, 2, 2])
    assert (figures.lost, figures.repeated, figures.rate) == (2, 2, 2.0)
    told = figures.fields()
    assert (told["connections"], told["delivered"], told["lost"]) == (4, 4, 2)
    assert told["latency_ms"] == {"p50": None, "p99": None, "max": None}


def test_what_was_published_and_not_answered_is_no_repetition() -> None:
    """The request failed, and the event was stored all the same."""
    figures = Figures()
    figures.came.update([5])
    assert (figures.lost, figures.repeated) == (0, 0)

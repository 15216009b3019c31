"""The figures against the targets, and as a table."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from .figures import Figures
from .plan import Outcome

__all__ = ["missed", "table"]


def missed(outcomes: Sequence[Outcome], targets: dict[str, Any], *, timing: bool) -> list[str]:
    """Name each target that our side missed.

    Args:
        outcomes: ours.
        targets: of ``targets.toml``.
        timing: whether there were runs enough to judge gaps.
    """
    found = []
    for outcome in outcomes:
        case = f"{outcome.fault} of {outcome.lane.connection_type} at {outcome.lane.rate}/s"
        for name in ("lost", "repeated"):
            if outcome.total(name) > targets[name]:
                found.append(f"{case}: {name} {outcome.total(name)}, target {targets[name]}")
        over = median(_over(*pair, targets) for pair in _pairs(outcome))
        if timing and over > 0:
            before, after = _gap(outcome.undisturbed), _gap(outcome.disturbed)
            found.append(
                f"{case}: longest gap {after:.1f} ms against {before:.1f} ms undisturbed, "
                f"target {targets['gap_ratio']} x or {targets['gap_slack_ms']} ms above "
                f"(median pair is {over:.1f} ms beyond)"
            )
    return found


def _pairs(outcome: Outcome) -> list[tuple[Figures, Figures]]:
    return list(zip(outcome.undisturbed, outcome.disturbed, strict=True))


def _over(undisturbed: Figures, disturbed: Figures, targets: dict[str, Any]) -> float:
    """By how many ms the gap of a disturbed run is longer than allowed; negative if it is not."""
    gap = undisturbed.gap_ms
    allowed: float = max(gap * targets["gap_ratio"], gap + targets["gap_slack_ms"])
    return disturbed.gap_ms - allowed


def _gap(runs: Sequence[Figures]) -> float:
    return median(each.gap_ms for each in runs)


def table(outcomes: Sequence[Outcome]) -> Table:
    """Counts are sums over the disturbed runs, times their medians."""
    made = Table(
        *("system", "fault", "hits", "/s", "published", "received", "lost", "repeated"),
        *("longest gap ms", "undis- turbed", "latest ms"),
        box=SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    for column in made.columns[3:]:
        column.justify = "right"

    for index, outcome in enumerate(outcomes):
        runs = outcome.disturbed
        counts = [
            sum(getattr(each, name) for each in runs)
            for name in ("published", "received", "lost", "repeated")
        ]
        following = outcomes[index + 1] if index + 1 < len(outcomes) else None
        made.add_row(
            outcome.peer,
            outcome.fault,
            outcome.lane.connection_type,
            str(outcome.lane.rate),
            *(f"{count:,}" for count in counts),
            f"{_gap(runs):,.1f}",
            f"{_gap(outcome.undisturbed):,.1f}" if outcome.undisturbed else "-",
            f"{median(each.latency_ms for each in runs):,.1f}",
            end_section=following is None or following.fault != outcome.fault,
        )
    return made

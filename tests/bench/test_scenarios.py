"""Each scenario runs: our server, the load client and the report, shortly and without peers."""

from __future__ import annotations

import io
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from bench.children import ChildError
from bench.load import Figures
from bench.peers import chosen
from bench.reports import targets
from bench.scenarios.fanout import cpu, fanout
from bench.scenarios.latency import latency
from bench.scenarios.memory import memory
from bench.scenarios.personal import personal
from bench.scenarios.resume import resume
from bench.scenarios.runs import Options, Outcome, ratio
from bench.scenarios.storm import storm
from rich.console import Console


@pytest.mark.parametrize("scenario", [fanout, memory, storm, personal, resume, latency])
async def test_a_scenario_runs_and_keeps_its_figures(
    scenario: Callable[[Options], Awaitable[int]], tmp_path: Path
) -> None:
    path = tmp_path / "figures.json"
    console = Console(file=io.StringIO(), width=200)
    code = await scenario(Options(console=console, connections=[20], quick=True, json=path))
    assert code == 0, console.file.getvalue()  # type: ignore[attr-defined]
    report = json.loads(path.read_text())
    assert report["missed"] == []
    assert report["outcomes"]
    for runs in (each.get("runs", []) for each in report["outcomes"]):
        assert all(run["failed"] == 0 and run["closed"] == 0 for run in runs)


def test_an_unknown_peer_is_named_with_those_that_there_are() -> None:
    with pytest.raises(ChildError, match=r"ejabberd: there is no such peer; there are bun, nchan"):
        chosen("bun,ejabberd")
    assert [each.name for each in chosen("nchan, bun")] == ["nchan", "bun"]
    assert chosen("") == []


def test_a_ratio_is_the_median_over_pairs() -> None:
    ours = Outcome(server="dualwire", case="ws", runs=[_run(cpu=each) for each in (1.0, 9.0, 2.0)])
    theirs = Outcome(server="bun", case="ws", runs=[_run(cpu=each) for each in (2.0, 3.0, 2.0)])
    # Not 2 ÷ 2, which the quotient of the medians would be too, nor 9 ÷ 3: one pair was disturbed.
    assert ratio(ours, theirs, cpu) == pytest.approx(1.0)
    assert ratio(ours, None, cpu) is None


def test_what_is_judged_has_targets() -> None:
    wanted = ("cpu_to_nchan", "cpu_to_bun", "flat_out", "sse_cpu", "sse_flat_out")
    assert set(targets("fanout")) == set(wanted)


def _run(*, cpu: float) -> Figures:
    return Figures(
        opened=1,
        failed=0,
        closed=0,
        complaint="",
        opening_seconds=1.0,
        opening_cpu=0.1,
        opening_p50_us=1,
        opening_p99_us=1,
        caught_up_seconds=0.0,
        caught_up_cpu=0.0,
        rss_before=0.0,
        rss_open=0.0,
        rss_after=0.0,
        published=1,
        delivered=1,
        seconds=1.0,
        cpu=cpu,
        kernel=0.0,
        p50_us=1,
        p99_us=1,
        max_us=1,
    )

"""The benches themselves, in short."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest
from bench.chaos.command import missed
from bench.chaos.play import play
from bench.children import ChildError, child
from bench.failover import socketio
from bench.failover.command import failover
from bench.reports import targets, verdict
from rich.console import Console

from bench import reports


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where figures are kept meanwhile."""
    monkeypatch.setattr(reports, "RESULTS", tmp_path)
    return tmp_path


def paper() -> Console:
    return Console(file=io.StringIO(), width=120)


async def test_chaos_in_short() -> None:
    outcome = await play(seed=20, seconds=4.0, count=12)
    nothing = dict.fromkeys(targets("chaos"), 0)
    assert not missed(outcome, nothing), outcome.verdict.examples
    assert outcome.verdict.delivered > 500
    assert outcome.duplicates > 100
    assert outcome.done >= 2
    assert outcome.both_down
    assert outcome.takeovers >= 2
    assert outcome.room_changes


async def test_chaos_names_each_target_that_was_missed() -> None:
    outcome = await play(seed=1, seconds=1.0, count=2)
    outcome.verdict.lost, outcome.verdict.out_of_order = 3, 1
    named = missed(outcome, targets("chaos"))
    assert named[:2] == ["lost: 3, target 0", "out of order: 1, target 0"]
    assert [each.split(":")[0] for each in named[2:]] == [
        *("faults", "both down", "takeovers", "room changes", "deliveries"),
    ]


async def test_failover_in_short(kept: Path) -> None:
    console = paper()
    assert await failover(console, quick=True) == 0
    report = json.loads((kept / "failover-quick.json").read_text())
    assert {case["fault"] for case in report["cases"]} == {"reset", "swallow", "delay", "buffer"}
    for case in report["cases"]:
        for figures in case["disturbed"]:
            assert figures["published"] == case["rate"] * 0.6
            assert (figures["lost"], figures["repeated"], figures["out_of_order"]) == (0, 0, 0)
    assert {"python", "machine", "date", "dualwire"} <= report.keys()
    assert "Every target is met." in console.file.getvalue()  # type: ignore[attr-defined]


def test_each_missed_target_is_named_and_the_exit_code_says_so() -> None:
    console = paper()
    assert verdict(["lost: 3, target 0"], console) == 1
    assert "missed: lost: 3, target 0" in console.file.getvalue()  # type: ignore[attr-defined]
    assert verdict([], console) == 0


async def test_a_process_that_is_not_there_or_says_something_else() -> None:
    with pytest.raises(ChildError, match="no-such-program"):
        async with child(("no-such-program",), r"ready (\w+)"):
            pass
    complaint = "import sys; print('hm'); sys.exit('no way')"
    with pytest.raises(ChildError, match=r"expected 'ready .*, got 'hm\\n' 'no way"):
        async with child((sys.executable, "-c", complaint), r"ready (\w+)"):
            pass


async def test_a_missing_peer_is_said_with_its_repair(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ChildError, match="there is no node; on Debian: apt-get install nodejs npm"):
        await socketio.install()


def test_the_lock_file_names_no_host() -> None:
    lock = json.loads((socketio.HOME / "package-lock.json").read_text())
    assert not [name for name, each in lock["packages"].items() if "resolved" in each]
    assert lock["packages"]["node_modules/socket.io"]["version"].startswith("4.")

from __future__ import annotations

import json
from pathlib import Path

import pytest
import structlog

from dualwire.core.rollout import Rollout
from dualwire.exceptions import ConfigurationError
from dualwire.flags import DUAL_CONNECTIONS, OpenFeatureFlags, RolloutFlags


def on(flags: RolloutFlags) -> bool:
    return flags.is_on(DUAL_CONNECTIONS, "ann", otherwise=False)


def test_a_file_counts_as_soon_as_it_is_there_and_no_longer_when_it_is_gone(
    tmp_path: Path,
) -> None:
    path = tmp_path / "rollout.json"
    flags = RolloutFlags(Rollout(percentage=100), path)
    assert on(flags)
    path.write_text('{"percentage": 0}')
    assert not on(flags)
    path.unlink()
    assert on(flags)


def test_a_slip_of_the_pen_changes_nothing_and_is_logged_once(tmp_path: Path) -> None:
    path = tmp_path / "rollout.json"
    path.write_text('{"percentage": 0}')
    flags = RolloutFlags(path=path)
    for slip in ('{"percentage": 1000}', "{", '["ann"]', "\x00"):
        path.write_text(slip)
        with structlog.testing.capture_logs() as logs:
            assert not on(flags)
            assert not on(flags)
        assert [each["event"] for each in logs] == ["rollout_unreadable"]
        assert logs[0]["path"] == str(path)
    path.write_text('{"percentage": 100}')
    assert on(flags)


def test_a_file_that_cannot_be_used_stops_the_start(tmp_path: Path) -> None:
    path = tmp_path / "rollout.json"
    path.write_text('{"percent": 5}')
    with pytest.raises(ConfigurationError, match=r"rollout_file: .*rollout\.json: percent:"):
        RolloutFlags(path=path)


def test_what_is_set_is_written_whole_and_read_by_others(tmp_path: Path) -> None:
    path = tmp_path / "rollout.json"
    one, other = RolloutFlags(path=path), RolloutFlags(path=path)
    one.rollout = Rollout(enabled=False, allow=frozenset(("ann",)))
    assert json.loads(path.read_text())["enabled"] is False
    assert other.rollout == one.rollout
    assert not on(other)
    assert [each.name for each in tmp_path.iterdir()] == ["rollout.json"]


def test_what_cannot_be_written_changes_nothing(tmp_path: Path) -> None:
    flags = RolloutFlags(path=tmp_path / "no-such-directory" / "rollout.json")
    with pytest.raises(OSError, match="No such file"):
        flags.rollout = Rollout(enabled=False)
    assert on(flags)


def test_a_flag_that_nobody_knows_is_warned_about_once() -> None:
    flags = RolloutFlags()
    with structlog.testing.capture_logs() as logs:
        for _ in range(3):
            assert OpenFeatureFlags.is_on(flags, "colours", "ann", otherwise=True)
    assert [each["event"] for each in logs] == ["flag_not_evaluated"]
    assert logs[0]["flag"] == "colours"

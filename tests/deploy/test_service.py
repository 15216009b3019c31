"""The systemd unit and its environment file."""

from __future__ import annotations

import configparser
import subprocess
from pathlib import Path

import pytest

from dualwire.settings import Settings, load_settings, variables

DEPLOY = Path(__file__).parents[2] / "deploy"
UNIT = DEPLOY / "dualwire.service"


def environment() -> dict[str, str]:
    """The variables of the file, as if somebody had taken every # away."""
    lines = (DEPLOY / "dualwire.env").read_text().splitlines()
    shown = [line.removeprefix("#") for line in lines if line.startswith("#DUALWIRE_")]
    return dict(line.split("=", 1) for line in shown)


def test_the_environment_file_has_every_variable() -> None:
    assert sorted(environment()) == variables()


def test_what_the_environment_file_shows_is_what_holds_without_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    without = load_settings()
    for name, value in environment().items():
        monkeypatch.setenv(name, value)
    assert load_settings() == without == Settings()


def test_the_unit_stops_the_server_as_it_wants_to_be_stopped() -> None:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment]
    parser.read_string(UNIT.read_text())
    service = parser["Service"]
    assert service["KillSignal"] == "SIGTERM"
    production = load_settings(profile="production")
    grace = production.config().drain_grace or 0.0
    assert float(service["TimeoutStopSec"]) > production.shutdown_timeout + grace
    assert "dualwire serve" in service["ExecStart"]
    assert service["EnvironmentFile"] == "/etc/dualwire/dualwire.env"


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    program = tmp_path / "dualwire"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    unit = tmp_path / "dualwire.service"
    unit.write_text(UNIT.read_text().replace("/opt/dualwire/bin/dualwire", str(program)))
    command = ["systemd-analyze", "verify", "--man=no", str(unit)]
    found = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    said = [line for line in found.stderr.splitlines() if "dualwire" in line]
    assert (found.returncode, said) == (0, [])

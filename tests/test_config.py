"""Options: declared once, checked when made."""

from __future__ import annotations

import math
from dataclasses import FrozenInstanceError, fields
from typing import Any

import pytest

from dualwire.config import Config, Heartbeat, HistoryPolicy, Limits, Rates, SessionPolicy
from dualwire.exceptions import ConfigurationError

OWNERS = [HistoryPolicy, SessionPolicy, Heartbeat, Limits, Rates]
OPTIONS = [
    (owner, option.name) for owner in OWNERS for option in fields(owner) if option.name != "trusted"
]


def test_the_defaults_are_those_of_the_protocol() -> None:
    config = Config()
    assert (config.history.room_age, config.history.room_events) == (120.0, 10_000)
    assert (config.history.player_events, config.history.player_bytes) == (300, 262_144)
    assert (config.history.room_bytes, config.history.budget) == (4_194_304, 268_435_456)
    assert (config.session.grace, config.session.resume) == (15.0, 120.0)
    assert (config.session.retired, config.session.open_within) == (86_400.0, 10.0)
    assert (config.heartbeat.interval, config.heartbeat.pong_timeout) == (25.0, 8.0)
    assert (config.limits.connections_per_type, config.limits.message) == (16, 65_536)
    assert config.plain_twins == "all"


@pytest.mark.parametrize(("owner", "option"), OPTIONS)
@pytest.mark.parametrize("value", [0, -1, math.nan])
def test_what_cannot_work_is_refused(owner: Any, option: str, value: float) -> None:
    with pytest.raises(ConfigurationError, match=f"{option}: expected a number above 0, got"):
        owner(**{option: value})


@pytest.mark.parametrize("owner", [*OWNERS, Config])
def test_options_do_not_change(owner: Any) -> None:
    config = owner()
    with pytest.raises(FrozenInstanceError):
        setattr(config, fields(owner)[0].name, 5)


def test_a_session_outlives_the_grace() -> None:
    with pytest.raises(ConfigurationError, match=r"resume: expected at least grace \(60.0 s\)"):
        SessionPolicy(grace=60.0, resume=30.0)
    SessionPolicy(grace=60.0, resume=60.0)


def test_trusted_networks_are_networks() -> None:
    assert [str(each) for each in Rates().trusted_networks()] == ["127.0.0.0/8", "::1/128"]
    assert Rates(trusted="").trusted_networks() == ()
    for wrong in ("everybody", "10.0.0.1/8", "10.0.0.0/8 10.1.0.0/16"):
        with pytest.raises(ConfigurationError, match=r"trusted: expected networks such as"):
            Rates(trusted=wrong)


def test_twins_are_all_or_standby() -> None:
    assert Config(plain_twins="standby").plain_twins == "standby"
    with pytest.raises(ConfigurationError, match="plain_twins: expected 'all' or 'standby'"):
        Config(plain_twins="some")  # type: ignore[arg-type]

"""What the environment, the profile and the command line make of the settings."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

import pytest

from dualwire.config import Config
from dualwire.exceptions import ConfigurationError
from dualwire.settings import PREFIX, load_settings, unknown_variables, variables


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in variables():
        monkeypatch.delenv(name, raising=False)


def test_the_defaults_are_those_of_the_config() -> None:
    assert load_settings().config() == Config()


def test_every_option_of_the_config_has_a_variable() -> None:
    for group in fields(Config):
        value = getattr(Config(), group.name)
        options = [f"__{each.name}" for each in fields(value)] if is_dataclass(value) else [""]
        for option in options:
            assert f"{PREFIX}{group.name}{option}".upper() in variables()


def test_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUALWIRE_HISTORY__ROOM_AGE", "33")
    monkeypatch.setenv("DUALWIRE_PLAIN_TWINS", "standby")
    monkeypatch.setenv("DUALWIRE_ALLOWED_ORIGINS", "http://a.example, http://b.example")
    settings = load_settings()
    assert settings.config().history.room_age == 33.0
    assert settings.config().history.room_events == Config().history.room_events
    assert settings.config().plain_twins == "standby"
    assert settings.allowed_origins == ("http://a.example", "http://b.example")


def test_the_command_line_goes_first_then_environment_then_profile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DUALWIRE_PROFILE", "production")
    assert load_settings().log_format == "json"
    monkeypatch.setenv("DUALWIRE_LOG_FORMAT", "console")
    assert load_settings().log_format == "console"
    assert load_settings(log_format="json", port=None).log_format == "json"


def test_each_stage_has_defaults_of_its_own() -> None:
    names = ("development", "staging", "production")
    stages = {name: load_settings(profile=name) for name in names}
    said = {
        name: (each.log_format, each.access_log, each.shutdown_timeout, each.makes_a_secret)
        for name, each in stages.items()
    }
    assert said == {
        "development": ("console", False, 5.0, True),
        "staging": ("json", True, 20.0, False),
        "production": ("json", False, 20.0, False),
    }
    # What carries players is the same, so that what held in staging holds in production.
    assert all(each.config() == Config() for each in stages.values())


def test_the_mythosmud_profile() -> None:
    settings = load_settings(profile="mythosmud")
    assert settings.config().plain_twins == "standby"
    assert settings.allowed_origins == ("http://localhost:5173", "http://127.0.0.1:5173")


@pytest.mark.parametrize(
    ("name", "value", "named"),
    [
        ("DUALWIRE_HISTORY__ROOM_AGE", "soon", "DUALWIRE_HISTORY__ROOM_AGE: "),
        ("DUALWIRE_HISTORY__ROOM_AGE", "-1", "DUALWIRE_HISTORY__ROOM_AGE: expected a number above"),
        ("DUALWIRE_SESSION__RESUME", "1", "DUALWIRE_SESSION__RESUME: expected at least grace"),
        ("DUALWIRE_PORT", "tcp://10.0.0.1:80", "DUALWIRE_PORT: "),
        ("DUALWIRE_PORT", "70000", "DUALWIRE_PORT: "),
        ("DUALWIRE_PROFILE", "prod", "DUALWIRE_PROFILE: "),
        ("DUALWIRE_PLAIN_TWINS", "both", "DUALWIRE_PLAIN_TWINS: "),
        ("DUALWIRE_HISTORY", "everything", "history"),
        ("DUALWIRE_HISTORY__ROOMS", "3", "DUALWIRE_HISTORY__ROOMS: expected no such"),
    ],
)
def test_a_bad_value_is_one_clear_line(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, named: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError) as caught:
        load_settings()
    assert named in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_bad_flag_is_refused_too() -> None:
    given: dict[str, Any] = {"log_level": "loud"}
    with pytest.raises(ConfigurationError, match="LOG_LEVEL"):
        load_settings(**given)


def test_secrets_are_not_shown() -> None:
    settings = load_settings(secret="correct horse battery staple!!!!", api_key="another one")
    assert "horse" not in repr(settings)
    assert "another" not in repr(settings)


def test_a_slip_of_the_pen_is_found() -> None:
    assert unknown_variables({"DUALWIRE_HSOT": "x", "DUALWIRE_PORT": "1", "HOME": "/"}) == [
        "DUALWIRE_HSOT"
    ]


def test_what_clients_read_is_no_slip_of_a_servers_pen() -> None:
    assert unknown_variables({"DUALWIRE_TOKEN": "ey", "DUALWIRE_TOKN": "ey"}) == ["DUALWIRE_TOKN"]

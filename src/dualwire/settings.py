"""What the process is told by its environment and its command line.

Options of the connection layer are not declared here: they are the fields of
:class:`~dualwire.config.Config`, and each has the environment variable that its place in there
gives: ``DUALWIRE_HISTORY__ROOM_AGE`` is ``Config.history.room_age``, ``DUALWIRE_PLAIN_TWINS`` is
``Config.plain_twins``; ``none`` turns off what can be off. What the command line says goes before
the environment, the environment before the profile, the profile before the defaults.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_type_hints

from pydantic import Field, SecretStr, ValidationError, create_model, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from .config import Config
from .exceptions import ConfigurationError

__all__ = [
    "PREFIX",
    "PROFILES",
    "Profile",
    "Settings",
    "load_settings",
    "unknown_variables",
    "variables",
]

PREFIX = "DUALWIRE_"

Profile = Literal["development", "staging", "production", "mythosmud"]

PROFILES: dict[str, dict[str, Any]] = {
    "development": {},
    # As production, but that every request can be read about.
    "staging": {"log_format": "json", "access_log": True, "shutdown_timeout": 20.0},
    # Whoever is being served gets the time to finish.
    "production": {"log_format": "json", "access_log": False, "shutdown_timeout": 20.0},
    # Its clients compare an event only with the one before, so twins must not both carry it.
    "mythosmud": {
        "plain_twins": "standby",
        "allowed_origins": ("http://localhost:5173", "http://127.0.0.1:5173"),
    },
}
"""What a profile changes, beside whether a secret is made (:attr:`Settings.makes_a_secret`)."""


CLIENT_VARIABLES = frozenset(("DUALWIRE_TOKEN",))
"""Read by commands that are clients, and no settings of a server."""


class _ProfileDefaults(PydanticBaseSettingsSource):
    """The profile's word, for what nobody above it said."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        value = PROFILES.get(self.current_state.get("profile", ""), {}).get(field_name)
        return value, field_name, False

    def __call__(self) -> dict[str, Any]:
        return PROFILES.get(self.current_state.get("profile", ""), {})


def _options() -> dict[str, Any]:
    """The connection layer's options, as pydantic wants fields."""
    hints = get_type_hints(Config)
    found: dict[str, Any] = {}
    for option in fields(Config):
        if option.default_factory is not MISSING:
            default = Field(default_factory=option.default_factory)
        else:
            default = Field(default=option.default)
        found[option.name] = (hints[option.name], default)
    return found


if TYPE_CHECKING:
    _Options = BaseSettings
else:
    _Options = create_model("_Options", __base__=BaseSettings, **_options())


class Settings(_Options):
    """Everything that the process can be told; see :func:`load_settings`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        env_parse_none_str="none",
        extra="forbid",
        frozen=True,
    )

    profile: Profile = "development"
    """A set of defaults for a kind of place."""
    host: str = "127.0.0.1"
    """Address to listen at."""
    port: int = Field(default=8000, ge=0, le=65535)
    """TCP port to listen at; 0 lets the system choose."""
    tls_cert: Path | None = None
    """PEM file with the server's certificate and what it is signed by; ``None`` for no TLS."""
    tls_key: Path | None = None
    """PEM file with the certificate's key; ``None`` if it is in the same file."""
    engine: str = "memory"
    """Where streams and sessions live: ``memory``, or the URL of a Redis or Valkey, which several
    processes and machines may share."""
    engine_wait: float = Field(default=0.0, ge=0)
    """Seconds that a call waits for a Redis that is away, before it fails."""
    workers: int = Field(default=1, ge=1, le=1024)
    """Processes that serve the same port, each a node of its own; above 1 with a shared engine."""
    secret: SecretStr | None = None
    """What tokens and session ids are signed with, at least 32 characters."""
    secret_file: Path | None = None
    """File that holds the secret, instead."""
    jwks_url: str | None = None
    """Where a login server publishes its keys (https); its tokens are accepted beside those that
    are signed with the secret."""
    public_key_file: Path | None = None
    """File with a login server's public key (PEM, JWK or JWKS), for the same."""
    audience: Annotated[tuple[str, ...], NoDecode] = ()
    """What a token's ``aud`` must contain one of, separated by commas."""
    issuer: str | None = None
    """What a token's ``iss`` must be."""
    leeway: float = Field(default=0.0, ge=0)
    """Seconds that the clock of whoever issues tokens may be off."""
    api_key: SecretStr | None = None
    """Key of the server API; without one it is off."""
    rollout_percentage: float = Field(default=100.0, ge=0, le=100)
    """Share of the players with ``dual_connections``, where no rollout file says otherwise."""
    rollout_file: Path | None = None
    """JSON file that says who has ``dual_connections``; read again whenever it changes."""
    allowed_origins: Annotated[tuple[str, ...], NoDecode] = ()
    """Origins of web pages that may connect beside the server's own, separated by commas."""
    world: Path | None = None
    """World file of the demo game; ``None`` for Arkham."""
    accounts: Path | None = None
    """File in which the demo game keeps its accounts; ``None`` keeps them in memory."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """The least that is logged: ``debug``, ``info``, ``warning`` or ``error``."""
    log_format: Literal["json", "console"] = "console"
    """``json`` for machines, ``console`` for people."""
    access_log: bool = False
    """Whether every request is logged, secrets in its address left out."""
    shutdown_timeout: float = Field(default=5.0, gt=0)
    """Seconds that requests have to finish when the server stops."""

    @field_validator("allowed_origins", "audience", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        *_: PydanticBaseSettingsSource,
        **__: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, _ProfileDefaults(settings_cls)

    @property
    def makes_a_secret(self) -> bool:
        """Whether a secret that nobody gave is made: not where others rely on it."""
        return self.profile not in ("staging", "production")

    def config(self) -> Config:
        """The connection layer's part."""
        return Config(**{option.name: getattr(self, option.name) for option in fields(Config)})


def variables() -> list[str]:
    """Every environment variable that is read."""
    names = []
    for name, field in Settings.model_fields.items():
        if is_dataclass(field.annotation):
            names += [f"{PREFIX}{name}__{option.name}" for option in fields(field.annotation)]
        else:
            names.append(PREFIX + name)
    return sorted(name.upper() for name in names)


def unknown_variables(environ: Mapping[str, str] | None = None) -> list[str]:
    """Variables with our prefix that nobody reads: most likely a slip of the pen."""
    known = {name.upper() for name in variables()}
    known |= {PREFIX + name.upper() for name in Settings.model_fields} | CLIENT_VARIABLES
    given = os.environ if environ is None else environ
    return sorted(name for name in given if name.startswith(PREFIX) and name not in known)


def load_settings(**given: Any) -> Settings:
    """The settings of this process.

    Args:
        given: what the command line says; ``None`` for what it does not.

    Raises:
        ConfigurationError: a value cannot work; the text is one line and names the variable.
    """
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        raise _one_line(error) from None
    except SettingsError as error:
        raise ConfigurationError(
            "environment", f"values that can be read ({PREFIX}GROUP__OPTION=value)", str(error)
        ) from None
    except ConfigurationError as error:
        raise ConfigurationError(_variable(error.setting), error.expected, error.got) from None


def _one_line(error: ValidationError) -> ConfigurationError:
    first = error.errors(include_url=False)[0]
    place = [str(part) for part in first["loc"]]
    name = PREFIX + "__".join(place).upper()
    hidden = name.endswith(("SECRET", "KEY", "ENGINE"))
    got = "a value that is not shown" if hidden else first.get("input")
    if first["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
        return ConfigurationError(name, "no such variable", got)
    return ConfigurationError(name, first["msg"].replace("Input should be ", ""), got)


def _variable(option: str) -> str:
    """The variable of an option that only its group knows by name."""
    ending = option.upper()
    found = [name for name in variables() if name.endswith(f"__{ending}")]
    return found[0] if len(found) == 1 else option

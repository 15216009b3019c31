"""Who a feature is on for, while it is rolled out: a pure decision over what an operator said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Literal, TypeAlias

from ..exceptions import ConfigurationError
from ..types import JSONObject

__all__ = ["Reason", "Rollout", "bucket", "parse_rollout"]

Reason: TypeAlias = Literal["killed", "denied", "allowed", "percentage"]

STEPS = 10_000
"""A percentage is as fine as 0.01."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """What an operator said of one feature."""

    enabled: bool = True
    """The kill switch: false turns it off for everybody, whatever else is said."""
    percentage: float = 100.0
    """The share of all players who have it, 0 to 100, in steps of 0.01."""
    allow: frozenset[str] = frozenset()
    """Players who have it whatever the percentage is."""
    deny: frozenset[str] = frozenset()
    """Players who do not have it whatever the percentage is, or ``allow``."""

    def __post_init__(self) -> None:
        if not 0 <= self.percentage <= 100:
            raise ConfigurationError("percentage", "0 to 100", self.percentage)

    def decide(self, player_id: str) -> tuple[bool, Reason]:
        """Whether a player has the feature, and why.

        The same player gets the same answer everywhere, and keeps it when the percentage grows.
        """
        if not self.enabled:
            return False, "killed"
        if player_id in self.deny:
            return False, "denied"
        if player_id in self.allow:
            return True, "allowed"
        return bucket(player_id) < self.percentage, "percentage"

    def fields(self) -> JSONObject:
        """The same as :func:`parse_rollout` reads it."""
        return {
            "enabled": self.enabled,
            "percentage": self.percentage,
            "allow": sorted(self.allow),
            "deny": sorted(self.deny),
        }


def bucket(player_id: str) -> float:
    """Where a player stands between 0 and 100; evenly spread, and always the same.

    The first 32 bits of SHA-256, taken modulo 10,000: no bucket is favoured by more than 0.0003 %.
    """
    number = int.from_bytes(sha256(player_id.encode()).digest()[:4], "big")
    return number % STEPS / 100.0


def parse_rollout(value: object, before: Rollout | None = None) -> Rollout:
    """Read a rollout from JSON.

    Args:
        value: an object with any of ``enabled``, ``percentage``, ``allow``, ``deny``.
        before: what holds for keys that are not there; ``None`` for the defaults.

    Raises:
        ConfigurationError: a value cannot be used, or a key is unknown; the text names it.
    """
    if not isinstance(value, Mapping):
        raise ConfigurationError("rollout", "an object", type(value).__name__)
    known: dict[str, Any] = {}
    for key, given in value.items():
        if key == "enabled":
            if not isinstance(given, bool):
                raise ConfigurationError("enabled", "true or false", given)
            known[key] = given
        elif key == "percentage":
            if isinstance(given, bool) or not isinstance(given, (int, float)):
                raise ConfigurationError("percentage", "a number from 0 to 100", given)
            known[key] = float(given)
        elif key in ("allow", "deny"):
            known[key] = _players(key, given)
        else:
            raise ConfigurationError(str(key)[:40], "enabled, percentage, allow or deny", "it")
    return replace(before or Rollout(), **known)


def _players(key: str, given: object) -> frozenset[str]:
    if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
        raise ConfigurationError(key, "a list of player ids", given)
    return frozenset(given)

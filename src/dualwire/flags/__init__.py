"""Feature flags through OpenFeature: a provider of the operator's own, or a rollout in a file."""

from .openfeature import OpenFeatureFlags
from .port import DUAL_CONNECTIONS, Flags
from .rollout import RolloutFlags

__all__ = ["DUAL_CONNECTIONS", "Flags", "OpenFeatureFlags", "RolloutFlags"]

"""Flags from whatever provider OpenFeature was given: flagd, LaunchDarkly, Unleash, one of one's
own."""

from __future__ import annotations

import structlog
from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.evaluation_context import EvaluationContext

from .port import Flags

__all__ = ["OpenFeatureFlags"]

log = structlog.get_logger("dualwire")


class OpenFeatureFlags(Flags):
    """Asks OpenFeature, with the player's id as targeting key.

    ::

        from openfeature import api

        api.set_provider(FlagdProvider())
        manager = ConnectionManager(flags=OpenFeatureFlags())

    A provider that asks over the network at each evaluation would hold up the event loop: use one
    that keeps flags in the process, as most do.

    Args:
        client: which one; ``None`` for the one of OpenFeature's default provider.
    """

    def __init__(self, client: OpenFeatureClient | None = None) -> None:
        self._client = client or api.get_client("dualwire")
        self._complained = False

    def is_on(self, flag: str, player_id: str, *, otherwise: bool) -> bool:
        context = EvaluationContext(targeting_key=player_id)
        # OpenFeature itself answers with the default where its provider fails.
        details = self._client.get_boolean_details(flag, otherwise, context)
        if details.error_code is not None and not self._complained:
            self._complained = True
            log.warning(
                "flag_not_evaluated", flag=flag, error=str(details.error_code),
                details=details.error_message, otherwise=otherwise,
            )  # fmt: skip
        elif details.error_code is None:
            self._complained = False
        return bool(details.value)

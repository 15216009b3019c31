"""A rollout that the operator changes while the process runs: in a file, or by the server API."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

import structlog
from openfeature import api
from openfeature.evaluation_context import EvaluationContext
from openfeature.flag_evaluation import FlagResolutionDetails
from openfeature.flag_evaluation import Reason as Because
from openfeature.provider.in_memory_provider import InMemoryFlag, InMemoryProvider

from ..core.rollout import Rollout, parse_rollout
from ..exceptions import ConfigurationError
from .openfeature import OpenFeatureFlags
from .port import DUAL_CONNECTIONS

__all__ = ["RolloutFlags"]

log = structlog.get_logger("dualwire")

_BECAUSE = {
    "killed": Because.DISABLED,
    "denied": Because.TARGETING_MATCH,
    "allowed": Because.TARGETING_MATCH,
    "percentage": Because.SPLIT,
}


class RolloutFlags(OpenFeatureFlags):
    """``dual_connections`` as a :class:`~dualwire.core.rollout.Rollout` says, in OpenFeature's
    in-memory provider.

    Args:
        rollout: what holds where no file says otherwise.
        path: a JSON file with any of ``enabled``, ``percentage``, ``allow``, ``deny``. It is read
            again as soon as it changes, and may come later; what cannot be read changes nothing,
            and is logged. Several nodes may share it. ``None`` for none.

    Raises:
        ConfigurationError: the file is there, and cannot be used.
    """

    def __init__(self, rollout: Rollout | None = None, path: Path | None = None) -> None:
        self._default = self._rollout = rollout or Rollout()
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        flag = InMemoryFlag("on", {"on": True, "off": False}, context_evaluator=self._evaluate)
        domain = f"dualwire-{secrets.token_hex(4)}"
        api.set_provider(InMemoryProvider({DUAL_CONNECTIONS: flag}), domain)
        super().__init__(api.get_client(domain))
        self._read(quiet=False)

    @property
    def rollout(self) -> Rollout:
        """What holds now."""
        self._read()
        return self._rollout

    @rollout.setter
    def rollout(self, rollout: Rollout) -> None:
        """Let something else hold from now on; it is written to the file, if there is one.

        Raises:
            OSError: it cannot be written; nothing changed.
        """
        if self._path is not None:
            beside = self._path.with_name(f"{self._path.name}.{secrets.token_hex(4)}")
            beside.write_text(json.dumps(rollout.fields(), indent=2) + "\n", "utf-8")
            os.replace(beside, self._path)
            self._seen = self._stamp()
        self._rollout = rollout

    def is_on(self, flag: str, player_id: str, *, otherwise: bool) -> bool:
        self._read()
        return super().is_on(flag, player_id, otherwise=otherwise)

    def _evaluate(
        self, flag: InMemoryFlag[bool], context: EvaluationContext
    ) -> FlagResolutionDetails[bool]:
        on, reason = self._rollout.decide(context.targeting_key or "")
        variant = "on" if on else "off"
        return FlagResolutionDetails(
            value=flag.variants[variant], variant=variant, reason=_BECAUSE[reason]
        )

    def _read(self, *, quiet: bool = True) -> None:
        """Read the file if it is another one than before: one look at its time and size."""
        if self._path is None or (stamp := self._stamp()) == self._seen:
            return
        self._seen = stamp
        if stamp is None:
            self._rollout = self._default
            return
        try:
            value = json.loads(self._path.read_text("utf-8"))
            self._rollout = parse_rollout(value, self._default)
        except (OSError, ValueError, ConfigurationError) as error:
            if not quiet:
                raise ConfigurationError(
                    "rollout_file", "a JSON object that can be used", f"{self._path}: {error}"
                ) from None
            log.error("rollout_unreadable", path=str(self._path), error=str(error))

    def _stamp(self) -> tuple[int, int, int] | None:
        assert self._path is not None
        try:
            stat = self._path.stat()
        except OSError:
            return None
        return stat.st_mtime_ns, stat.st_size, stat.st_ino

"""The port of feature flags; ``check_flags`` in :mod:`dualwire.testing` is its conformance
suite."""

from __future__ import annotations

from abc import ABC, abstractmethod

__all__ = ["DUAL_CONNECTIONS", "Flags"]

DUAL_CONNECTIONS = "dual_connections"
"""The flag that is on for players whose connections of one type stand beside each other."""


class Flags(ABC):
    """Which features are on for whom, as an operator says while the process runs.

    Called by the node at each opening of a connection, and about once a second for players with
    several connections of one type; from the event loop, so it never waits: whoever gets flags from
    elsewhere does that beside.
    """

    @abstractmethod
    def is_on(self, flag: str, player_id: str, *, otherwise: bool) -> bool:
        """Whether a feature is on for a player.

        The same question has the same answer until the operator changes something. What cannot be
        answered (an unknown flag, a provider that fails) is answered with ``otherwise``; nothing is
        raised.
        """

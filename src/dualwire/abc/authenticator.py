"""The port of proof: who a token belongs to."""

from __future__ import annotations

from abc import ABC, abstractmethod

from ..types import Identity

__all__ = ["Authenticator"]


class Authenticator(ABC):
    """Who a token belongs to.

    Called once for every request and every opening connection, before anything else is looked at.
    """

    @property
    def waits(self) -> bool:
        """Whether :meth:`authenticate` may wait for something (a network, a file, a thread). One
        that never does says ``waits = False``, in the class that has the method: it is asked
        without a task and a deadline of its own."""
        return True

    @abstractmethod
    async def authenticate(self, token: str) -> Identity:
        """Verify a token.

        Raises:
            AuthenticationError: the token proves nothing (any more). The message names the reason
                and never the token.
            EngineError: that cannot be found out now; the peer may try again.
        """

"""Proofs that turn out worthless, counted by address.

Who brings a valid token or ticket is never counted here, so a whole school behind one router comes
back at once after an outage. Who brings none at all costs nothing, and neither does a token that
was valid once.
"""

from __future__ import annotations

import math

import structlog
from starlette.requests import HTTPConnection

from ..codes import UNAUTHORIZED
from ..exceptions import CapacityError, RefusedError
from ..runtime.node import Node
from ..types import Credentials
from .addresses import Addresses
from .attempts import Attempts, Limit

__all__ = ["Proofs"]

log = structlog.get_logger("dualwire")

ATTACK = 10
"""So many times the limit is no mistake of a client any more."""


class Proofs:
    """Keeps an eye on those whose proofs are worth nothing.

    Args:
        node: its settings say how many are too many, its figures tell of them.
    """

    def __init__(self, node: Node) -> None:
        rates = node.config.rates
        self._node = node
        self._attempts = Attempts(node.engine, node.clock)
        self._addresses = Addresses(rates)
        most = rates.failures
        self._limit = Limit("failure", math.ceil(most), 60.0) if most is not None else None
        self._attack = Limit("attack", math.ceil(most) * ATTACK, 60.0) if most is not None else None

    def check(self, connection: HTTPConnection) -> str | None:
        """The address that a request counts against, before its proof is looked at.

        Returns:
            ``None`` for one that is not limited by its address.

        Raises:
            CapacityError: too many came from there, so that nothing more is looked at for now.
        """
        address = self._addresses.of(connection)
        if address is not None and self._attack is not None:
            wait = self._attempts.wait(self._attack, address)
            if wait > 0.0:
                raise self._refusal(wait)
        return address

    async def failed(
        self, address: str | None, credentials: Credentials, refusal: RefusedError
    ) -> RefusedError:
        """A request was refused; what to refuse it with."""
        counts = refusal.code is UNAUTHORIZED and (credentials.token or credentials.ticket)
        if address is None or not counts or self._limit is None or self._attack is None:
            return refusal
        if await self._attempts.take(self._attack, address) > 0.0:
            log.warning("address_blocked", address=address)
        wait = await self._attempts.take(self._limit, address)
        return refusal if wait <= 0.0 else self._refusal(wait)

    def _refusal(self, wait: float) -> CapacityError:
        self._node.stats.rate_limited["failure", "refused"] += 1
        return CapacityError(
            "too many attempts without a valid token came from this address; "
            f"try again in {math.ceil(wait)} s",
            retry_after=float(math.ceil(wait)),
        )

"""The JWT authenticator keeps the contract of its port."""

from __future__ import annotations

import pytest

from dualwire.http import JWTAuthenticator
from dualwire.testing import AuthenticatorSubject, ManualClock, authenticator_cases
from tests.game import SECRET


async def subject() -> AuthenticatorSubject:
    clock = ManualClock()
    authenticator = JWTAuthenticator(SECRET, clock=clock)
    other = JWTAuthenticator("another secret, as long as it has to be", clock=clock)
    expired = authenticator.issue("ann", lifetime=1.0)
    valid = {authenticator.issue(player, lifetime=1000.0): player for player in ("ann", "bob")}
    clock.shift(10.0)
    return AuthenticatorSubject(
        authenticator=authenticator,
        valid=valid,
        invalid=[expired, other.issue("ann"), next(iter(valid))[:-2]],
    )


@pytest.mark.parametrize("name", authenticator_cases())
async def test_jwt(name: str) -> None:
    await authenticator_cases()[name](subject)

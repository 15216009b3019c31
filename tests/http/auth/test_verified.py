"""Tokens that were verified before: not verified twice, and worth no more than the first time."""

from __future__ import annotations

import jwt
import pytest

from dualwire import AuthenticationError, Identity
from dualwire.codes import TOKEN_EXPIRED
from dualwire.http import JWKS, JWTAuthenticator
from dualwire.http.auth.verified import Known, VerifiedTokens
from dualwire.testing import ManualClock

SECRET = "a-secret-for-tests-of-at-least-32-bytes"


async def test_a_token_is_verified_once(monkeypatch: pytest.MonkeyPatch) -> None:
    auth = JWTAuthenticator(SECRET)
    token = auth.issue("ann", name="Ann")
    decoded = []
    original = jwt.decode

    def counting(given: str, *args: object, **kwargs: object) -> object:
        decoded.append(given)
        return original(given, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(jwt, "decode", counting)
    first = await auth.authenticate(token)
    assert await auth.authenticate(token) is first
    assert first.name == "Ann"
    assert decoded == [token]
    with pytest.raises(AuthenticationError):
        await auth.authenticate(token[:-2] + ("AA" if token[-2:] != "AA" else "BB"))


async def test_it_expires_all_the_same() -> None:
    clock = ManualClock()
    auth = JWTAuthenticator(SECRET, clock=clock, leeway=5.0)
    token = auth.issue("ann", lifetime=10.0)
    await auth.authenticate(token)
    clock.shift(14.0)
    await auth.authenticate(token)
    clock.shift(1.0)
    with pytest.raises(AuthenticationError) as caught:
        await auth.authenticate(token)
    assert caught.value.code is TOKEN_EXPIRED


async def test_a_clock_that_goes_back_finds_it_not_valid_yet() -> None:
    clock = ManualClock()
    auth = JWTAuthenticator(SECRET, clock=clock)
    now = clock.wall()
    claims = {"sub": "ann", "exp": now + 100, "nbf": now}
    token = jwt.encode(claims, SECRET, algorithm="HS256")
    await auth.authenticate(token)
    clock.shift(-1.0)
    with pytest.raises(AuthenticationError, match="nbf"):
        await auth.authenticate(token)


async def test_what_is_refused_is_not_remembered() -> None:
    auth = JWTAuthenticator(SECRET)
    other = JWTAuthenticator("another-secret-for-tests-of-32-bytes").issue("ann")
    for _ in range(2):
        with pytest.raises(AuthenticationError):
            await auth.authenticate(other)
    assert auth._remembered is not None
    assert len(auth._remembered) == 0


def test_the_oldest_is_forgotten() -> None:
    known = Known(Identity(player_id="ann"), 0.0, None)
    tokens = VerifiedTokens(2)
    for token in ("a", "b", "c"):
        tokens.keep(token, known)
    assert [tokens.find(token) is known for token in "abc"] == [False, True, True]
    assert tokens.find("\udcff") is None


def test_only_keys_that_are_fetched_are_waited_for() -> None:
    assert not JWTAuthenticator(SECRET).waits
    assert JWTAuthenticator(JWKS("https://login.example/jwks.json")).waits
    assert JWTAuthenticator(JWKS("https://login.example/jwks.json"))._remembered is None

from __future__ import annotations

import base64
import json
from typing import Any

import jwt
import pytest

from dualwire import AuthenticationError, ConfigurationError
from dualwire.codes import TOKEN_EXPIRED, UNAUTHORIZED
from dualwire.http import JWTAuthenticator
from dualwire.testing import ManualClock
from tests.http.site import SECRET


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def signed(
    clock: ManualClock, secret: str = SECRET, algorithm: str = "HS256", **claims: Any
) -> str:
    full = {"sub": "ann", "exp": clock.wall() + 60} | claims
    full = {name: value for name, value in full.items() if value is not None}
    return jwt.encode(full, secret, algorithm=algorithm)


async def refusal(auth: JWTAuthenticator, token: str) -> AuthenticationError:
    with pytest.raises(AuthenticationError) as caught:
        await auth.authenticate(token)
    error = caught.value
    assert error.__cause__ is None
    for part in (part for part in token.split(".") if len(part) > 3):
        assert part not in str(error)
    return error


async def test_what_is_issued_is_believed(clock: ManualClock) -> None:
    auth = JWTAuthenticator(SECRET, clock=clock, audience="game", issuer="login")
    identity = await auth.authenticate(auth.issue("ann", name="Ann", lifetime=60.0))
    assert (identity.player_id, identity.name) == ("ann", "Ann")
    assert identity.expires_at == clock.wall() + 60
    assert identity.token_id
    other = await auth.authenticate(auth.issue("ann"))
    assert other.name is None
    assert other.token_id != identity.token_id
    assert other.expires_at == clock.wall() + 3600


async def test_expiry_is_by_our_clock(clock: ManualClock) -> None:
    auth = JWTAuthenticator(SECRET, clock=clock)
    token = auth.issue("ann", lifetime=60.0)
    clock.shift(59.9)
    await auth.authenticate(token)
    clock.shift(0.1)
    assert (await refusal(auth, token)).code is TOKEN_EXPIRED


async def test_leeway_extends_the_beginning_and_the_end(clock: ManualClock) -> None:
    auth = JWTAuthenticator(SECRET, clock=clock, leeway=5.0)
    identity = await auth.authenticate(signed(clock, nbf=clock.wall() + 4))
    assert identity.expires_at == clock.wall() + 65
    await refusal(auth, signed(clock, nbf=clock.wall() + 6))


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": None},
        {"exp": "soon"},
        {"exp": True},
        {"exp": float("nan")},
        {"sub": None},
        {"sub": ""},
        {"nbf": "later"},
    ],
    ids=str,
)
async def test_claims_that_prove_nothing(clock: ManualClock, claims: dict[str, Any]) -> None:
    auth = JWTAuthenticator(SECRET, clock=clock)
    assert (await refusal(auth, signed(clock, **claims))).code is UNAUTHORIZED


async def test_a_subject_is_text(clock: ManualClock) -> None:
    head, _, signature = signed(clock).split(".")
    body = base64.urlsafe_b64encode(json.dumps({"sub": 7}).encode()).rstrip(b"=").decode()
    await refusal(JWTAuthenticator(SECRET, clock=clock), f"{head}.{body}.{signature}")
    # PyJWT does not sign such a token, so the library's own writer of signatures does.
    forged = jwt.PyJWS().encode(json.dumps({"sub": 7, "exp": 1e12}).encode(), SECRET)
    await refusal(JWTAuthenticator(SECRET, clock=clock), forged)


async def test_forged_tokens(clock: ManualClock) -> None:
    auth = JWTAuthenticator(SECRET, clock=clock)
    unsigned = jwt.encode({"sub": "ann", "exp": clock.wall() + 60}, "", algorithm="none")
    for token in (
        unsigned,
        signed(clock, secret="another-secret-of-at-least-32-bytes!"),
        signed(clock, secret=SECRET * 2, algorithm="HS512"),
        signed(clock, algorithm="HS512", secret=SECRET * 2)[:-4] + "AAAA",
        "rubbish",
        "a.b.c",
        "é.ü.ß",
        "",
    ):
        assert (await refusal(auth, token)).code is UNAUTHORIZED


async def test_audience_and_issuer_must_match(clock: ManualClock) -> None:
    auth = JWTAuthenticator(SECRET, clock=clock, audience=["game", "chat"], issuer="login")
    await auth.authenticate(signed(clock, aud="chat", iss="login"))
    await auth.authenticate(auth.issue("ann"))
    for claims in ({}, {"aud": "x", "iss": "login"}, {"aud": "game"}, {"aud": "game", "iss": "x"}):
        await refusal(auth, signed(clock, **claims))


async def test_a_token_with_an_audience_serves_where_none_is_asked_for(clock: ManualClock) -> None:
    auth = JWTAuthenticator(SECRET, clock=clock)
    assert (await auth.authenticate(signed(clock, aud=["any"]))).player_id == "ann"


def test_a_short_secret_is_refused_and_not_shown() -> None:
    with pytest.raises(ConfigurationError, match="at least 32 bytes, got '31 bytes'") as caught:
        JWTAuthenticator("s" * 31)
    assert "sss" not in str(caught.value)
    JWTAuthenticator("ä" * 16)


@pytest.mark.parametrize("algorithms", [(), ("none",), ("HS256", "RS256")])
def test_only_algorithms_that_use_the_secret(algorithms: tuple[str, ...]) -> None:
    with pytest.raises(ConfigurationError, match="some of HS256"):
        JWTAuthenticator(SECRET, algorithms=algorithms)

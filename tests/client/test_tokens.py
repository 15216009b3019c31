"""Where the next token comes from."""

from __future__ import annotations

import pytest

from dualwire.client.tokens import NoTokenError, Tokens, expires_at
from dualwire.http import JWTAuthenticator
from dualwire.testing import ManualClock


async def test_one_that_was_given_is_the_only_one() -> None:
    tokens = Tokens("a")
    assert not tokens.renewable
    assert await tokens.current() == "a"
    assert not tokens.refused("a")
    assert await tokens.current() == "a"


async def test_a_function_is_asked_when_need_be() -> None:
    fresh = iter("abcdef")
    tokens = Tokens(lambda: next(fresh))
    assert [await tokens.current(), await tokens.current()] == ["a", "a"]
    # Both connections were refused with the same one.
    assert tokens.refused("a")
    assert tokens.refused("a")
    assert await tokens.current() == "b"
    tokens.accepted()
    assert await tokens.renew() == "c"
    assert await tokens.current() == "c"


async def test_not_for_ever() -> None:
    fresh = iter("abcdef")

    async def token() -> str:
        return next(fresh)

    tokens = Tokens(token)
    assert [tokens.refused(await tokens.current()) for _ in range(3)] == [True, True, False]


async def test_a_function_that_fails() -> None:
    def token() -> str:
        raise OSError("away")

    with pytest.raises(NoTokenError, match=r"no fresh token: OSError\('away'\)"):
        await Tokens(token).current()


def test_when_one_expires() -> None:
    auth = JWTAuthenticator("x" * 32, clock=ManualClock(wall=1000.0))
    assert expires_at(auth.issue("amy", lifetime=60.0)) == 1060.0
    assert expires_at("no JSON Web Token") is None

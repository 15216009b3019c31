"""The conformance suite of :class:`dualwire.abc.Authenticator`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from ..abc import Authenticator
from ..exceptions import AuthenticationError
from .suite import Suite, expect

__all__ = [
    "AuthenticatorFactory",
    "AuthenticatorSubject",
    "authenticator_cases",
    "check_authenticator",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthenticatorSubject:
    """An authenticator with tokens that it must take and refuse."""

    authenticator: Authenticator
    valid: Mapping[str, str]
    """Tokens that prove something, with the player that each belongs to."""
    invalid: Collection[str] = ()
    """Tokens that prove nothing: expired, revoked, signed with another key."""


AuthenticatorFactory: TypeAlias = Callable[[], Awaitable[AuthenticatorSubject]]

GARBAGE = ("", " ", "x", "a.b.c", "null", "\x00", "ü" * 10, "x" * 100_000, "..", "e30.e30.")
"""What anybody may send; the last is a token of two empty JSON objects without signature."""

_suite: Suite[AuthenticatorFactory] = Suite("Authenticator")


def _case(body: Callable[[AuthenticatorFactory], Awaitable[None]]) -> None:
    _suite.add(body.__name__, body)


@_case
async def a_valid_token_says_who(make: AuthenticatorFactory) -> None:
    """``authenticate`` returns the identity, each time."""
    subject = await make()
    for token, player_id in subject.valid.items():
        for _ in range(2):
            identity = await subject.authenticator.authenticate(token)
            expect("player_id", identity.player_id, player_id)


@_case
async def an_invalid_token_is_refused(make: AuthenticatorFactory) -> None:
    """``AuthenticationError``, whose text names a reason and never the token."""
    subject = await make()
    for token in subject.invalid:
        await _refused(subject.authenticator, token)


@_case
async def garbage_is_refused(make: AuthenticatorFactory) -> None:
    """Whatever is sent, the answer is ``AuthenticationError`` and no other error."""
    subject = await make()
    for token in GARBAGE:
        await _refused(subject.authenticator, token)


@_case
async def a_meddled_token_is_refused(make: AuthenticatorFactory) -> None:
    """A valid token with something cut off or added is worth nothing."""
    subject = await make()
    for token in subject.valid:
        for meddled in (token[:-4], token[4:], token + "AAAA", token.swapcase()):
            await _refused(subject.authenticator, meddled)


async def _refused(authenticator: Authenticator, token: str) -> None:
    try:
        identity = await authenticator.authenticate(token)
    except AuthenticationError as error:
        expect("the text gives a reason", bool(str(error)), True)
        if len(token) > 3:
            expect("the text holds the token", token in str(error), False)
        return
    raise AssertionError(f"expected AuthenticationError for {token[:40]!r}, got {identity!r}")


def authenticator_cases() -> Mapping[str, Callable[[AuthenticatorFactory], Awaitable[None]]]:
    """The cases by name, so that a test runner can show one line for each."""
    return _suite.cases


async def check_authenticator(factory: AuthenticatorFactory) -> None:
    """Run all cases of :func:`authenticator_cases`.

    Raises:
        AssertionError: the authenticator breaks the contract; the text names the case.
    """
    await _suite.check(factory)

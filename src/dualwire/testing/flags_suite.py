"""The conformance suite of :class:`dualwire.flags.Flags`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from ..flags import Flags
from .suite import Suite, expect

__all__ = ["FlagsFactory", "FlagsSubject", "check_flags", "flags_cases"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagsSubject:
    """Flags, with players for whom one of them is on and off."""

    flags: Flags
    flag: str
    on: str
    """A player for whom it is on."""
    off: str
    """A player for whom it is off."""
    turn_off: Callable[[], None]
    """What the operator does to turn it off for everybody."""


FlagsFactory: TypeAlias = Callable[[], Awaitable[FlagsSubject]]

_suite: Suite[FlagsFactory] = Suite("Flags")


def _case(body: Callable[[FlagsFactory], Awaitable[None]]) -> None:
    _suite.add(body.__name__, body)


@_case
async def each_player_has_an_answer_and_keeps_it(make: FlagsFactory) -> None:
    """The same question has the same answer, whatever the other answer would be."""
    subject = await make()
    for otherwise in (True, False, True):
        for player_id, expected in ((subject.on, True), (subject.off, False)):
            got = subject.flags.is_on(subject.flag, player_id, otherwise=otherwise)
            expect(f"{subject.flag} for {player_id}", got, expected)


@_case
async def an_unknown_flag_is_answered_as_said(make: FlagsFactory) -> None:
    """``otherwise``, and no exception."""
    subject = await make()
    for otherwise in (True, False):
        got = subject.flags.is_on("no-such-flag", subject.on, otherwise=otherwise)
        expect("unknown flag", got, otherwise)


@_case
async def any_player_id_can_be_asked_for(make: FlagsFactory) -> None:
    """Nothing is raised, whatever an application's ids look like."""
    subject = await make()
    for player_id in ("", " ", "ü" * 100, "\x00", "x" * 10_000, "{}", "../etc"):
        got = subject.flags.is_on(subject.flag, player_id, otherwise=True)
        expect(f"a truth for {player_id[:20]!r}", isinstance(got, bool), True)


@_case
async def the_operator_is_heard_at_once(make: FlagsFactory) -> None:
    """What was turned off is off with the next question, without a restart."""
    subject = await make()
    subject.turn_off()
    for player_id in (subject.on, subject.off):
        got = subject.flags.is_on(subject.flag, player_id, otherwise=True)
        expect(f"{subject.flag} for {player_id}, turned off", got, False)


def flags_cases() -> Mapping[str, Callable[[FlagsFactory], Awaitable[None]]]:
    """The cases by name, so that a test runner can show one line for each."""
    return _suite.cases


async def check_flags(factory: FlagsFactory) -> None:
    """Run all cases of :func:`flags_cases`.

    Raises:
        AssertionError: the flags break the contract; the text names the case.
    """
    await _suite.check(factory)

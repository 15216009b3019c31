"""The conformance suites find what breaks a contract."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from dualwire.abc import Authenticator, Clock, Engine, Published
from dualwire.clock import SystemClock
from dualwire.core.session import Claim
from dualwire.engines.memory import MemoryEngine
from dualwire.exceptions import AuthenticationError
from dualwire.testing import (
    AuthenticatorSubject,
    ManualClock,
    authenticator_cases,
    check_authenticator,
    check_clock,
    check_engine,
    clock_cases,
)
from dualwire.types import Event, EventTypes, Identity


def manual() -> tuple[Clock, Callable[[float], Awaitable[None]]]:
    clock = ManualClock()
    return clock, clock.advance


def system() -> tuple[Clock, Callable[[float], Awaitable[None]]]:
    return SystemClock(), asyncio.sleep


@pytest.mark.parametrize("make", [manual, system])
@pytest.mark.parametrize("name", clock_cases())
async def test_clocks(name: str, make: Callable[[], tuple[Clock, object]]) -> None:
    await clock_cases()[name](make)  # type: ignore[arg-type]


class Wakeful(ManualClock):
    async def sleep(self, seconds: float) -> None:
        pass


async def test_a_clock_that_does_not_sleep_is_found() -> None:
    clock = Wakeful()
    with pytest.raises(AssertionError, match="Clock, case sleep_returns_after_its_time: asleep"):
        await check_clock(lambda: (clock, clock.advance))


class Table(Authenticator):
    """Tokens in a table."""

    async def authenticate(self, token: str) -> Identity:
        if token != "Secret-token-1":
            raise AuthenticationError("the token is not in the table")
        return Identity(player_id="eva")


class Talkative(Table):
    async def authenticate(self, token: str) -> Identity:
        try:
            return await super().authenticate(token)
        except AuthenticationError:
            raise AuthenticationError(f"no such token: {token}") from None


async def subject(of: type[Authenticator] = Table) -> AuthenticatorSubject:
    return AuthenticatorSubject(
        authenticator=of(), valid={"Secret-token-1": "eva"}, invalid=["Secret-token-2"]
    )


@pytest.mark.parametrize("name", authenticator_cases())
async def test_authenticator(name: str) -> None:
    await authenticator_cases()[name](subject)


async def test_an_authenticator_that_tells_the_token_is_found() -> None:
    with pytest.raises(AssertionError, match="an_invalid_token_is_refused: the text holds"):
        await check_authenticator(lambda: subject(Talkative))


class Forgetful(MemoryEngine):
    """Stores a repeated publish again."""

    async def publish(
        self, stream: str, event: Event, *, publish_id: str | None = None
    ) -> Published:
        return await super().publish(stream, event)


class Deaf(MemoryEngine):
    """Returns before its sink was called."""

    async def publish(
        self, stream: str, event: Event, *, publish_id: str | None = None
    ) -> Published:
        sink, self._sink = self._sink, lambda *_: None
        try:
            return await super().publish(stream, event, publish_id=publish_id)
        finally:
            self._sink = sink


class Careless(MemoryEngine):
    """Lets a replaced session come back."""

    async def claim(
        self,
        player_id: str,
        session_id: str | None,
        fresh_id: str,
        types: EventTypes | None = None,
    ) -> Claim:
        claim = await super().claim(player_id, session_id, fresh_id, types)
        self._sessions._slots[player_id].retired.clear()
        return claim


class Premature(MemoryEngine):
    """Stores before it finds out that it cannot."""

    async def enter(self, player_id: str, room_id: str) -> bool:
        if self._sink is None:
            stream = f"room:{room_id}"
            self._rooms.enter(player_id, stream, self.log(stream).position)
        return await super().enter(player_id, room_id)


DEFECTS = {
    Forgetful: "a_repeated_publish_id_stores_nothing",
    Deaf: "sink_is_called_before_publish_returns",
    Careless: "a_replaced_session_is_refused_for_a_day",
    Premature: "nothing_is_stored_before_the_start",
}


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.__name__)
async def test_a_broken_engine_is_found(defect: type[MemoryEngine]) -> None:
    @contextlib.asynccontextmanager
    async def fresh() -> AsyncIterator[tuple[Engine, ManualClock]]:
        clock = ManualClock()
        yield defect(clock), clock

    with pytest.raises(AssertionError, match=f"Engine, case {DEFECTS[defect]}: "):
        await check_engine(fresh)

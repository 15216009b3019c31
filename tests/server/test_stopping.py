"""Whose connections are told when the server stops."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

import uvicorn
from fastapi import FastAPI

from dualwire import Config, ConnectionManager
from dualwire.http import JWTAuthenticator, realtime_router
from dualwire.server import managers_of
from dualwire.server.listener import listen
from dualwire.server.stopping import Server
from dualwire.testing import ManualClock
from tests.live import DEADLINE, sse, until

SECRET = "a-secret-for-tests-of-32-or-more-characters"


def test_a_manager_is_found_in_the_applications_state_and_beside_it() -> None:
    app, one, other = FastAPI(), ConnectionManager(), ConnectionManager()
    app.state.connections = one
    assert managers_of(app) == [one]
    assert managers_of(app, [app, other, one, 3]) == [one, other]
    assert managers_of(lambda: None) == []


class _Quiet(Server):
    """Leaves the signals of the test's own process alone."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def test_the_goodbye_waits_for_no_turn_of_housekeeping() -> None:
    clock, announced = ManualClock(), asyncio.Event()  # Time stands still: no turn ever comes.
    manager, auth = ConnectionManager(clock=clock), JWTAuthenticator(SECRET, clock=clock)
    app = FastAPI()
    app.include_router(realtime_router(manager, auth))
    config = uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=2)
    with listen("127.0.0.1", 0, Config()) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        server = _Quiet(config, [manager], announced.set)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        await until(announced.is_set)
        async with sse(address, token=auth.issue("amy")) as stream:
            server.should_exit = True
            await stream.wait_end()
            assert stream.bye is not None
            assert stream.bye["code"] == 1012
        await asyncio.wait_for(serving, DEADLINE)

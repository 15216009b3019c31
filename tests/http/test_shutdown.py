from __future__ import annotations

import signal

import pytest

from dualwire import ConnectionManager
from dualwire.http import JWTAuthenticator
from dualwire.http.shutdown import server_is_exiting, watch_server
from tests.http.site import SECRET, program
from tests.live import sse, ws

PROGRAM = f"""
import uvicorn
from fastapi import FastAPI
from dualwire import ConnectionManager
from dualwire.http import JWTAuthenticator, realtime_router

app = FastAPI()
app.include_router(realtime_router(ConnectionManager(), JWTAuthenticator({SECRET!r})))
uvicorn.run(app, port=0, log_level="info")
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_uvicorn_stops_while_streams_are_open(number: signal.Signals) -> None:
    token = JWTAuthenticator(SECRET).issue("ann")
    async with (
        program(PROGRAM) as server,
        sse(server.address, token=token) as stream,
        ws(server.address, token=token) as socket,
    ):
        server.process.send_signal(number)
        await stream.wait_end()
        assert stream.bye is not None
        assert (stream.bye["code"], stream.bye["reason"]) == (1012, "restart")
        assert stream.bye["reconnect"] is True
        assert await socket.wait_end() == 1012
        text = await server.finish()
    assert "Application shutdown complete" in text
    assert "Traceback" not in text


def test_without_a_server_nothing_exits() -> None:
    assert not server_is_exiting()


def test_what_the_application_set_is_still_asked() -> None:
    manager = ConnectionManager()
    manager.node.stopping = lambda: True
    watch_server(manager)
    assert manager.node.stopping()
    manager = ConnectionManager()
    watch_server(manager)
    assert not manager.node.stopping()


class _Server:
    should_exit = False

    def handle_exit(self, number: int, frame: object) -> None:
        self.should_exit = True


def test_a_bound_signal_handler_tells() -> None:
    server = _Server()
    before = signal.signal(signal.SIGTERM, server.handle_exit)
    try:
        assert not server_is_exiting()
        server.handle_exit(15, None)
        assert server_is_exiting()
    finally:
        signal.signal(signal.SIGTERM, before)

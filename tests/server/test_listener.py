"""The options that accepted sockets inherit."""

from __future__ import annotations

import socket
import sys

import pytest

from dualwire.config import Config, SessionPolicy
from dualwire.server import ListenError
from dualwire.server.listener import listen


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_it_listens(host: str) -> None:
    with listen(host, 0, Config()) as listener:
        address = listener.getsockname()[:2]
        socket.create_connection(address).close()


if sys.platform == "linux":

    def test_accepted_sockets_have_the_options() -> None:
        config = Config(session=SessionPolicy(resume=40.0))
        with listen("127.0.0.1", 0, config) as listener:
            listener.setblocking(True)
            with (
                socket.create_connection(listener.getsockname()),
                listener.accept()[0] as accepted,
            ):
                tcp = socket.IPPROTO_TCP
                assert accepted.getsockopt(tcp, socket.TCP_NODELAY) == 1
                assert accepted.getsockopt(tcp, socket.TCP_USER_TIMEOUT) == 40_000
                assert accepted.getsockopt(tcp, 25) == 16 * 1024
                sending = accepted.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
                assert sending <= 128 * 1024


def test_a_taken_port() -> None:
    with listen("127.0.0.1", 0, Config()) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(ListenError, match=str(port)) as caught:
            listen("127.0.0.1", port, Config())
    assert caught.value.port == port


def test_no_such_host() -> None:
    with pytest.raises(ListenError, match=r"nowhere\.invalid"):
        listen("nowhere.invalid", 0, Config())

"""A transport without a network: the peer does what the test says."""

from __future__ import annotations

import pytest

from dualwire.abc import TransportListener
from dualwire.codes import DRAINING, PEER_GONE, STALE, Code
from dualwire.core.encoding import Frame
from dualwire.testing import FakeTransport


class Listener(TransportListener):
    def __init__(self) -> None:
        self.written = 0
        self.closed: list[Code] = []

    def on_written(self) -> None:
        self.written += 1

    def on_closed(self, code: Code) -> None:
        self.closed.append(code)


def started() -> tuple[FakeTransport, Listener]:
    transport, listener = FakeTransport("sse"), Listener()
    transport.start(listener)
    return transport, listener


def frames(*numbers: int) -> list[Frame]:
    return [Frame(n, f"event {n}") for n in numbers]


def test_a_peer_reads_at_once() -> None:
    transport, listener = started()
    transport.write(frames(1, 2))
    assert transport.texts == ["event 1", "event 2"]
    assert (transport.buffered, transport.written_n, listener.written) == (0, 2, 1)


def test_a_stalled_peer_reads_when_it_is_told_to() -> None:
    transport, _ = started()
    transport.stall()
    transport.write(frames(1, 2, 3))
    assert (transport.texts, transport.buffered) == ([], 21)
    transport.drain(1)
    assert (transport.texts, transport.written_n) == (["event 1"], 1)
    transport.write(frames(4))
    assert transport.buffered == 21, "still stalled"
    transport.drain()
    transport.write(frames(5))
    assert transport.texts == [f"event {n}" for n in range(1, 6)]


def test_a_break_leaves_what_waits_unread() -> None:
    transport, listener = started()
    transport.stall()
    transport.write(frames(1))
    transport.break_(STALE)
    transport.drain()
    transport.write(frames(2))
    assert (transport.texts, transport.buffered) == ([], 7)
    assert (listener.closed, transport.alive, transport.closed_with) == ([STALE], False, None)


def test_a_goodbye_waits_for_a_stalled_peer() -> None:
    transport, listener = started()
    transport.stall()
    transport.write(frames(1))
    transport.close(DRAINING, 2.5)
    assert (listener.closed, transport.closed_with) == ([], None)
    transport.drain()
    assert (transport.texts, listener.closed) == (["event 1"], [DRAINING])
    assert (transport.closed_with, transport.retry_after) == (DRAINING, 2.5)
    transport.abort()
    assert listener.closed == [DRAINING]


def test_aborting() -> None:
    transport, listener = started()
    transport.abort()
    assert listener.closed == [PEER_GONE]


def test_misuse_is_found() -> None:
    transport = FakeTransport()
    with pytest.raises(AssertionError, match="started before"):
        transport.write(frames(1))
    transport.start(Listener())
    with pytest.raises(AssertionError, match="started once"):
        transport.start(Listener())

"""The conformance suite of :class:`dualwire.abc.Transport`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TypeAlias

from ..abc import Transport, TransportListener
from ..codes import DRAINING, OVERTAKEN, Code
from ..core.encoding import Batch, Frame
from ..types import Entry, Event
from .suite import Suite, eventually, expect

__all__ = ["TransportFactory", "TransportPeer", "check_transport", "transport_cases"]

BULK = 64 * 1024
"""Bytes of one frame of those that fill what the network swallows unseen."""

FLOOD = 200
"""Frames of a flood: 12.8 MB, more than the kernel's buffers and the peer's take."""


class TransportPeer(ABC):
    """A transport under test, not started yet, and the peer at its other end."""

    transport: Transport

    @property
    @abstractmethod
    def texts(self) -> Sequence[str]:
        """The payloads of all events that the peer has read, oldest first."""

    @property
    @abstractmethod
    def goodbye(self) -> int | None:
        """Number of the code that the peer was told at the end; ``None`` without a goodbye."""

    @abstractmethod
    def stall(self) -> None:
        """Read no more. Called before anything was written."""

    @abstractmethod
    def drain(self) -> None:
        """Read again."""

    @abstractmethod
    async def leave(self) -> None:
        """Be gone, without goodbye."""


TransportFactory: TypeAlias = Callable[[], AbstractAsyncContextManager[TransportPeer]]


class _Listener(TransportListener):
    def __init__(self) -> None:
        self.written = 0
        self.closed: list[Code] = []
        self.after_closed = 0
        self.waited = 0
        """Bytes that were not written when the transport ended."""
        self.transport: Transport | None = None

    def on_written(self) -> None:
        self.written += 1
        self.after_closed += bool(self.closed)

    def on_closed(self, code: Code) -> None:
        assert self.transport is not None
        self.waited = self.transport.buffered
        expect("alive in on_closed", self.transport.alive, False)
        self.closed.append(code)


class _Rig:
    def __init__(self, peer: TransportPeer) -> None:
        self.peer = peer
        self.transport = peer.transport
        self.listener = _Listener()
        self.listener.transport = self.transport
        self.transport.start(self.listener)
        self.n = 0

    def frames(self, count: int, size: int = 20) -> list[Frame]:
        made = []
        for _ in range(count):
            self.n += 1
            payload = b'{"n":%d,"pad":"%b"}' % (self.n, b"x" * size)
            entry = Entry(self.n, Event(payload=payload), 0.0, 0, n=self.n)
            made.append(self.transport.encoding.event("global", entry))
        return made

    def texts(self, *numbers: int, size: int = 20) -> list[str]:
        return [f'{{"n":{number},"pad":"{"x" * size}"}}' for number in numbers]

    async def flood(self) -> None:
        """Write more than the network swallows to a peer that does not read."""
        self.peer.stall()
        for frame in self.frames(FLOOD, BULK):
            # What is taken over by one call may be handed over as a whole.
            self.transport.write([frame])
        expect("something waits", self.transport.buffered > 0, True)

    async def wait_closed(self) -> None:
        await eventually("on_closed", lambda: self.listener.closed)


_suite: Suite[TransportFactory] = Suite("Transport")


def _case(body: Callable[[_Rig], Awaitable[None]]) -> Callable[[_Rig], Awaitable[None]]:
    async def run(factory: TransportFactory) -> None:
        async with factory() as peer:
            rig = _Rig(peer)
            try:
                await body(rig)
                expect("on_closed calls", len(rig.listener.closed) <= 1, True)
                expect("on_written after on_closed", rig.listener.after_closed, 0)
            finally:
                rig.transport.abort()

    run.__doc__ = body.__doc__
    _suite.add(body.__name__, run)
    return body


@_case
async def frames_arrive_in_order(rig: _Rig) -> None:
    """Frames are written in order after those taken before."""
    for _ in range(10):
        rig.transport.write(rig.frames(3))
    await eventually("30 frames", lambda: len(rig.peer.texts) >= 30)
    expect("texts", list(rig.peer.texts), rig.texts(*range(1, 31)))


@_case
async def what_many_are_given_keeps_its_place(rig: _Rig) -> None:
    """``write_all`` writes as ``write`` does, behind what was taken before."""
    transport = rig.transport
    for _ in range(5):
        transport.write(rig.frames(1))
        transport.write_all([transport], Batch(rig.frames(2)))
    await eventually("15 frames", lambda: len(rig.peer.texts) >= 15)
    expect("texts", list(rig.peer.texts), rig.texts(*range(1, 16)))
    await eventually("all written", lambda: transport.written_n == 15)


@_case
async def many_are_not_delayed_by_one_that_does_not_read(rig: _Rig) -> None:
    """``write_all`` waits for nobody, and tells for whom something may wait."""
    transport = rig.transport
    rig.peer.stall()
    told = [
        list(transport.write_all([transport], Batch(rig.frames(1, BULK)))) for _ in range(FLOOD)
    ]
    expect("something waits", transport.buffered > 0, True)
    expect("told of it", told[-1], [0])
    rig.peer.drain()
    await eventually("all read", lambda: len(rig.peer.texts) == FLOOD)
    expect("in order", list(map(_number, rig.peer.texts)), list(range(1, FLOOD + 1)))
    await eventually("nothing buffered", lambda: transport.buffered == 0)


@_case
async def what_was_handed_over_is_told(rig: _Rig) -> None:
    """``written_n`` is the newest, and nothing is buffered."""
    rig.transport.write(rig.frames(3))
    await eventually("all written", lambda: rig.transport.written_n == 3)
    expect("buffered", rig.transport.buffered, 0)
    expect("alive", rig.transport.alive, True)


@_case
async def a_frame_without_number_leaves_the_number(rig: _Rig) -> None:
    """``written_n`` counts events only."""
    rig.transport.write(rig.frames(1))
    rig.transport.write([rig.transport.encoding.direct(b'{"direct":true}')])
    await eventually("both", lambda: len(rig.peer.texts) == 2)
    expect("written_n", rig.transport.written_n, 1)


@_case
async def a_peer_that_does_not_read_delays_nobody(rig: _Rig) -> None:
    """No method waits: what is not taken is buffered, and written once the peer reads; that is
    told by ``on_written``."""
    await rig.flood()
    before = rig.listener.written
    rig.peer.drain()
    await eventually("all read", lambda: len(rig.peer.texts) == FLOOD)
    await eventually("nothing buffered", lambda: rig.transport.buffered == 0)
    expect("on_written was called", rig.listener.written > before, True)
    expect("written_n", rig.transport.written_n, FLOOD)


@_case
async def discarded_frames_are_not_written(rig: _Rig) -> None:
    """``discard`` gives back the newest frames, in order; what comes after is written."""
    await rig.flood()
    back = rig.transport.discard()
    numbers = [frame.n for frame in back]
    expect("given back", numbers, list(range(FLOOD - len(back) + 1, FLOOD + 1)))
    expect("some were", len(back) > 0, True)
    expect("nothing is left", rig.transport.discard(), [])
    rig.transport.write(rig.frames(1))
    rig.peer.drain()
    kept = FLOOD - len(back)
    await eventually("the rest", lambda: len(rig.peer.texts) >= kept + 1)
    numbers = [*range(1, kept + 1), FLOOD + 1]
    expect("read", [_number(text) for text in rig.peer.texts], numbers)
    await eventually("nothing buffered", lambda: rig.transport.buffered == 0)


@_case
async def closing_writes_what_waits_then_says_why(rig: _Rig) -> None:
    """``close``: the rest, the goodbye with its code, the end."""
    rig.transport.write(rig.frames(5))
    rig.transport.close(DRAINING)
    await rig.wait_closed()
    await eventually("goodbye", lambda: rig.peer.goodbye is not None)
    expect("texts", list(rig.peer.texts), rig.texts(1, 2, 3, 4, 5))
    expect("goodbye", rig.peer.goodbye, DRAINING.number)
    expect("on_closed", rig.listener.closed, [DRAINING])
    expect("alive", rig.transport.alive, False)


@_case
async def closing_twice_is_closing_once(rig: _Rig) -> None:
    """``close`` is idempotent, and the first code counts; nothing is written after it."""
    rig.transport.close(DRAINING)
    rig.transport.close(OVERTAKEN)
    rig.transport.write(rig.frames(1))
    await rig.wait_closed()
    await eventually("goodbye", lambda: rig.peer.goodbye is not None)
    rig.transport.write_all([rig.transport], Batch(rig.frames(1)))
    rig.transport.close(OVERTAKEN)
    rig.transport.abort()
    expect("goodbye", rig.peer.goodbye, DRAINING.number)
    expect("on_closed", rig.listener.closed, [DRAINING])
    expect("texts", list(rig.peer.texts), [])


@_case
async def aborting_ends_at_once(rig: _Rig) -> None:
    """``abort``: no goodbye, ``on_closed`` once, and what was not written still counts."""
    await rig.flood()
    rig.transport.abort()
    rig.transport.abort()
    await rig.wait_closed()
    expect("on_closed calls", len(rig.listener.closed), 1)
    expect("bytes waited", rig.listener.waited > 0, True)
    expect("goodbye", rig.peer.goodbye, None)


@_case
async def a_closing_peer_that_does_not_read_is_aborted(rig: _Rig) -> None:
    """``abort`` after ``close`` ends it; the code is the one that was to be said."""
    await rig.flood()
    rig.transport.close(DRAINING)
    rig.transport.abort()
    await rig.wait_closed()
    expect("on_closed", rig.listener.closed, [DRAINING])


@_case
async def a_peer_that_leaves_is_noticed(rig: _Rig) -> None:
    """A transport that breaks calls ``on_closed`` and drops what comes after; nothing raises."""
    rig.transport.write(rig.frames(1))
    await eventually("read", lambda: len(rig.peer.texts) == 1)
    await rig.peer.leave()

    def ended() -> bool:
        # Some transports learn of a broken connection only when they write.
        rig.transport.write(rig.frames(1))
        return bool(rig.listener.closed)

    await eventually("on_closed", ended)
    rig.transport.write(rig.frames(1))
    rig.transport.close(DRAINING)
    expect("alive", rig.transport.alive, False)
    expect("on_closed calls", len(rig.listener.closed), 1)


def _number(text: str) -> int:
    return int(text[len('{"n":') : text.index(",")])


def transport_cases() -> Mapping[str, Callable[[TransportFactory], Awaitable[None]]]:
    """The cases by name, so that a test runner can show one line for each.

    Each takes a factory that gives, as an asynchronous context manager, a :class:`TransportPeer`.
    """
    return _suite.cases


async def check_transport(factory: TransportFactory) -> None:
    """Run all cases of :func:`transport_cases`.

    Raises:
        AssertionError: the transport breaks the contract; the text names the case.
    """
    await _suite.check(factory)

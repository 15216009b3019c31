"""One direction of a connection: bytes in at one side, out at the other, with faults between."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import deque
from collections.abc import Callable
from random import Random
from typing import Literal

from .faults import FaultName

__all__ = ["End", "Passage", "Side"]

HELD_LIMIT = 64 * 1024 * 1024
"""Bytes under way in one direction beyond which the source waits: 10 s of delay at 6 MB/s."""

_NO_LINGER = struct.pack("ii", 1, 0)

End = Literal["eof", "reset"]


class Side(asyncio.Protocol):
    """The socket to one of the two peers, as far as a passage needs it."""

    transport: asyncio.Transport | None = None
    """``None`` until connected."""
    writable = False
    """Whether the peer reads fast enough for more."""
    lost = False
    """Whether the socket is gone."""

    @property
    def gone(self) -> bool:
        """Whether nothing that is written any more can arrive."""
        return self.lost or (self.transport is not None and self.transport.is_closing())

    def read_on(self, wanted: bool) -> None:
        """Read from the peer, or let its buffers fill."""
        transport = self.transport
        if transport is None or transport.is_closing() or transport.is_reading() == wanted:
            return
        if wanted:
            transport.resume_reading()
        else:
            transport.pause_reading()

    def finish(self) -> None:
        """Tell the peer that nothing more comes; it may still send."""
        if self.transport is not None and not self.gone:
            self.transport.write_eof()

    def reset(self) -> None:
        """End with a TCP reset; what the peer has not been sent is dropped."""
        if self.transport is None or self.lost:
            return
        descriptor = self.transport.get_extra_info("socket").fileno()
        if descriptor >= 0:
            # A descriptor of our own, since not every loop lets its sockets' options be set.
            with socket.fromfd(descriptor, socket.AF_INET, socket.SOCK_STREAM) as same:
                same.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self.transport.abort()


class Passage:
    """Carries bytes from one side to the other.

    Args:
        source: the side that bytes come from.
        sink: the side that they go to.
        seed: of the chance in ``jitter``.
        on_end: called when an end has been passed on.
    """

    def __init__(self, source: Side, sink: Side, seed: str, on_end: Callable[[], None]) -> None:
        self._source = source
        self._sink = sink
        self._on_end = on_end
        self._seed = seed
        self._rng: Random | None = None
        self._gathered = bytearray()
        self._queue: deque[tuple[float, memoryview]] = deque()
        self._held = 0
        self._last_due = 0.0
        self._end: End | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self.faults: dict[FaultName, float] = {}
        """The faults in force, with their amounts (0 where there is none)."""
        self.passed = 0
        """Bytes written to the sink."""
        self.swallowed = 0
        """Bytes that vanished."""
        self.writes = 0
        """How many writes carried what was passed."""
        self.ended: End | None = None
        """The end that was passed on to the sink."""

    @property
    def held(self) -> int:
        """Bytes that were read and not yet passed on."""
        return self._held + len(self._gathered)

    def add(self, name: FaultName, amount: float) -> None:
        """Let a fault be in force."""
        if name in ("swallow", "stall"):
            self.faults.pop("swallow", None)
            self.faults.pop("stall", None)
        self.faults[name] = amount
        self.pump()

    def heal(self) -> None:
        """No fault is in force any more; what is held passes now."""
        self.faults.clear()
        self._last_due = 0.0
        self._queue = deque((0.0, data) for _, data in self._queue)
        self.pump()

    def feed(self, data: bytes) -> None:
        """Take bytes from the source."""
        if "swallow" in self.faults or self._sink.gone:
            self.swallowed += len(data)
            return
        if not self.faults and not self.held and self._may_write():
            self._write(data)  # The usual case, without a copy.
            return
        self._gathered += data
        self.pump()

    def end(self, end: End) -> None:
        """The source sends no more. A reset outdoes an earlier end of file."""
        if self._end != "reset":
            self._end = end
        self.pump()

    def drop(self) -> None:
        """Forget what is held: the sink is gone."""
        self.swallowed += self.held
        self._held = 0
        self._queue.clear()
        self._gathered.clear()
        self._cancel_timer()
        self._settle_reading()

    def pump(self) -> None:
        """Pass on what may pass now, and see to it that the rest passes in time."""
        self._cancel_timer()
        if self._sink.gone:
            self.drop()
            return
        self._portion()
        now = self._loop.time()
        while self._queue and self._may_write():
            due, data = self._queue[0]
            if due > now:
                self._timer = self._loop.call_at(due, self.pump)
                break
            self._queue.popleft()
            self._held -= len(data)
            self._write(self._first_piece(data))
            if self._queue and "split" in self.faults:
                self._timer = self._loop.call_later(0, self.pump)
                break
        self._pass_end()
        self._settle_reading()

    def _portion(self) -> None:
        """Move what has gathered into the queue, in portions where a buffer is in force."""
        size = int(self.faults.get("buffer", 0))
        while self._gathered and (len(self._gathered) >= size or self._end is not None):
            portion = bytes(self._gathered[: size or None])
            del self._gathered[: size or None]
            self._queue.append((self._due(), memoryview(portion)))
            self._held += len(portion)

    def _due(self) -> float:
        wait = self.faults.get("delay", 0.0)
        if jitter := self.faults.get("jitter", 0.0):
            self._rng = self._rng or Random(self._seed)  # noqa: S311 - reproducible, not secret
            wait += self._rng.uniform(0.0, jitter)
        if wait:
            self._last_due = max(self._last_due, self._loop.time() + wait)
        return self._last_due

    def _may_write(self) -> bool:
        if "stall" in self.faults or self._sink.transport is None:
            return False
        # A reset need not wait for a peer that does not read.
        return self._sink.writable or self._end == "reset"

    def _first_piece(self, data: memoryview) -> memoryview:
        """What may be written at once; the rest goes back to the head of the queue."""
        size = int(self.faults.get("split", len(data)))
        if rest := data[size:]:
            self._queue.appendleft((0.0, rest))
            self._held += len(rest)
        return data[:size]

    def _write(self, piece: bytes | memoryview) -> None:
        assert self._sink.transport is not None
        self.passed += len(piece)
        self.writes += 1
        self._sink.transport.write(piece)  # May call pump() again, by way of pause_writing().

    def _pass_end(self) -> None:
        if self._end in (None, self.ended) or self._queue or self._sink.transport is None:
            return
        if self.faults.keys() & {"swallow", "stall"}:
            return
        self.ended = self._end
        if self._end == "reset":
            self._sink.reset()
        else:
            self._sink.finish()
        self._on_end()

    def _settle_reading(self) -> None:
        self._source.read_on(self._wants_more())

    def _wants_more(self) -> bool:
        if "stall" in self.faults:
            return False
        if "swallow" in self.faults or self._sink.gone:
            return True
        # What is due and still here waits for the sink, so the source must wait as well.
        late = bool(self._queue) and self._queue[0][0] <= self._loop.time()
        return self._sink.writable and not late and self._held < HELD_LIMIT

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

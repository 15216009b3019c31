"""What the transports over ASGI share: frames wait in a queue until a writer takes them.

ASGI's ``send`` waits until the server takes a message, so each connection has a writer of its own
and a slow peer delays nobody.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from ..abc import Transport, TransportListener
from ..codes import PEER_GONE, Code
from ..core.encoding import Encoding, Frame

__all__ = ["QueuedTransport"]


class QueuedTransport(Transport):
    """Frames in, in order; a writer of the subclass takes them out.

    Args:
        encoding: what frames are encoded as.
    """

    def __init__(self, encoding: Encoding) -> None:
        self.encoding = encoding
        self._queue: deque[Frame] = deque()
        self._buffered = 0
        self._written_n = 0
        self._wake = asyncio.Event()
        self._listener: TransportListener | None = None
        self._goodbye: tuple[Code, float | None] | None = None
        self._alive = True
        self._interrupt: Callable[[], object] | None = None

    def start(self, listener: TransportListener) -> None:
        self._listener = listener

    def write(self, frames: Sequence[Frame]) -> None:
        if not self._alive or self._goodbye is not None:
            return
        self._queue.extend(frames)
        for frame in frames:
            self._buffered += frame.size
        self._wake.set()

    @property
    def buffered(self) -> int:
        return self._buffered

    @property
    def written_n(self) -> int:
        return self._written_n

    @property
    def alive(self) -> bool:
        return self._alive

    def discard(self) -> list[Frame]:
        frames = list(self._queue)
        self._queue.clear()
        for frame in frames:
            self._buffered -= frame.size
        return frames

    def close(self, code: Code, retry_after: float | None = None) -> None:
        if self._goodbye is None:
            self._goodbye = code, retry_after
            self._wake.set()

    def abort(self) -> None:
        if self._alive:
            interrupt = self._interrupt
            self._end(PEER_GONE)
            if interrupt is not None:
                interrupt()

    def on_abort(self, interrupt: Callable[[], object]) -> None:
        """Call ``interrupt`` if the transport is aborted: it ends whatever waits for the peer."""
        self._interrupt = interrupt

    async def _frames(self, most: int) -> list[Frame]:
        """Wait for frames and take them, as many as fit into ``most`` bytes and at least one.

        Returns:
            An empty list when nothing more will come: it is over, or time to say goodbye.
        """
        while not self._queue:
            if self._goodbye is not None or not self._alive:
                return []
            self._wake.clear()
            await self._wake.wait()
        taken = [self._queue.popleft()]
        size = taken[0].size
        while self._queue and size + self._queue[0].size <= most:
            frame = self._queue.popleft()
            size += frame.size
            taken.append(frame)
        return taken

    def _sent(self, frames: Sequence[Frame]) -> None:
        """The server took frames."""
        for frame in frames:
            self._buffered -= frame.size
            if frame.n:
                self._written_n = frame.n
        if self._alive and self._listener is not None:
            self._listener.on_written()

    def _end(self, code: Code) -> None:
        """It is over, for whatever reason; only the first call counts."""
        if not self._alive:
            return
        self._alive = False
        self._queue.clear()
        self._wake.set()
        self._interrupt = None
        if self._goodbye is not None:
            code = self._goodbye[0]
        if self._listener is not None:
            self._listener.on_closed(code)

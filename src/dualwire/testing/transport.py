"""A transport without a network."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from ..abc import Transport, TransportListener
from ..codes import PEER_GONE, Code
from ..core.encoding import Encoding, Frame
from ..core.encoding.plain import PlainText
from ..types import ConnectionType

__all__ = ["FakeTransport"]


class FakeTransport(Transport):
    """A connection whose peer does what the test says.

    Its peer reads at once until :meth:`stall`; nothing waits for an event loop.

    Args:
        connection_type: ``websocket`` or ``sse``.
        encoding: what frames are encoded as; ``None`` for ``plain`` text.
    """

    def __init__(
        self, connection_type: ConnectionType = "websocket", encoding: Encoding | None = None
    ) -> None:
        self.connection_type = connection_type
        self.encoding = encoding or PlainText()
        self.frames: list[Frame] = []
        """What the peer read, oldest first."""
        self.closed_with: Code | None = None
        """The code of the goodbye that the peer got; ``None`` while there was none."""
        self.retry_after: float | None = None
        self._queue: deque[Frame] = deque()
        self._buffered = 0
        self._written_n = 0
        self._stalled = False
        self._ended = False
        self._goodbye: tuple[Code, float | None] | None = None
        self._listener: TransportListener | None = None

    @property
    def texts(self) -> list[str]:
        """What the peer read, as text."""
        return [
            frame.data if isinstance(frame.data, str) else frame.data.decode()
            for frame in self.frames
        ]

    # What the peer does

    def stall(self) -> None:
        """The peer reads no more; what is written waits."""
        self._stalled = True

    def drain(self, frames: int | None = None) -> None:
        """The peer reads what waits.

        Args:
            frames: so many, and then no more; ``None`` to read again from now on.
        """
        if frames is None:
            self._stalled = False
        self._hand_over(len(self._queue) if frames is None else frames)

    def break_(self, code: Code = PEER_GONE) -> None:
        """The peer is gone; what waits is never read.

        Args:
            code: what the transport learned about it.
        """
        self._end(code)

    # Transport

    def start(self, listener: TransportListener) -> None:
        assert self._listener is None, "a transport is started once"
        self._listener = listener

    def write(self, frames: Sequence[Frame]) -> None:
        assert self._listener is not None, "a transport is started before anything else"
        if self._ended or self._goodbye is not None:
            return
        self._queue.extend(frames)
        self._buffered += sum(frame.size for frame in frames)
        if not self._stalled:
            self._hand_over(len(self._queue))

    @property
    def buffered(self) -> int:
        # What a break left unwritten still counts: whoever asks then learns that it was not.
        return self._buffered

    @property
    def written_n(self) -> int:
        return self._written_n

    @property
    def alive(self) -> bool:
        return not self._ended

    def discard(self) -> list[Frame]:
        frames = list(self._queue)
        self._queue.clear()
        self._buffered -= sum(frame.size for frame in frames)
        return frames

    def close(self, code: Code, retry_after: float | None = None) -> None:
        if self._goodbye is not None or self._ended:
            return
        self._goodbye = code, retry_after
        if not self._stalled:
            self._hand_over(len(self._queue))

    def abort(self) -> None:
        self._end(PEER_GONE)

    def _hand_over(self, count: int) -> None:
        if self._ended:
            return
        count = min(count, len(self._queue))
        for _ in range(count):
            frame = self._queue.popleft()
            self.frames.append(frame)
            self._buffered -= frame.size
            if frame.n:
                self._written_n = frame.n
        if count and self._listener is not None:
            self._listener.on_written()
        if self._goodbye is not None and not self._queue:
            self.closed_with, self.retry_after = self._goodbye
            self._end(self._goodbye[0])

    def _end(self, code: Code) -> None:
        if self._ended:
            return
        self._ended = True
        self._queue.clear()
        if self._listener is not None:
            self._listener.on_closed(code if self._goodbye is None else self._goodbye[0])

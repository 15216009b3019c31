"""A connection whose socket is ours: frames go straight into the event loop's transport.

A server of our own gives away the socket of an opening connection (:class:`Handover`); from then on
there is no task and no queue of the server's between the hub and the kernel.
"""

from __future__ import annotations

import asyncio
import os
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import repeat

from ..abc import Transport, TransportListener
from ..codes import PEER_GONE, Code
from ..core.encoding import Batch, Encoding, Frame
from ..types import ConnectionType

__all__ = ["HANDOVER", "DirectTransport", "Handover", "Receiver", "Unanswered", "handover_of"]

HANDOVER = "dualwire.handover"
"""Name of the ASGI extension that offers a socket."""


class Receiver(ABC):
    """What becomes of what a peer sends, once its socket is ours."""

    @abstractmethod
    def on_message(self, data: str | bytes) -> bool:
        """A message came.

        Returns:
            Whether more may come now; if not, ``resume`` of the handover is called later.
        """

    @abstractmethod
    def on_sign_of_life(self) -> None:
        """The peer answered a ping of its protocol."""


class Handover(ABC):
    """A server's offer to give away the socket of an opening connection.

    Called once the response head is written. Afterwards the server's application task may end, and
    its protocol object only passes on what the peer does.
    """

    @property
    def answered(self) -> bool:
        """Whether the response head is written. A middleware may hold it back, or pass it on later:
        then what follows is not ours to write."""
        return True

    @abstractmethod
    def take(self, transport: DirectTransport, receiver: Receiver | None) -> None:
        """Hand over.

        Args:
            transport: gets the socket (:meth:`DirectTransport.attach`), and is told what happens
                to it.
            receiver: gets the peer's messages; ``None`` to read none.
        """

    @abstractmethod
    def goodbye(self, code: Code, reason: str) -> bytes:
        """The last bytes of the protocol: a close frame, the end of a chunked body."""

    @abstractmethod
    def resume(self) -> None:
        """Read from the peer again."""


class Unanswered(Handover):
    """The offer of a request that nobody has answered yet: taking it is answering it."""

    @abstractmethod
    def accept(self, fields: Sequence[tuple[bytes, bytes]]) -> None:
        """Write the head of the response that lets it in; to be called once, before ``take``.

        Args:
            fields: headers beside those of the protocol itself and those of every response.
        """


def handover_of(scope: Mapping[str, object]) -> Handover | None:
    """The offer in an ASGI scope, if its server makes one."""
    extensions = scope.get("extensions")
    offer = extensions.get(HANDOVER) if isinstance(extensions, dict) else None
    return offer if isinstance(offer, Handover) else None


class DirectTransport(Transport):
    """Writes frames to the socket of an ``asyncio.Transport``.

    While the event loop holds nothing for the peer, bytes go to the kernel without it: its part of
    a write is otherwise as dear as all of ours. It gets what the kernel does not take, and all that
    follows until it is rid of that. Both event loops, asyncio's and uvloop's, close a socket only
    after they have said ``connection_lost``, so its number is never somebody else's by then.

    Args:
        connection_type: of the connection.
        encoding: what frames are encoded as: the protocol's own framing included.
        handover: whose socket it gets.
        reason: the text of a goodbye.
        high_water: bytes that the event loop may hold for the peer before the socket is paused.
    """

    __slots__ = (
        "_alive",
        "_asks",
        "_descriptor",
        "_goodbye",
        "_handover",
        "_high_water",
        "_listener",
        "_paused",
        "_queue",
        "_queued",
        "_reason",
        "_socket",
        "_written_n",
        "connection_type",
        "encoding",
    )

    def __init__(
        self,
        connection_type: ConnectionType,
        encoding: Encoding,
        handover: Handover,
        reason: Callable[[Code, float | None], str],
        high_water: int,
    ) -> None:
        self._high_water = high_water
        self.connection_type: ConnectionType = connection_type
        self.encoding = encoding
        self._handover = handover
        self._reason = reason
        self._socket: asyncio.Transport | None = None
        self._descriptor: int | None = None
        """Of the socket, where bytes may be written past the event loop."""
        self._asks = True
        """Whether something may stand in the way of that."""
        self._listener: TransportListener | None = None
        self._queue: deque[Frame] | None = None
        self._queued = 0
        self._written_n = 0
        self._paused = False
        self._alive = True
        self._goodbye: tuple[Code, float | None] | None = None

    # The server's side

    def attach(self, socket: asyncio.Transport) -> None:
        """The socket is ours from now on."""
        self._socket = socket
        self._descriptor = _descriptor_of(socket)
        socket.set_write_buffer_limits(high=self._high_water)

    def pause(self) -> None:
        """The socket takes no more for the moment."""
        self._paused = self._asks = True

    def answer(self, data: bytes) -> None:
        """Write what the server's protocol says by itself: a pong."""
        if self._socket is not None:
            self._asks = True
            self._socket.write(data)

    def resume(self) -> None:
        """The socket takes more again."""
        self._paused = False
        if self._queue:
            frames, self._queue, self._queued = self._queue, None, 0
            self._send(frames)
        if self._goodbye is not None and not self._paused:
            self._say_goodbye()
        elif self._listener is not None:
            self._listener.on_written()

    def lost(self, code: Code) -> None:
        """The socket is gone; the peer's reason, if it gave one, in ``code``."""
        self._end(code)

    # The hub's side

    def start(self, listener: TransportListener) -> None:
        if self._alive:
            self._listener = listener
            return
        # Its peer was gone, or said goodbye behind its handshake, before anybody listened.
        code, _ = self._goodbye or (PEER_GONE, None)
        asyncio.get_running_loop().call_soon(listener.on_closed, code)

    def write(self, frames: Sequence[Frame]) -> None:
        if not self._alive or self._goodbye is not None:
            return
        if self._paused:
            if self._queue is None:
                self._queue = deque()
            self._queue.extend(frames)
            for frame in frames:
                self._queued += frame.size
        else:
            self._send(frames)

    @classmethod
    def write_all(cls, transports: Sequence[DirectTransport], batch: Batch) -> Sequence[int]:  # type: ignore[override]
        # One loop that looks and one that writes: what the kernel does for each write drives all
        # else out of the processor's caches.
        n, data = batch.n, batch.joined
        clear = [transport for transport in transports if not transport._asks]
        left: list[int] = []
        if len(clear) != len(transports):
            clear = []
            for place, transport in enumerate(transports):
                if transport._asks and not transport._is_clear():
                    transport._write_batch(batch)
                    left.append(place)
                else:
                    clear.append(transport)
        for transport in clear:
            transport._written_n = n
        for number, taken in _write_each([each._descriptor for each in clear], data):
            transport = clear[number]
            transport._leave(data[taken:])
            left.append(transports.index(transport))
        return left

    def _write_batch(self, batch: Batch) -> None:
        if self._goodbye is not None or self._paused or self._socket is None:
            self.write(batch.frames)
        else:
            self._socket.write(batch.joined)
            self._written_n = batch.n

    @property
    def buffered(self) -> int:
        socket = self._socket
        return self._queued + (socket.get_write_buffer_size() if socket is not None else 0)

    @property
    def written_n(self) -> int:
        return self._written_n

    @property
    def alive(self) -> bool:
        return self._alive

    def discard(self) -> list[Frame]:
        frames, self._queue, self._queued = list(self._queue or ()), None, 0
        return frames

    def close(self, code: Code, retry_after: float | None = None) -> None:
        if self._goodbye is not None or not self._alive:
            return
        self._goodbye = code, retry_after
        self._asks = True
        if not self._paused:
            self._say_goodbye()

    def abort(self) -> None:
        if self._alive:
            if self._socket is not None:
                self._socket.abort()
            self._end(PEER_GONE)

    def _send(self, frames: Sequence[Frame] | deque[Frame]) -> None:
        if self._socket is None:
            return
        if len(frames) == 1:
            self._put(frames[0].data)  # type: ignore[arg-type]
        else:
            self._put(b"".join([frame.data for frame in frames]))  # type: ignore[misc]
        for frame in reversed(frames):
            if frame.n:
                self._written_n = frame.n
                break

    def _put(self, data: bytes) -> None:
        """Write bytes, past the event loop if nothing stands in the way."""
        if self._asks and not self._is_clear():
            assert self._socket is not None
            self._socket.write(data)
            return
        try:
            taken = os.write(self._descriptor, data)  # type: ignore[arg-type]
        except OSError:
            taken = 0
        if taken != len(data):
            self._leave(data[taken:])

    def _leave(self, rest: bytes) -> None:
        """Let the event loop write what the kernel did not take."""
        self._asks = True
        assert self._socket is not None
        self._socket.write(rest)

    def _is_clear(self) -> bool:
        """Whether bytes may be written past the event loop; asked until nothing is in the way."""
        socket = self._socket
        self._asks = (
            self._descriptor is None
            or self._paused
            or self._goodbye is not None
            or socket is None
            or socket.is_closing()
            or socket.get_write_buffer_size() > 0
        )
        return not self._asks

    def _say_goodbye(self) -> None:
        assert self._goodbye is not None
        if self._socket is None:
            return
        code, retry_after = self._goodbye
        bye = self.encoding.bye(code, retry_after)
        last = self._handover.goodbye(code, self._reason(code, retry_after))
        said = bye.data if bye is not None else b""
        assert isinstance(said, bytes)
        self._socket.write(said + last)
        if self.connection_type == "sse":
            # There is no answer to wait for.
            self._socket.close()

    def _end(self, code: Code) -> None:
        if not self._alive:
            return
        self._alive = False
        self._asks, self._descriptor = True, None
        self._queue = self._socket = None
        if self._goodbye is not None:
            code = self._goodbye[0]
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.on_closed(code)
        else:
            self._goodbye = code, None


def _descriptor_of(socket: asyncio.Transport) -> int | None:
    """The number of a socket whose bytes are written as they are; ``None`` for any other one."""
    if os.name != "posix" or socket.get_extra_info("sslcontext") is not None:
        return None
    found = socket.get_extra_info("socket")
    descriptor: int = -1 if found is None else found.fileno()
    return descriptor if descriptor >= 0 else None


def _write_each(descriptors: Sequence[int | None], data: bytes) -> Iterable[tuple[int, int]]:
    """Write the same bytes to many sockets.

    Returns:
        Which did not take all of them, by place in ``descriptors``, and how many bytes each took.
    """
    done: list[int] = []
    while len(done) < len(descriptors):
        try:
            # Nothing of ours runs between two writes.
            done.extend(map(os.write, descriptors[len(done) :], repeat(data)))  # type: ignore[arg-type]
        except OSError:
            # It takes nothing now, or never will again, which the event loop finds out. What was
            # written before it is in the list.
            done.append(0)
    if done.count(len(data)) == len(done):
        return ()
    return [(place, taken) for place, taken in enumerate(done) if taken != len(data)]

"""The port of the network: one connection, and what is told of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from ..codes import Code
from ..core.encoding import Batch, Encoding, Frame
from ..types import ConnectionType

__all__ = ["Transport", "TransportListener"]


class TransportListener(ABC):
    """What a transport tells: the runtime's side of a connection."""

    @abstractmethod
    def on_written(self) -> None:
        """Some of what waited was handed to the network; perhaps more fits now."""

    @abstractmethod
    def on_closed(self, code: Code) -> None:
        """The connection is gone, whoever ended it. Called exactly once, last."""


class Transport(ABC):
    """One WebSocket or SSE connection, as the hub writes to it.

    Called by the hub, from the event loop's thread. No method waits, and none raises for what the
    peer or the network did: a transport that breaks calls ``on_closed`` and drops what comes after.
    """

    connection_type: ConnectionType
    encoding: Encoding
    """What frames must be encoded as; the hub encodes once for all transports that share one. They
    are all of one class."""

    @abstractmethod
    def start(self, listener: TransportListener) -> None:
        """Begin to write. Called once, before anything else."""

    @abstractmethod
    def write(self, frames: Sequence[Frame]) -> None:
        """Take over frames, to be written in order after those taken before."""

    @classmethod
    def write_all(cls, transports: Sequence[Transport], batch: Batch) -> Sequence[int]:
        """Take over the same frames for many transports of this class, as :meth:`write` does for
        each.

        Returns:
            Where in ``transports`` those are for whom something may wait now.
        """
        for transport in transports:
            transport.write(batch.frames)
        return range(len(transports))

    @property
    @abstractmethod
    def buffered(self) -> int:
        """Bytes taken over and not yet handed to the network; after a break, what it left
        unwritten."""

    @property
    @abstractmethod
    def written_n(self) -> int:
        """The node's number of the newest event that was handed to the network."""

    @property
    @abstractmethod
    def alive(self) -> bool:
        """Whether there is a peer, as far as the transport knows; false from ``on_closed`` on."""

    @abstractmethod
    def discard(self) -> list[Frame]:
        """Give back the frames that were not handed to the network yet; they are not written."""

    @abstractmethod
    def close(self, code: Code, retry_after: float | None = None) -> None:
        """Write what waits, say goodbye with the code, then close. Idempotent."""

    @abstractmethod
    def abort(self) -> None:
        """End at once, without goodbye. Idempotent."""

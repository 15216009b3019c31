"""Parsers of the frames that peers send, shared by WebSockets that are between two frames.

A parser of the ``websockets`` package has 4 KB and a generator, and remembers nothing once a
message is whole. Most reads bring whole messages, so one parser serves all connections in turn; one
of its own has only who is in the middle of something.
"""

from __future__ import annotations

import logging

from websockets.frames import Frame
from websockets.protocol import Protocol, Side, State

__all__ = ["Parsers", "wire_size"]

KEPT = 8
"""Parsers that wait for somebody who needs one."""


class Parsers:
    """Lends parsers.

    Args:
        most: bytes of a message; ``None`` for any number.
    """

    def __init__(self, most: int | None) -> None:
        self._most = most
        self._free: list[Protocol] = []

    def lend(self) -> Protocol:
        """A parser that stands before a frame, in no message."""
        if self._free:
            return self._free.pop()
        logger = logging.getLogger("uvicorn.error")
        return Protocol(Side.SERVER, state=State.OPEN, max_size=self._most, logger=logger)

    def give_back(self, parser: Protocol) -> None:
        """Take back one that stands before a frame, in no message, and was not told to close."""
        if len(self._free) < KEPT:
            self._free.append(parser)
        else:
            # Its generator holds it: let it end, so that no cycle is left.
            parser.receive_eof()


def wire_size(frame: Frame) -> int:
    """Bytes that a frame of a client took, written as short as can be (RFC 6455, section 5.2)."""
    size = len(frame.data)
    return size + (6 if size < 126 else 8 if size < 65536 else 14)

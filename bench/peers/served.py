"""A server that is measured: where it is, and how it is spoken to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

__all__ = ["Peer", "Served"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A running server. In paths, ``%d`` is the number of a player."""

    name: str
    port: int
    pids: Sequence[int]
    """Processes whose CPU and memory count."""
    websocket: str
    sse: str | None = None
    publish: str = "/pub"
    """POST: the body goes to everybody."""
    body: tuple[str, str] = ("", "")
    """What stands before and after the message in the body of that POST."""
    tls: bool = False
    """Whether it wants TLS."""
    personal: str | None = None
    """POST: the body goes to one player."""
    personal_websocket: str | None = None
    """Where personal messages are subscribed to, if that is somewhere else."""
    drives: bool = False
    """Whether ``POST /drive?players=N&rounds=M`` makes it send to N players in turn, M times."""
    pauses: str = ""
    """GET: the longest pauses since it was asked before; empty where nobody watches."""
    first_frame: str = ""
    """A client's first words on a WebSocket."""
    opened_by: str = ""
    """What a connection reads when it is ready, beside the answer to its handshake."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A server that can be started."""

    name: str
    started: Callable[[], AbstractAsyncContextManager[Served]]
    """Set up if need be, start, stop. Raises :class:`~bench.children.ChildError`."""
    sse: bool = False
    required: bool = True
    """Whether it is a missed target when it cannot be had."""

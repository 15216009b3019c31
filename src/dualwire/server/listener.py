"""The listening socket, with the options that every accepted socket is to have."""

from __future__ import annotations

import socket

from ..config import Config
from .errors import ListenError

__all__ = ["listen", "reserve"]

KB = 1024

BACKLOG = 2048
"""Connections that wait to be accepted: a thousand players who come back at the same moment."""

SEND_BUFFER = 64 * KB
"""Linux doubles it for its own book-keeping, which makes 128 KB: a stalled reader otherwise
swallows about 4 MB unseen."""

UNSENT_LOW_WATER = 16 * KB
"""Bytes beyond which the socket is not writable: what waits longer, waits where we see it."""


def listen(host: str, port: int, config: Config, *, shared: bool = False) -> socket.socket:
    """A socket that listens; on Linux those accepted from it inherit its options.

    Args:
        host: address to listen at.
        port: TCP port; 0 lets the system choose.
        config: how long a peer may take nothing.
        shared: whether other processes listen at the same port: the system deals connections out.

    Raises:
        ListenError: the port is taken or not allowed, or there is no such address.
    """
    with _bound(host, port, config, shared=shared) as bound:
        try:
            bound.listen(BACKLOG)
        except OSError as error:
            raise ListenError(host, port, error.strerror or str(error)) from None
        listener = bound.dup()
    listener.setblocking(False)
    return listener


def reserve(host: str, port: int, config: Config) -> socket.socket:
    """A socket that keeps a port for processes that are going to share it, and takes nobody.

    Raises:
        ListenError: the port is taken or not allowed, there is no such address, or this system
            cannot let processes share a port.
    """
    if not hasattr(socket, "SO_REUSEPORT"):
        raise ListenError(host, port, "this system cannot share a port (SO_REUSEPORT)")
    # Shared sockets would join whoever shares the port already, so first see whether it is free.
    with listen(host, port, config) as free:
        chosen = free.getsockname()[1]
    return _bound(host, chosen, config, shared=True)


def _bound(host: str, port: int, config: Config, *, shared: bool) -> socket.socket:
    try:
        infos = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE | socket.AI_ADDRCONFIG
        )
    except socket.gaierror as error:
        raise ListenError(host, port, error.strerror or "no such address") from None
    family, kind, protocol, _, address = infos[0]
    bound = socket.socket(family, kind, protocol)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        _set_options(bound, config)
        bound.bind(address)
    except OSError as error:
        bound.close()
        raise ListenError(host, port, error.strerror or str(error)) from None
    return bound


def _set_options(listener: socket.socket, config: Config) -> None:
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    tcp = {
        "TCP_NODELAY": 1,
        # Ends a peer that vanished, or that reads nothing for as long as it could resume.
        "TCP_USER_TIMEOUT": round(config.session.resume * 1000),
        "TCP_NOTSENT_LOWAT": UNSENT_LOW_WATER,
    }
    for name, value in tcp.items():
        option = getattr(socket, name, _LINUX.get(name) if _IS_LINUX else None)
        if option is not None:
            listener.setsockopt(socket.IPPROTO_TCP, option, value)


_IS_LINUX = hasattr(socket, "TCP_QUICKACK")
_LINUX = {"TCP_NOTSENT_LOWAT": 25}
"""Linux has it, ``socket`` names it from Python 3.12 on (linux/tcp.h)."""

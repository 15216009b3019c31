"""The short road of the gateway: realtime connections open without the server's own machinery.

Uvicorn makes of each request a cycle, a task and an ASGI scope that passes through middleware and
routes, and most openings need none of that. Where :class:`~dualwire.http.roads.Roads` says that
nothing stands in between, the head of the request goes straight to the gate; what it says no to,
and whatever is out of the ordinary, goes on by the long road.
"""

from __future__ import annotations

import contextlib
import re
from base64 import b64encode
from collections.abc import Generator, Mapping
from hashlib import sha1
from typing import Any, TypeAlias
from urllib.parse import unquote
from weakref import WeakKeyDictionary

from starlette.types import Scope
from uvicorn.config import Config
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from ..http.head import RequestHead
from ..http.roads import Road, Roads, Settled
from ..transports.direct import Unanswered
from ..types import ConnectionType
from .parsers import Parsers

__all__ = ["Begun", "Shortcut", "accept_key", "address", "shortcut"]

Headers: TypeAlias = list[tuple[bytes, bytes]]

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_KEY = re.compile(rb"[A-Za-z0-9+/]{22}==")
_FORWARDING = {b"x-forwarded-for", b"x-forwarded-proto"}


def shortcut(config: Config) -> Shortcut:
    """What is known of the application that uvicorn serves with a configuration."""
    found = _shortcuts.get(config)
    if found is None:
        found = _shortcuts[config] = Shortcut(config)
    return found


class Shortcut:
    """The short roads of one served application.

    Args:
        config: uvicorn's, loaded.
    """

    def __init__(self, config: Config) -> None:
        app: object = config.loaded_app
        self._proxies: ProxyHeadersMiddleware | None = None
        if type(app) is ProxyHeadersMiddleware:
            app = app.app
            self._proxies = ProxyHeadersMiddleware(_nobody, config.forwarded_allow_ips)
        self._roads = Roads(app)
        self._root = config.root_path
        self.parsers = Parsers(config.ws_max_size)
        """Of the frames of its WebSockets."""

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self._roads)

    def find(self, kind: ConnectionType, path: str) -> tuple[Road, dict[str, str]] | None:
        """The road of a request, with the parameters of its path."""
        return self._roads.find(kind, self._root + path, self._root)

    def head(self, scope: Mapping[str, Any], **more: Any) -> RequestHead:
        """The head of a request, as the application would see it.

        Args:
            scope: as uvicorn begins it; it stays as it is.
            more: what belongs into it.
        """
        known: Scope = {**scope, **more}
        if self._proxies is not None and any(name in _FORWARDING for name, _ in known["headers"]):
            # Uvicorn's own rules; nothing in them waits.
            passing = self._proxies(known, _nothing, _nowhere)  # type: ignore[arg-type]
            with contextlib.suppress(StopIteration):
                passing.send(None)
        return RequestHead(known)


_shortcuts: WeakKeyDictionary[Config, Shortcut] = WeakKeyDictionary()


async def _nobody(scope: Any, receive: Any, send: Any) -> None:
    """The application behind uvicorn's middleware, which is asked for its opinion alone."""


async def _nothing() -> Any:
    raise AssertionError("nobody receives here")


async def _nowhere(_message: Any) -> None:
    raise AssertionError("nobody sends here")


class Begun:
    """The opening of a connection, as far as it gets without waiting.

    Args:
        road: what opens it.
        head: of the request.
        handover: the offer of its socket.
    """

    __slots__ = ("_waits_for", "_work", "done", "settled")

    def __init__(self, road: Road, head: RequestHead, handover: Unanswered) -> None:
        self._work = road.open(head, handover)
        self._waits_for: Any = None
        self.done = False
        self.settled: Settled | None = None
        if road.waits():
            return
        # Nothing in it waits as a rule, so it needs no task: one step is all of it.
        try:
            self._waits_for = self._work.send(None)
        except StopIteration as end:
            self.done = True
            self.settled = end.value

    def __await__(self) -> Generator[Any, Any, Settled | None]:
        """Go on in a task, which ends when the connection is open."""
        if self._waits_for is None and not self.done:
            result: Settled | None = yield from self._work.__await__()
            return result
        waits_for = self._waits_for
        while True:
            try:
                came = yield waits_for
            except BaseException as error:
                step: Any = self._work.throw
                came = error
            else:
                step = self._work.send
            try:
                waits_for = step(came)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]


def address(url: bytes) -> tuple[str, bytes] | None:
    """The decoded path and the query of a request's target; ``None`` if it is unusual."""
    if not url.startswith(b"/") or b"#" in url or not url.isascii():
        return None
    raw, _, query = url.partition(b"?")
    path = raw.decode("ascii")
    return (unquote(path) if "%" in path else path), query


def accept_key(headers: Headers) -> bytes | None:
    """The answer to an ordinary opening handshake (RFC 6455, section 4.2).

    Returns:
        ``Sec-WebSocket-Accept``; ``None`` for a handshake that is wrong, or right in a rare way:
        the ``websockets`` package knows which.
    """
    key = version = upgrade = connection = None
    for name, value in headers:
        if name == b"sec-websocket-key":
            if key is not None or _KEY.fullmatch(value) is None:
                return None
            key = value
        elif name == b"sec-websocket-version":
            if version is not None:
                return None
            version = value
        elif name == b"upgrade":
            if upgrade is not None:
                return None
            upgrade = value.lower()
        elif name == b"connection":
            if connection is not None:
                return None
            connection = value.lower()
        elif name in (b"content-length", b"transfer-encoding"):
            return None
    if key is None or version != b"13" or upgrade != b"websocket" or connection is None:
        return None
    if connection != b"upgrade":
        tokens = [each.strip() for each in connection.split(b",")]
        if b"upgrade" not in tokens:
            return None
    return b64encode(sha1(key + _GUID, usedforsecurity=False).digest())

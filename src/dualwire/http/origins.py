"""Where a request in a browser comes from: other sites may not speak for a player.

WebSockets and cookies know no same-origin policy, so the server has to be the one that looks
(RFC 6455, section 10.2).
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from ..exceptions import ConfigurationError, ForbiddenError

__all__ = ["OriginPolicy", "is_same_origin"]

_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


class OriginPolicy:
    """Which origins may open connections and change things.

    The server's own origin always may. So may requests without an ``Origin`` that prove themselves
    by something that a browser does not attach by itself.

    Args:
        allowed: other origins, ``https://game.example`` for example.

    Raises:
        ConfigurationError: something in the list is no origin; ``*`` is none, since any page on
            the web could then act for a player.
    """

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        if isinstance(allowed, str):
            raise ConfigurationError("allowed_origins", "a list of origins", allowed)
        self._allowed = frozenset(_normalized(origin) for origin in allowed)

    def check(self, connection: HTTPConnection, *, cookie: bool) -> None:
        """Refuse a realtime or state-changing request from a place that is not allowed.

        Args:
            connection: the request or the opening WebSocket.
            cookie: whether it proves itself by a cookie, which browsers attach to whatever any
                page asks for.

        Raises:
            ForbiddenError: it may not.
        """
        origin = connection.headers.get("origin")
        if origin is not None:
            if not self.allows(connection, origin):
                raise ForbiddenError(
                    f"Origin {origin[:200]!r} is not allowed; add it to allowed_origins"
                )
        elif cookie and connection.headers.get("sec-fetch-site") != "same-origin":
            raise ForbiddenError(
                "a request with a cookie needs an allowed Origin or Sec-Fetch-Site: same-origin; "
                "send the token in the Authorization header instead"
            )

    def allows(self, connection: HTTPConnection, origin: str) -> bool:
        """Whether an origin may talk to this server."""
        return origin.lower() in self._allowed or is_same_origin(connection, origin)

    def cors_headers(self, connection: HTTPConnection) -> dict[str, str]:
        """What lets the page of an allowed origin read the answer."""
        headers = {"vary": "Origin"}
        origin = connection.headers.get("origin")
        if origin is not None and origin.lower() in self._allowed:
            headers["access-control-allow-origin"] = origin
            headers["access-control-allow-credentials"] = "true"
            headers["access-control-expose-headers"] = "Retry-After"
        return headers


def is_same_origin(connection: HTTPConnection, origin: str) -> bool:
    """Whether an origin is this server's own, as the peer addressed it.

    Schemes are not compared: behind a proxy that ends TLS the server does not know its own.
    """
    parts = urlsplit(origin.lower())
    default = _PORTS.get(parts.scheme)
    host = connection.headers.get("host", "").lower()
    if not parts.netloc or default is None or not host:
        return False
    return _with_port(parts.netloc, default) == _with_port(host, default)


def _with_port(host: str, default: int) -> str:
    # The colons of an IPv6 address are within brackets.
    return host if ":" in host.rpartition("]")[2] else f"{host}:{default}"


def _normalized(origin: str) -> str:
    parts = urlsplit(origin.strip().lower())
    if not parts.scheme or not parts.netloc or parts.path.strip("/") or parts.query:
        raise ConfigurationError(
            "allowed_origins", "origins such as 'https://game.example'", origin
        )
    return f"{parts.scheme}://{parts.netloc}"

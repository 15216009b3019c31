"""The address of a server as a person types it."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from ..exceptions import ConfigurationError

__all__ = ["Address", "read_address"]

_SCHEMES = {"http": "http", "https": "https", "ws": "http", "wss": "https"}
_ENDPOINTS = ("/api/ws", "/api/events", "/api/session", "/api/send", "/api")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is."""

    scheme: str
    """``http`` or ``https``."""
    place: str
    """Host, and port if one was given."""
    path: str = ""
    """Of the application, without a slash at the end."""

    def __str__(self) -> str:
        return f"{self.origin}{self.path}"

    @property
    def origin(self) -> str:
        """What a browser says of a page from there."""
        return f"{self.scheme}://{self.place}"

    @property
    def host(self) -> str:
        """The host alone."""
        return urlsplit(self.origin).hostname or ""

    @property
    def port(self) -> int:
        """The port, given or implied."""
        return urlsplit(self.origin).port or (443 if self.secure else 80)

    @property
    def secure(self) -> bool:
        """Whether it is spoken to over TLS."""
        return self.scheme == "https"

    @property
    def websocket(self) -> str:
        """Of the WebSockets."""
        return f"ws{str(self).removeprefix('http')}/api/ws"

    @property
    def is_loopback(self) -> bool:
        """Whether it is this machine, by a name that no other machine has."""
        if self.host == "localhost" or self.host.endswith(".localhost"):
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def shorter(self) -> list[Address]:
        """The same with less and less of its path, to the server's root."""
        parts = self.path.split("/")
        return [
            Address(self.scheme, self.place, "/".join(parts[:length]))
            for length in range(len(parts) - 1, 0, -1)
        ]


def read_address(text: str) -> Address:
    """Read an address; the address of one of our own endpoints means its server.

    Raises:
        ConfigurationError: nothing can be reached at that.
    """
    text = text.strip()
    if "://" not in text:
        text = f"http://{text}"
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise ConfigurationError("URL", "an address such as https://game.example", text) from error
    scheme = _SCHEMES.get(parts.scheme.lower())
    if scheme is None or not parts.hostname or parts.username is not None:
        # What stands before an @ may be a password: it is not shown.
        shown = text if parts.username is None else f"{parts.scheme}://...@{parts.hostname}"
        raise ConfigurationError("URL", "an address such as https://game.example", shown)
    path = parts.path.rstrip("/")
    for ending in _ENDPOINTS:
        if path.endswith(ending):
            path = path.removesuffix(ending)
            break
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return Address(scheme, host if port is None else f"{host}:{port}", path)

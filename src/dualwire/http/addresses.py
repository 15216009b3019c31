"""Where requests come from, as far as limits go."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

from starlette.requests import HTTPConnection

from ..config import Rates

__all__ = ["Addresses", "peer_of"]

FORWARDING = {b"x-forwarded-for", b"forwarded"}
"""What a proxy adds. A server that trusts its proxy has put the forwarded address in the peer's
place by then (uvicorn: ``--proxy-headers``, ``--forwarded-allow-ips``)."""

KEPT = 4096
"""Addresses that are remembered as they were read."""


class Addresses:
    """Tells which peers are limited by their address.

    Args:
        rates: names the networks that are trusted.
    """

    def __init__(self, rates: Rates) -> None:
        self._networks = rates.trusted_networks()
        self._read = lru_cache(KEPT)(self._look)

    def of(self, connection: HTTPConnection) -> str | None:
        """The address that a request counts against.

        Returns:
            ``None`` for one that is not limited: it is in a trusted network, or there is none (a
            Unix socket).
        """
        client = connection.scope.get("client")
        if not client:
            return None
        peer, trusted = self._read(client[0])
        if not trusted:
            return peer
        for name, _ in connection.scope["headers"]:
            if name in FORWARDING:
                # A proxy on a trusted machine, which the server was not told to believe: whoever is
                # behind it is not trusted, only not told apart.
                return peer
        return None

    def _look(self, host: str) -> tuple[str, bool]:
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return host, False
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        trusted = any(address in network for network in self._networks)
        return peer_of(host), trusted


def peer_of(host: str) -> str:
    """One spelling of a peer's address; an IPv6 peer owns its whole /64."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv4Address):
        return host
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((host.partition("%")[0], 64), strict=False))

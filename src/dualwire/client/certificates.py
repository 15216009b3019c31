"""Whom a client trusts: read from disk once per process, because that holds the loop for 0.2 s."""

from __future__ import annotations

import ssl
from functools import cache

import httpx

__all__ = ["trust"]


@cache
def _authorities() -> ssl.SSLContext:
    return httpx.create_ssl_context()


@cache
def _nobody() -> ssl.SSLContext:
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def trust(url: str) -> ssl.SSLContext:
    """The context for connections to a server.

    Args:
        url: of the server. One without TLS needs no certificates, so none are read, and nobody is
            trusted should it turn out to want TLS after all.
    """
    return _authorities() if url.startswith(("https:", "wss:")) else _nobody()

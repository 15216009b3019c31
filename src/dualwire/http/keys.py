"""API keys: for backends and for monitoring, compared in constant time."""

from __future__ import annotations

import hmac
import ipaddress

from starlette.requests import Request

from ..exceptions import AuthenticationError, ForbiddenError

__all__ = ["check_key", "check_key_or_loopback"]

_FORWARDING = ("forwarded", "x-forwarded-for", "x-real-ip", "via")


def check_key(request: Request, key: str) -> None:
    """Refuse a request that does not bring the key.

    Raises:
        AuthenticationError: there is none in ``Authorization: Bearer`` or ``X-API-Key``, or it is
            another one.
    """
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        given = request.headers.get("x-api-key", "")
    if not hmac.compare_digest(given.strip().encode(), key.encode()):
        raise AuthenticationError(
            "a valid key is needed: Authorization: Bearer KEY, or X-API-Key: KEY"
        )


def check_key_or_loopback(request: Request, key: str | None) -> None:
    """Refuse a request that neither brings the key nor comes from this machine.

    Raises:
        AuthenticationError: there is no valid key.
        ForbiddenError: no key is set, so only this machine may ask.
    """
    if _is_loopback(request):
        return
    if not key:
        raise ForbiddenError("only this machine may ask, as no api_key is set")
    check_key(request, key)


def _is_loopback(request: Request) -> bool:
    # Behind a proxy on this machine every client seems to be on it.
    if any(name in request.headers for name in _FORWARDING) or request.client is None:
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False

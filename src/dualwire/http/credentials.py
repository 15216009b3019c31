"""What a request brings along to prove who it is."""

from __future__ import annotations

from starlette.requests import HTTPConnection

from ..types import Credentials

__all__ = ["COOKIE", "read_credentials"]

COOKIE = "dualwire_token"
"""The cookie that carries a token; set it ``HttpOnly``, ``Secure`` and ``SameSite=Lax``."""

_BEARER = "bearer."


def read_credentials(connection: HTTPConnection) -> Credentials:
    """Find the proof of a request or of an opening WebSocket.

    Looked at in this order, and the first one counts: the header ``Authorization: Bearer``, the
    WebSocket subprotocol ``bearer.TOKEN``, the cookie, ``?ticket=``, ``?token=``.
    """
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return Credentials(token=token.strip(), source="header")
    for offered in connection.scope.get("subprotocols") or ():
        if offered.startswith(_BEARER) and len(offered) > len(_BEARER):
            return Credentials(token=offered[len(_BEARER) :], source="subprotocol")
    if token := connection.cookies.get(COOKIE, ""):
        return Credentials(token=token, source="cookie")
    if ticket := connection.query_params.get("ticket"):
        return Credentials(ticket=ticket, source="query")
    if token := connection.query_params.get("token", ""):
        return Credentials(token=token, source="query")
    return Credentials()

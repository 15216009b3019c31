"""Getting a token from a game server's login."""

from __future__ import annotations

from typing import Any

import httpx

from ..core.encoding.json import decode_message
from ..exceptions import AuthenticationError, ProtocolError

__all__ = ["log_in"]


async def log_in(
    url: str, name: str | None = None, password: str | None = None, *, register: bool = False
) -> str:
    """A token, as a guest or with a name and a password.

    Args:
        url: of the server.
        name: the account's; ``None`` for a guest.
        password: the account's.
        register: make the account first.

    Raises:
        AuthenticationError: the server does not accept it, and says why.
        ConnectionError: the server cannot be reached, or is not a game server.
    """
    if name is None:
        path, body = "/auth/guest", {}
    else:
        path = "/auth/register" if register else "/auth/login"
        body = {"username": name, "password": password or ""}
    try:
        async with httpx.AsyncClient(base_url=url, timeout=10.0) as http:
            response = await http.post(path, json=body)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ConnectionError(f"{url} cannot be reached: {error or type(error).__name__}") from None
    try:
        answer = decode_message(response.content)
    except ProtocolError:
        answer = {}
    token = answer.get("access_token")
    if response.is_success and isinstance(token, str):
        return token
    if 400 <= response.status_code < 500 and response.status_code != 404:
        raise AuthenticationError(_reason(answer) or f"HTTP status {response.status_code}")
    raise ConnectionError(f"{url}{path} answered with HTTP status {response.status_code}")


def _reason(answer: dict[str, Any]) -> str:
    error = answer.get("error")
    message = error.get("message") if isinstance(error, dict) else None
    return str(message or answer.get("detail") or "")

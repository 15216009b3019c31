"""Getting in: by the token that was given, or as a guest where there are guests."""

from __future__ import annotations

from http.cookies import SimpleCookie

import httpx

from ...client.tokens import expires_at
from ...http.credentials import COOKIE
from ..address import Address
from ..exit_codes import AUTHENTICATION_REFUSED, CANNOT_CONNECT
from .findings import Finding
from .places import Place
from .server import Unusable, code_of, quoted, read_json

__all__ = ["check_token", "guest_token"]

HOW_TO_GET_ONE = (
    "give one: --token, --token-file or DUALWIRE_TOKEN. Who has the server's secret makes one: "
    'dualwire doctor URL --token "$(dualwire token doctor)"'
)
EXPECTED = "a token that the server accepts"


async def guest_token(
    http: httpx.AsyncClient, address: Address, place: Place | None
) -> tuple[str, list[Finding]]:
    """A token of a new guest, and what its login shows.

    Raises:
        Unusable: there are no guests here.
    """
    response = await http.post(f"{address}/auth/guest", json={})
    token = read_json(response).get("access_token")
    if not response.is_success or not isinstance(token, str):
        raise Unusable(AUTHENTICATION_REFUSED, (_no_guests(response),))
    return token, _cookie(response, address, place)


def _no_guests(response: httpx.Response) -> Finding:
    answer = read_json(response)
    why = f"HTTP {response.status_code} from /auth/guest"
    if code_of(answer) is not None and response.status_code != 404:
        why = quoted(str(answer["error"].get("message")))
    seen = f"no token was given, and the server lets no guest in ({why})"
    return Finding(
        check="token", verdict="problem", seen=seen, expected=EXPECTED, advice=HOW_TO_GET_ONE
    )


def _cookie(response: httpx.Response, address: Address, place: Place | None) -> list[Finding]:
    cookies = [SimpleCookie(each) for each in response.headers.get_list("set-cookie")]
    found = [each[COOKIE] for each in cookies if COOKIE in each]
    if not found or not address.secure:
        return []
    expected = "Secure, so that no browser sends it without TLS"
    if found[0]["secure"]:
        return [Finding(check="cookie", verdict="ok", seen="Secure", expected=expected)]
    advice = "the server does not learn that players use TLS: X-Forwarded-Proto is missing"
    if place is not None:
        advice += f". {place.forwarded}"
    seen = f"the cookie {COOKIE} is not Secure"
    return [Finding(check="cookie", verdict="warning", seen=seen, expected=expected, advice=advice)]


async def check_token(
    http: httpx.AsyncClient, address: Address, token: str, wall: float, *, given: bool
) -> Finding:
    """Whether a token is accepted.

    Args:
        http: asks.
        address: of the server.
        token: which.
        wall: wall-clock seconds, for when it expires.
        given: whether somebody gave it; else it is a guest's.

    Raises:
        Unusable: it is not.
    """
    headers = {"Authorization": f"Bearer {token}"}
    response = await http.get(f"{address}/api/connections/stats", headers=headers)
    expires = expires_at(token)
    if response.status_code == 200:
        seen = "the given token is accepted" if given else "a guest was let in"
        if expires is not None and expires > wall:
            seen += f"; it expires in {_duration(expires - wall)}"
        elif expires is not None:
            seen += ", though by this machine's clock it has expired: see clock"
        return Finding(check="token", verdict="ok", seen=seen, expected=EXPECTED)
    answer = read_json(response)
    if code_of(answer) is None:
        raise Unusable(CANNOT_CONNECT, (_swallowed(response),))
    message = quoted(str(answer["error"].get("message")))
    seen = f"HTTP {response.status_code}: {message}"
    if expires is None:
        advice = "the server signs JSON Web Tokens, and this is none; "
    elif expires <= wall:
        seen += f"; by this machine's clock it expired {_duration(wall - expires)} ago"
        advice = "it is too old: "
    else:
        advice = (
            "another secret or key signed it, or it was revoked, or the clock of whoever issued "
            "it is off (DUALWIRE_LEEWAY allows for that); "
        )
    raise Unusable(
        AUTHENTICATION_REFUSED,
        (
            Finding(
                check="token",
                verdict="problem",
                seen=seen,
                expected=EXPECTED,
                advice=advice + HOW_TO_GET_ONE,
            ),
        ),
    )


def _swallowed(response: httpx.Response) -> Finding:
    return Finding(
        check="token",
        verdict="problem",
        seen=f"HTTP {response.status_code}, not from dualwire, for a request with a token",
        expected=EXPECTED,
        advice=(
            "something in front takes the Authorization header for itself: let it pass (nginx: no "
            "`auth_basic` here; Apache: `CGIPassAuth On`)"
        ),
    )


def _duration(seconds: float) -> str:
    for unit, size in (("day", 86400.0), ("hour", 3600.0), ("minute", 60.0)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}s"
    return f"{seconds:.0f} s"

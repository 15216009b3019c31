"""Who answers at an address."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

import httpx

from ...core.encoding.json import decode_message
from ...exceptions import ConfigurationError, ProtocolError
from ...types import JSONObject
from ..address import Address, read_address
from ..exit_codes import CANNOT_CONNECT, NOT_DUALWIRE
from .findings import Finding
from .places import Place, place_of

__all__ = [
    "Answered",
    "Unusable",
    "code_of",
    "look_for_server",
    "quoted",
    "read_json",
    "why_unreachable",
]

QUESTION = "/api/connections/stats"
"""What a dualwire server refuses to strangers in its own words, and what changes nothing."""
LONGEST_QUOTE = 60
LONGEST_ANSWER = 15.0
"""Seconds that an answer may take in all."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A dualwire server."""

    address: Address
    place: Place | None
    """What stands in front of it; ``None`` if nothing tells."""
    findings: tuple[Finding, ...]


@dataclass(slots=True)
class Unusable(Exception):  # noqa: N818 - it is no error of the program but what was found
    """There is no server to look at."""

    exit_code: int
    findings: tuple[Finding, ...]


async def look_for_server(http: httpx.AsyncClient, address: Address) -> Answered:
    """Find out whether a dualwire server answers there.

    Args:
        http: asks.
        address: where.

    Raises:
        Unusable: something else answers, or nothing.
    """
    response = await _ask(http, address)
    if response.is_redirect:
        raise Unusable(NOT_DUALWIRE, (_redirected(response, address),))
    place = place_of(response.headers)
    if is_ours(response):
        findings = (_reached(response, address, place), _speaks(response))
        if response.status_code == 503:
            findings = (findings[0], _away(response))
        return Answered(address, place, findings)
    if response.status_code == 404:
        for other in address.shorter():
            if is_ours(await _ask(http, other)):
                raise Unusable(NOT_DUALWIRE, (_elsewhere(other, address),))
    raise Unusable(NOT_DUALWIRE, tuple(_strange(response, address, place)))


async def _ask(http: httpx.AsyncClient, address: Address) -> httpx.Response:
    try:
        async with asyncio.timeout(LONGEST_ANSWER):
            return await http.get(f"{address}{QUESTION}")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unusable(CANNOT_CONNECT, (why_unreachable(error, address),)) from None
    except TimeoutError:
        # A camera, a radio: what answers with a stream that does not end.
        raise Unusable(NOT_DUALWIRE, (_endless(address),)) from None


def is_ours(response: httpx.Response) -> bool:
    """Whether a refusal is one of a dualwire server."""
    return response.status_code in (401, 429, 503) and code_of(read_json(response)) is not None


def read_json(response: httpx.Response) -> JSONObject:
    """The object of an answer; an empty one if it is none."""
    try:
        return decode_message(response.content)
    except ProtocolError:
        return {}


def code_of(answer: JSONObject) -> int | None:
    """The code that stands in an answer of ours; ``None`` in one that is not."""
    error = answer.get("error")
    details: Any = error.get("details") if isinstance(error, dict) else None
    number = details.get("code") if isinstance(details, dict) else None
    return number if isinstance(number, int) else None


def _reached(response: httpx.Response, address: Address, place: Place | None) -> Finding:
    seen = f"{address} answers"
    seen += f", through {place.name}" if place is not None else ""
    if response.headers.get("server"):
        seen += f" (Server: {quoted(response.headers['server'])})"
    expected = "the server answers there, without a redirect"
    return Finding(check="address", verdict="ok", seen=seen, expected=expected)


def _speaks(response: httpx.Response) -> Finding:
    return Finding(
        check="server",
        verdict="ok",
        seen=f"{QUESTION} is refused without a token, in the words of dualwire",
        expected=f"HTTP {response.status_code} of a dualwire server",
    )


def _away(response: httpx.Response) -> Finding:
    error = read_json(response)["error"]
    return Finding(
        check="server",
        verdict="problem",
        seen=f"HTTP 503: {error.get('message')}",
        expected="a server that is ready",
        advice=(
            "ask /readyz and /monitoring/health on its own machine: it is stopping, or its Redis "
            "does not answer"
        ),
    )


def _endless(address: Address) -> Finding:
    return Finding(
        check="server",
        verdict="problem",
        seen=f"an answer that had not ended after {LONGEST_ANSWER:g} s",
        expected=f"a dualwire server at {address}/api/",
        advice="is this the right host and port? Something else seems to stream there",
    )


def _redirected(response: httpx.Response, address: Address) -> Finding:
    target = urljoin(f"{address}{QUESTION}", response.headers.get("location", ""))
    seen = f"HTTP {response.status_code}, which leads to {quoted(target)}"
    try:
        other = read_address(target.partition(QUESTION)[0])
    except ConfigurationError:
        other = address
    if target.endswith(QUESTION) and other != address:
        advice = f"use {other} everywhere; a WebSocket does not follow redirects"
    else:
        advice = (
            "it looks like a login page in front of everything: let /api/ through to dualwire, "
            "which asks for a token itself"
        )
    expected = "an answer there; clients follow no redirects"
    return Finding(check="address", verdict="problem", seen=seen, expected=expected, advice=advice)


def _elsewhere(other: Address, address: Address) -> Finding:
    return Finding(
        check="address",
        verdict="problem",
        seen=f"{address}/api/ does not exist, {other}/api/ does",
        expected=f"dualwire at {address}/api/",
        advice=(
            f"use {other}; or, if players are to use {address}, have the proxy take "
            f"{address.path.removeprefix(other.path)!r} away before it passes a request on (nginx: "
            "a slash at the end of `proxy_pass http://dualwire/;` and of `location`; Caddy: "
            "`handle_path`)"
        ),
    )


def _strange(response: httpx.Response, address: Address, place: Place | None) -> Iterator[Finding]:
    status, who = response.status_code, place.name if place is not None else "the server"
    seen = f"HTTP {status} from {who}: {quoted(_text(response))}"
    if status == 400 and "https" in _text(response).lower():
        advice = f"this port speaks TLS: use https://{address.place}{address.path}"
    elif status in (502, 503, 504):
        advice = (
            f"{who} is there, and the server behind it is not: is `dualwire serve` running, and "
            "is the upstream its address and port?"
        )
    elif status in (401, 403, 407):
        advice = (
            "something in front asks for a login of its own, or forbids: let /api/ through to "
            "dualwire, which asks for a token itself"
        )
    elif status == 404:
        advice = (
            "is this the right host, and the right path? `realtime_router` serves /api/...; if "
            "the application is mounted below a path, or by a proxy, give that path too: "
            f"{address}/PATH"
        )
    else:
        advice = (
            "is this the right host and port? If it is, /api/ does not lead to dualwire: look for "
            "the route that takes it (a page's catch-all, a cache)"
        )
    expected = f"a dualwire server at {address}/api/"
    yield Finding(check="server", verdict="problem", seen=seen, expected=expected, advice=advice)


def _text(response: httpx.Response) -> str:
    kind = response.headers.get("content-type", "no content type")
    return response.text.strip() if "json" in kind or "plain" in kind else _title(response, kind)


def _title(response: httpx.Response, kind: str) -> str:
    _, begins, rest = response.text[:5000].partition("<title>")
    return rest.partition("</title>")[0].strip() if begins else kind


def quoted(text: str, most: int = LONGEST_QUOTE) -> str:
    """Somebody else's words, short and without what a terminal would obey."""
    clean = "".join(char if char.isprintable() else " " for char in text)
    clean = " ".join(clean.split())
    return clean if len(clean) <= most else f"{clean[:most]}..."


def why_unreachable(error: Exception, address: Address) -> Finding:
    """What an error of the network means."""
    causes = list(_causes(error))
    text = quoted(str(error) or type(error).__name__)
    certificate = next((each for each in causes if isinstance(each, ssl.SSLError)), None)
    if certificate is not None:
        return _tls(certificate, address)
    if any(isinstance(each, socket.gaierror) for each in causes) or "Name or service" in text:
        seen, advice = f"no such host: {address.host}", "check the name, and the DNS"
    elif any(isinstance(each, ConnectionRefusedError) for each in causes) or (
        isinstance(error, httpx.ConnectError) and "attempts failed" in text
    ):
        seen = f"nothing listens at {address.host}, port {address.port}"
        advice = (
            "is the server running, at this port? `dualwire serve` listens at 127.0.0.1 unless "
            "`--host 0.0.0.0` says otherwise: then only its own machine reaches it"
        )
    elif isinstance(error, httpx.TimeoutException):
        seen = f"no answer from {address.host}, port {address.port}, within 10 s"
        advice = "a firewall drops packets, or the server hangs: try from its own machine"
    elif isinstance(error, (httpx.RemoteProtocolError, httpx.ReadError)):
        seen = f"what listens at port {address.port} hangs up, or does not speak HTTP ({text})"
        other = "http" if address.secure else "https"
        advice = f"try {other}://{address.place}{address.path}"
    else:
        seen, advice = f"it cannot be reached: {text}", "check the address and the network"
    expected = f"{address} answers"
    return Finding(check="address", verdict="problem", seen=seen, expected=expected, advice=advice)


def _tls(error: ssl.SSLError, address: Address) -> Finding:
    expected = "a certificate that this machine trusts, for this name"
    if isinstance(error, ssl.SSLCertVerificationError):
        seen = f"the certificate is not accepted: {error.verify_message}"
        advice = (
            "serve the whole chain (nginx: fullchain.pem), for this host name; for an authority "
            "of your own set SSL_CERT_FILE to its certificate"
        )
    else:
        seen = f"TLS fails: {quoted(error.reason or str(error))}"
        advice = f"if this port speaks no TLS, use http://{address.place}{address.path}"
    return Finding(check="tls", verdict="problem", seen=seen, expected=expected, advice=advice)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__

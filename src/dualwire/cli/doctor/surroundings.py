"""What a server's surroundings show to somebody who asks: TLS, HTTP, hosts, addresses, time."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
import time
from dataclasses import dataclass

import httpx

from ..address import Address
from .findings import Finding
from .judgement import CERTIFICATE_SOON, judge_clock
from .places import DIRECT, Place
from .server import code_of, read_json

__all__ = ["Encrypted", "look_at_address", "look_at_clock", "look_at_origin", "look_at_tls"]


@dataclass(frozen=True, slots=True)
class Encrypted:
    """What a TLS handshake agrees on."""

    finding: Finding
    http_version: str
    """What browsers get: ``HTTP/2`` or ``HTTP/1.1``."""


async def look_at_tls(address: Address, wall: float) -> Encrypted | None:
    """Shake hands as a browser does; ``None`` if that fails, which requests tell better."""
    context = httpx.create_ssl_context()
    context.set_alpn_protocols(["h2", "http/1.1"])
    try:
        async with asyncio.timeout(10.0):
            _, writer = await asyncio.open_connection(address.host, address.port, ssl=context)
    except (OSError, TimeoutError):
        return None
    agreed = writer.get_extra_info("ssl_object")
    writer.transport.abort()
    left = ssl.cert_time_to_seconds(agreed.getpeercert()["notAfter"]) - wall
    version = "HTTP/2" if agreed.selected_alpn_protocol() == "h2" else "HTTP/1.1"
    days = f"{left / 86400:.0f} days"
    expected = "TLS, with a certificate that is renewed two weeks before it expires"
    seen = f"{agreed.version()}, certificate valid for {days}"
    if left > CERTIFICATE_SOON:
        return Encrypted(Finding(check="tls", verdict="ok", seen=seen, expected=expected), version)
    finding = Finding(
        check="tls",
        verdict="warning",
        seen=seen,
        expected=expected,
        advice="renew it, and see why that did not happen by itself (`systemctl list-timers`)",
    )
    return Encrypted(finding, version)


def judge_plain(address: Address) -> Finding:
    """What it means that there is no TLS."""
    expected = "https for whatever leaves the machine"
    if address.is_loopback:
        return Finding(
            check="tls", verdict="ok", seen="none, and none is needed here", expected=expected
        )
    return Finding(
        check="tls",
        verdict="warning",
        seen="no TLS: tokens and what players say can be read on the way",
        expected=expected,
        advice=(
            "serve https (a proxy with a certificate, or `dualwire serve --tls-cert`); a page "
            "that came over https cannot connect here at all"
        ),
    )


async def look_at_origin(
    http: httpx.AsyncClient, address: Address, token: str, place: Place | None
) -> Finding:
    """Ask as a page of the same address would; nothing is opened or changed."""
    headers = {"Authorization": f"Bearer {token}", "Origin": address.origin}
    response = await http.post(f"{address}/api/session", headers=headers, json={})
    expected = f"a page of {address.origin} may connect"
    if response.status_code == 200:
        return Finding(check="origin", verdict="ok", seen="it may", expected=expected)
    message = str(read_json(response).get("detail") or "")
    if response.status_code == 403 and "Origin" in message:
        return Finding(
            check="origin",
            verdict="problem",
            seen=f"refused: {message.partition(';')[0]}; the server sees another host",
            expected=expected,
            advice=(
                f"{(place or DIRECT).host}; or, if it has to change, "
                f"DUALWIRE_ALLOWED_ORIGINS={address.origin} for the server"
            ),
        )
    return Finding(
        check="origin",
        verdict="warning",
        seen=f"POST /api/session is answered with HTTP {response.status_code}: {message}",
        expected=expected,
        advice="browsers get their tickets there: let it through to dualwire",
    )


async def look_at_address(
    http: httpx.AsyncClient, address: Address, place: Place | None
) -> Finding | None:
    """Whether the server takes us for its own machine; ``None`` if it shows nothing of that."""
    response = await http.get(f"{address}/monitoring/node")
    expected = "the server sees each client's own address: limits count by it"
    if response.status_code in (401, 403) and code_of(read_json(response)) is not None:
        seen = "the server does not take this client for its own machine"
        return Finding(check="client_address", verdict="ok", seen=seen, expected=expected)
    if response.status_code != 200 or "node" not in read_json(response):
        return None
    if place is None and _is_this_machine(response):
        seen = "this is the server's own machine"
        return Finding(check="client_address", verdict="ok", seen=seen, expected=expected)
    return Finding(
        check="client_address",
        verdict="problem",
        seen=(
            "/monitoring is open to whoever comes this way, without a key: the server takes "
            "everybody for its own machine, and all players for one address"
        ),
        expected=expected,
        advice=f"the proxy has to say who asks. {(place or DIRECT).forwarded}",
    )


def _is_this_machine(response: httpx.Response) -> bool:
    peer = response.extensions["network_stream"].get_extra_info("server_addr")
    try:
        return ipaddress.ip_address(peer[0]).is_loopback
    except (TypeError, ValueError):
        return False


async def look_at_clock(
    http: httpx.AsyncClient, address: Address, token: str, player_id: str
) -> tuple[Finding, float] | None:
    """Compare clocks; the finding, and the seconds by which the server's is ahead.

    The header Date would be that of a proxy, in whole seconds; what the server says of its own
    player is its own time.
    """
    asked_at = time.time()
    headers = {"Authorization": f"Bearer {token}"}
    response = await http.get(f"{address}/api/connections/{player_id}", headers=headers)
    answered_at = time.time()
    told = read_json(response).get("timestamp")
    if response.status_code != 200 or not isinstance(told, (int, float)):
        return None
    ahead = told - (asked_at + answered_at) / 2
    return judge_clock(ahead, (answered_at - asked_at) / 2), ahead

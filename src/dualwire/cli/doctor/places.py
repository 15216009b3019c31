"""Who stands between us and the server, told by the headers of an answer, and what to write there.

Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["DIRECT", "Place", "place_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A kind of proxy, and its remedies."""

    name: str
    """As people call it."""
    unbuffered: str
    """How it passes on an event stream as it comes."""
    upgraded: str
    """How it passes WebSockets."""
    patient: str
    """How it lets a connection be silent for longer."""
    uncompressed: str
    """How it leaves an event stream uncompressed."""
    host: str
    """How it tells the server by which name it was asked."""
    forwarded: str
    """How it tells the server who asks, and whether over TLS."""


NGINX = Place(
    name="nginx",
    unbuffered=(
        "nginx, in the location of dualwire: `proxy_buffering off;` (and no "
        "`proxy_ignore_headers X-Accel-Buffering;`). With one nginx behind another the outer one "
        "needs it too: the inner one takes the header X-Accel-Buffering for itself"
    ),
    upgraded=(
        "nginx: `proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; "
        "proxy_set_header Connection $dualwire_connection;`, with the `map` of deploy/nginx.conf"
    ),
    patient="nginx: `proxy_read_timeout 75s; proxy_send_timeout 75s;`",
    uncompressed="nginx: `gzip off;` in the location of dualwire",
    host="nginx: `proxy_set_header Host $http_host;`",
    forwarded=(
        "nginx: `proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; "
        "proxy_set_header X-Forwarded-Proto $scheme;`"
    ),
)
CADDY = Place(
    name="Caddy",
    unbuffered=(
        "Caddy passes `text/event-stream` on at once by itself: take out whatever was added to "
        "`reverse_proxy` for it (`response_buffers`), or look at what is behind Caddy"
    ),
    upgraded="Caddy passes WebSockets by itself: `reverse_proxy 127.0.0.1:8000` is enough",
    patient=(
        "Caddy: take `stream_timeout` out of `reverse_proxy`, and `read_timeout` out of its "
        "`transport http`"
    ),
    uncompressed="Caddy: `encode { match { not header Content-Type text/event-stream* } }`",
    host="Caddy leaves Host as it is by itself: take out `header_up Host` lines",
    forwarded="Caddy says so by itself: take out `header_up` lines that change X-Forwarded headers",
)
OTHER = Place(
    name="a proxy",
    unbuffered=(
        "switch off the buffering of answers for this path in whatever is in front (nginx: "
        "`proxy_buffering off;`; Apache: `ProxyPass ... flushpackets=on`; a content delivery "
        "network: leave /api/events out)"
    ),
    upgraded=(
        "let whatever is in front pass WebSockets (nginx: `proxy_http_version 1.1; "
        'proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade";`; '
        "Apache: `ProxyPass ... upgrade=websocket`)"
    ),
    patient=(
        "give whatever is in front more patience than that (nginx: `proxy_read_timeout 75s;`; "
        "HAProxy: `timeout tunnel 75s` and `timeout server 75s`; a cloud's load balancer: its "
        "idle timeout)"
    ),
    uncompressed="leave `text/event-stream` out of what is compressed in front of the server",
    host=(
        "let whatever is in front pass the header Host as it came (nginx: `proxy_set_header Host "
        "$http_host;`; Apache: `ProxyPreserveHost On`)"
    ),
    forwarded=(
        "let whatever is in front say X-Forwarded-For and X-Forwarded-Proto (nginx: "
        "`proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;`)"
    ),
)
DIRECT = OTHER
"""Advice where nothing is known of what is in front."""

_BY_SERVER = {"nginx": NGINX, "openresty": NGINX, "tengine": NGINX, "caddy": CADDY}
_OTHERS = ("apache", "cloudflare", "envoy", "istio", "haproxy", "traefik", "varnish", "cloudfront")


def place_of(headers: Mapping[str, str]) -> Place | None:
    """The proxy that an answer came through; ``None`` if nothing tells of one.

    Args:
        headers: of the answer, with names in lower case or a mapping that does not mind.
    """
    told = " ".join(headers.get(name, "") for name in ("server", "via")).lower()
    for name, place in _BY_SERVER.items():
        if name in told:
            return place
    if any(name in told for name in _OTHERS) or headers.get("via") or headers.get("cf-ray"):
        return OTHER
    return None

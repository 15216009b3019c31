"""What was measured becomes findings. Pure: no network, no clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from ...types import ConnectionType
from .findings import Finding
from .places import DIRECT, NGINX, Place

__all__ = [
    "Delays",
    "Silence",
    "judge_buffering",
    "judge_clock",
    "judge_compression",
    "judge_headers",
    "judge_http_version",
    "judge_round_trips",
    "judge_silence",
]

AT_ONCE = 0.25
"""Seconds that an event may be later on the event stream than an answer by HTTP: more than the
jitter of a phone network, less than a person takes for a stall."""
FAR = 0.3
"""Seconds of a round trip that players begin to feel."""
CLOCK_TOLERANCE = 5.0
"""Seconds that clocks may differ: tokens live for minutes."""
CLOCK_LIMIT = 60.0
"""Seconds beyond which short-lived tokens fail."""
CERTIFICATE_SOON = 14 * 86400.0
"""Seconds before its end at which a certificate should have been renewed (Let's Encrypt: 30 d)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delays:
    """How probes fared: each asked the server to answer on the event stream.

    A delay is measured from the moment at which the answer to the question itself was here, so the
    network's own time does not count.
    """

    arrived: Sequence[float]
    """Seconds by which each one that came was later; below 0 if the stream was first."""
    missing: int
    """Probes whose answer did not come while it was waited for."""
    waited: float
    """Seconds that it was waited for."""
    flushed_after: int | None = None
    """Bytes that had to be written before all came at once; ``None`` if they did not."""


def judge_buffering(delays: Delays, place: Place | None) -> Finding:
    """Whether something holds the event stream back."""
    expected = "each event comes as soon as it is written, as on the WebSocket"
    advice = (place or DIRECT).unbuffered
    count = len(delays.arrived) + delays.missing
    if delays.missing:
        seen = (
            f"{delays.missing} of {count} events did not come within {delays.waited:g} s, though "
            "the server had written them: something on the way holds the event stream back"
        )
        if delays.flushed_after is not None:
            kilobytes = delays.flushed_after / 1024
            seen += f"; they came together, once about {kilobytes:.1f} KB had been written"
        return Finding(
            check="buffering", verdict="problem", seen=seen, expected=expected, advice=advice
        )
    late = median(delays.arrived)
    if late > AT_ONCE:
        seen = (
            f"events are {late:.1f} s late on the event stream: something on the way gathers them "
            "before it passes them on"
        )
        return Finding(
            check="buffering", verdict="problem", seen=seen, expected=expected, advice=advice
        )
    worst = max(delays.arrived)
    if worst > AT_ONCE:
        return Finding(
            check="buffering",
            verdict="warning",
            seen=f"one of {count} events was {worst:.1f} s late on the event stream",
            expected=expected,
            advice=f"look again: a busy network does that once, a buffer each time. Then: {advice}",
        )
    seen = f"{count} of {count} events came at once"
    if worst >= 0.001:
        seen += f", none more than {_ms(worst)} late"
    return Finding(check="buffering", verdict="ok", seen=seen, expected=expected)


def judge_headers(headers: Mapping[str, str], place: Place | None) -> Finding:
    """Whether the headers of the event stream are those that dualwire sends."""
    expected = "Content-Type: text/event-stream, Cache-Control: no-cache, no-transform"
    cache = headers.get("cache-control", "")
    wrong: list[str] = []
    if "no-transform" not in cache or "no-cache" not in cache:
        wrong.append(f"Cache-Control is {cache!r}" if cache else "Cache-Control is missing")
    if "content-length" in headers:
        wrong.append("Content-Length is there, so it was read to its end before")
    if headers.get("age", "0") != "0" or headers.get("x-cache", "").lower().startswith("hit"):
        wrong.append("it comes from a cache")
    if wrong:
        advice = (
            "something on the way changes headers: take out what sets Cache-Control for this path "
            "(nginx: `expires`, `add_header`, `proxy_hide_header`), and leave /api/ out of caches"
        )
        seen = "; ".join(wrong)
        return Finding(
            check="headers", verdict="warning", seen=seen, expected=expected, advice=advice
        )
    # A proxy of nginx's family obeys X-Accel-Buffering and takes it out.
    accel = headers.get("x-accel-buffering")
    seen = f"{headers.get('content-type')}; {cache}"
    if accel is not None:
        seen += f"; X-Accel-Buffering: {accel}"
    elif place is NGINX:
        seen += "; X-Accel-Buffering was for nginx, which keeps it"
    else:
        seen += "; X-Accel-Buffering was taken out on the way, as nginx does"
    return Finding(check="headers", verdict="ok", seen=seen, expected=expected)


def judge_compression(headers: Mapping[str, str], place: Place | None) -> Finding:
    """Whether the event stream is compressed."""
    encoding = headers.get("content-encoding", "identity")
    expected = "no Content-Encoding: a compressor waits for more before it writes"
    if encoding == "identity":
        return Finding(check="compression", verdict="ok", seen="none", expected=expected)
    return Finding(
        check="compression",
        verdict="warning",
        seen=f"the event stream is compressed on the way ({encoding})",
        expected=expected,
        advice=(place or DIRECT).uncompressed,
    )


def judge_http_version(version: str, *, secure: bool) -> Finding:
    """What the version of HTTP means for browsers."""
    expected = "HTTP/2 or later over TLS, where one connection carries all event streams of a page"
    limit = "browsers open at most six connections to a host, and each event stream takes one"
    if version in ("HTTP/2", "HTTP/3"):
        return Finding(check="http_version", verdict="ok", seen=version, expected=expected)
    if not secure:
        # There is no HTTP/2 in browsers without TLS, so nobody can do anything about it here.
        seen = f"{version}, the only one that browsers speak without TLS; {limit}"
        return Finding(check="http_version", verdict="ok", seen=seen, expected=expected)
    return Finding(
        check="http_version",
        verdict="warning",
        seen=f"{version}; {limit}",
        expected=expected,
        advice=(
            "switch HTTP/2 on in the proxy (nginx: `listen 443 ssl http2;`; Caddy does it by "
            "itself); until then the browser's client lets all tabs share one event stream, other "
            "clients should too"
        ),
    )


def judge_round_trips(trips: Mapping[ConnectionType, Sequence[float]]) -> Finding:
    """How far away the server is."""
    told = {kind: median(each) for kind, each in trips.items() if each}
    names = {"websocket": "WebSocket", "sse": "HTTP and event stream"}
    seen = ", ".join(f"{names[kind]} {_ms(each)}" for kind, each in told.items())
    expected = f"below {FAR * 1000:.0f} ms"
    if max(told.values()) < FAR:
        return Finding(check="round_trip", verdict="ok", seen=seen, expected=expected)
    return Finding(
        check="round_trip",
        verdict="warning",
        seen=seen,
        expected=expected,
        advice=(
            "is the server far away, or busy? /monitoring/node says how late its loop is; "
            "`dualwire stats` shows it"
        ),
    )


def judge_clock(ahead: float, uncertain: float) -> Finding:
    """Whether two clocks agree.

    Args:
        ahead: seconds by which the server's is ahead of ours.
        uncertain: seconds that this may be off.
    """
    expected = f"within {CLOCK_TOLERANCE:g} s of this machine's"
    apart = max(0.0, abs(ahead) - uncertain)
    seen = f"the server's clock is {abs(ahead):.1f} s {'ahead' if ahead > 0 else 'behind'}"
    if apart <= CLOCK_TOLERANCE:
        if abs(ahead) < 1.0:
            seen = "both agree within a second"
        return Finding(check="clock", verdict="ok", seen=seen, expected=expected)
    late = "too early" if ahead > 0 else "too late"
    return Finding(
        check="clock",
        verdict="problem" if apart > CLOCK_LIMIT else "warning",
        seen=f"{seen}; tokens that are issued elsewhere expire {late} there",
        expected=expected,
        advice=(
            "let both machines keep time (`timedatectl set-ntp true`); look which one is wrong. "
            "DUALWIRE_LEEWAY allows the clock of whoever issues tokens some seconds"
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """What became of a connection that was left alone."""

    watched: float
    """Seconds."""
    longest: float
    """Seconds of the longest silence that it outlived."""
    quiet: float
    """Seconds since anything came, at the end."""
    interval: float
    """Seconds between the server's pings."""
    ended: str | None
    """How it ended; ``None`` if it lives."""
    by_server: bool = False
    """Whether the server said goodbye."""


SLACK = 1.3
"""Times the interval after which a ping is missing: nodes spread pings, networks delay them."""


def judge_silence(kind: ConnectionType, silence: Silence, place: Place | None) -> Finding:
    """Whether a connection outlives silence."""
    check = "idle_websocket" if kind == "websocket" else "idle_event_stream"
    interval, patience = silence.interval, (place or DIRECT).patient
    expected = f"it lives on: the server says something every {interval:g} s"
    remedy = (
        f"{patience}; or let the server say something more often: "
        f"DUALWIRE_HEARTBEAT__INTERVAL={_shorter(silence.quiet)}"
    )
    if silence.ended is not None:
        if silence.by_server:
            return Finding(
                check=check,
                verdict="warning",
                seen=f"after {silence.watched:.1f} s {silence.ended}",
                expected=expected,
                advice="that was the server's own will: its log (`connection_closed`) tells why",
            )
        return Finding(
            check=check,
            verdict="problem",
            seen=f"cut after {silence.quiet:.1f} s of silence ({silence.ended})",
            expected=expected,
            advice=remedy,
        )
    if silence.quiet > interval * SLACK + 1.0:
        return Finding(
            check=check,
            verdict="problem",
            seen=(
                f"nothing came for {silence.quiet:.1f} s, and no end either: something on the way "
                "has forgotten the connection, or holds it back"
            ),
            expected=expected,
            advice=remedy,
        )
    longest = max(silence.longest, silence.quiet)
    seen = f"open after {silence.watched:.0f} s, {longest:.1f} s of them silent at a stretch"
    return Finding(check=check, verdict="ok", seen=seen, expected=expected)


def _shorter(quiet: float) -> str:
    """A ping interval that stays below what cut the connection."""
    return f"{max(1.0, quiet * 0.6):.0f}"


def _ms(seconds: float) -> str:
    milliseconds = seconds * 1000
    return f"{milliseconds:.1f} ms" if milliseconds < 10 else f"{milliseconds:.0f} ms"

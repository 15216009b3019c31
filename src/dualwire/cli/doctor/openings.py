"""How both connections opened becomes findings. Pure."""

from __future__ import annotations

from .findings import Finding
from .places import DIRECT, Place
from .sse import EventStream
from .websocket import WebSocket

__all__ = ["judge_event_stream", "judge_same_game", "judge_uplink", "judge_websocket"]

WHILE_BLOCKED = "until then players go on over the event stream alone, and send by HTTP"


def judge_websocket(
    socket: WebSocket, asked_at: float, waited: float, place: Place | None
) -> Finding:
    """Whether the WebSocket opened and carries."""
    check, expected = "websocket", "HTTP 101, and a `hello` frame"
    arrivals = socket.arrivals
    if arrivals.hello is not None and arrivals.hello_at is not None:
        if socket.subprotocol != "dualwire.v1":
            return Finding(
                check=check,
                verdict="warning",
                seen="it carries, but the subprotocol was lost on the way",
                expected="the subprotocol dualwire.v1 is agreed on, which browsers insist on",
                advice="let the header Sec-WebSocket-Protocol pass, both ways",
            )
        took = (arrivals.hello_at - asked_at) * 1000
        seen = f"open, and said hello after {took:.0f} ms"
        return Finding(check=check, verdict="ok", seen=seen, expected=expected)
    upgraded = (place or DIRECT).upgraded
    if socket.refused_by_us or (socket.upgraded and arrivals.ended is not None):
        seen = socket.refused or arrivals.ended or ""
        advice = (
            "the server itself says so: docs/reference/codes.md tells the codes, its log "
            "(`connection_refused`) what it refused"
        )
    elif socket.refused is not None:
        seen = f"blocked: {socket.refused}"
        advice = f"{upgraded}; {WHILE_BLOCKED}"
    elif socket.upgraded:
        seen = f"it opened, and nothing came on it within {waited:g} s"
        advice = (
            f"something on the way accepts WebSockets and does not pass their frames on: {upgraded}"
        )
    else:
        seen = f"the handshake was not answered within {waited:g} s"
        advice = f"something on the way holds it: {upgraded}; {WHILE_BLOCKED}"
    return Finding(check=check, verdict="problem", seen=seen, expected=expected, advice=advice)


def judge_event_stream(
    stream: EventStream, asked_at: float, waited: float, *, known: bool, place: Place | None
) -> Finding:
    """Whether the event stream opened and carries.

    Args:
        stream: how it went.
        asked_at: clock seconds at which it was asked for.
        waited: seconds that its ``hello`` was waited for.
        known: whether the server says that it has this stream open.
        place: what stands in front.
    """
    check, expected = "event_stream", "HTTP 200, and a `hello` message"
    arrivals = stream.arrivals
    if arrivals.hello is not None and arrivals.hello_at is not None:
        took = arrivals.hello_at - asked_at
        seen = f"open, and said hello after {took * 1000:.0f} ms"
        return Finding(check=check, verdict="ok", seen=seen, expected=expected)
    if stream.refused is not None:
        advice = (
            "the server itself says so: its log (`connection_refused`) tells what it refused"
            if stream.refused_by_us
            else "let GET /api/events through to dualwire as it is: no cache, login or rewriting"
        )
        seen = f"it did not open: {stream.refused}"
    elif arrivals.ended is not None:
        seen = arrivals.ended
        advice = (
            "something on the way ends answers that take long, or waits for their end: "
            f"{(place or DIRECT).unbuffered}"
        )
    else:
        part = "not even its headers" if stream.response is None else "nothing but its headers"
        seen = f"{part} came within {waited:g} s"
        if known:
            # The answers to probes show the same, and then the advice stands with ``buffering``.
            seen += "; the server has it open, and wrote its hello at once"
            advice = "something on the way holds it back: see buffering"
        else:
            advice = f"something on the way holds it back: {(place or DIRECT).unbuffered}"
    return Finding(check=check, verdict="problem", seen=seen, expected=expected, advice=advice)


def judge_same_game(socket: WebSocket, stream: EventStream, *, known: bool) -> Finding | None:
    """Whether both connections lead to the same game; ``None`` if they cannot be compared.

    Args:
        socket: one.
        stream: the other.
        known: whether a message for the event stream's connection found it.
    """
    one, other = socket.arrivals.hello, stream.arrivals.hello
    if one is None or other is None:
        return None
    expected = "both are connections of one session, on one node or on nodes that share an engine"
    nodes = {str(one.get("node")), str(other.get("node"))}
    names = " and ".join(sorted(nodes))
    if one.get("session") == other.get("session") and known:
        seen = f"one session, on node {names}" if len(nodes) == 1 else f"one session, on {names}"
        return Finding(check="same_game", verdict="ok", seen=seen, expected=expected)
    return Finding(
        check="same_game",
        verdict="problem",
        seen=f"requests reach different processes that do not know each other ({names})",
        expected=expected,
        advice=(
            "several processes need a shared engine: `--engine redis://HOST` on each; or run one "
            "(`--workers 1`, one upstream)"
        ),
    )


def judge_uplink(status: int | None, why: str, *, by_us: bool) -> Finding:
    """Whether messages reach the server by HTTP.

    Args:
        status: of the answer to one; ``None`` if there was none.
        why: what else is known of a failure.
        by_us: whether dualwire itself answered.
    """
    expected = "POST /api/send is answered by dualwire with 200"
    if status == 200:
        return Finding(check="uplink", verdict="ok", seen="HTTP 200", expected=expected)
    seen = f"HTTP {status}" if status is not None else "no answer"
    return Finding(
        check="uplink",
        verdict="problem",
        seen=f"{seen}: {why}" if why else seen,
        expected=expected,
        advice=(
            "the server itself says so"
            if by_us
            else "let POST requests to /api/ through to dualwire (a firewall for applications, a "
            "`limit_except`, a cache): they carry commands while a WebSocket is blocked, and tell "
            "the server that an event stream lives"
        ),
    )

"""Health: a pure judgement of what was observed. A check reads and never touches a connection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from ..config import Heartbeat

__all__ = ["Verdict", "Vitals", "judge", "ping_slot"]

Verdict: TypeAlias = Literal["healthy", "degraded", "dead"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """What was observed of one connection. Times are seconds of one monotonic clock."""

    alive: bool
    """Whether the transport believes that there is a peer."""
    waiting: int
    """Bytes that the peer has not taken yet."""
    progress_at: float
    """When the transport last handed bytes to the network, or had none to hand over."""
    own_delay: float = 0.0
    """Seconds that our own loop was late since then; they never count against a peer."""


def judge(vitals: Vitals, now: float, heartbeat: Heartbeat) -> Verdict:
    """How a connection is.

    *Dead*: there is no peer any more. *Degraded*: bytes wait and have not moved for
    ``degraded_after``; that is reported, and is no reason to end it. *Healthy*: everything else.
    """
    if not vitals.alive:
        return "dead"
    stalled = now - vitals.progress_at - vitals.own_delay
    if vitals.waiting and stalled > heartbeat.degraded_after:
        return "degraded"
    return "healthy"


def ping_slot(number: int, interval: float, turn: float) -> float:
    """Seconds from now until a connection's first ping.

    Spreads the pings of connections that opened together evenly over the interval (the golden
    ratio's multiples modulo 1 are equidistributed: Weyl 1916).

    Args:
        number: how many connections were opened before.
        interval: seconds between pings.
        turn: seconds between two looks of housekeeping; the first ping is not sooner.
    """
    return turn + (number * 0.6180339887498949 % 1.0) * max(0.0, interval - turn)

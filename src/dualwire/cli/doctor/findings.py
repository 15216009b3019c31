"""What the doctor found: one finding per check, and what follows from all of them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Literal

from ...types import JSONObject

__all__ = ["CHECKS", "Finding", "Report", "Verdict"]

Verdict = Literal["ok", "warning", "problem"]

CHECKS: dict[str, str] = {
    "address": "Does the URL lead there: name, port, redirects, the path that the application has",
    "server": "Does a dualwire server answer, and not a login page, an error of a proxy, a cache",
    "tls": "Is it encrypted, is the certificate trusted, and for how long yet",
    "token": "Is the token accepted",
    "cookie": "Is the cookie of a login over TLS marked `Secure`",
    "origin": "May a page of this very address connect, or did a proxy change the host",
    "client_address": "Does the server see who asks, or takes it everybody for its own machine",
    "http_version": "Which version of HTTP browsers get, and what that costs them",
    "websocket": "Does a WebSocket open, and does it carry",
    "event_stream": "Does an event stream open, and does it carry",
    "headers": "Do the headers of the event stream arrive as they were sent",
    "compression": "Is the event stream compressed on the way",
    "uplink": "Do messages reach the server by HTTP, for players whose WebSocket is blocked",
    "same_game": "Do both connections lead to the same game",
    "buffering": "Does each event come at once on the event stream, compared with the WebSocket",
    "round_trip": "How long an answer takes, on both connections",
    "clock": "Does the server's clock agree with this machine's",
    "idle_websocket": "Does a WebSocket outlive the silence between two pings",
    "idle_event_stream": "Does an event stream outlive the silence between two pings",
}
"""What is looked at, in the order in which it is told. The names are a promise to scripts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one check found."""

    check: str
    """One of :data:`CHECKS`."""
    verdict: Verdict
    """``ok``, ``warning`` (works, and will hurt somebody) or ``problem`` (does not work)."""
    seen: str
    """What there is."""
    expected: str
    """What there should be."""
    advice: str = ""
    """What to do about it; empty where nothing has to be done."""

    def __post_init__(self) -> None:
        assert self.check in CHECKS, self.check
        assert self.verdict == "ok" or self.advice, f"{self.check}: a bad finding advises"


@dataclass(slots=True)
class Report:
    """All findings about one server."""

    url: str
    """The server, as it was asked for."""
    findings: list[Finding] = field(default_factory=list)
    facts: JSONObject = field(default_factory=dict)
    """What was measured, for machines: names and numbers."""

    def add(self, *findings: Finding) -> None:
        """Tell more."""
        self.findings.extend(findings)

    def verdict_of(self, check: str) -> Verdict | None:
        """What was found; ``None`` if it was not looked at."""
        found = [each.verdict for each in self.findings if each.check == check]
        return found[-1] if found else None

    def count(self, verdict: Verdict) -> int:
        """How many findings there are of a kind."""
        return sum(each.verdict == verdict for each in self.findings)

    def fields(self) -> JSONObject:
        """The same for machines."""
        order = list(CHECKS)
        findings = sorted(self.findings, key=lambda each: order.index(each.check))
        return {
            "url": self.url,
            "ok": not self.count("problem"),
            "problems": self.count("problem"),
            "warnings": self.count("warning"),
            "findings": [asdict(each) for each in findings],
            "facts": self.facts,
        }

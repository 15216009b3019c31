"""Do the metrics say what the crowd knows? Each check names what was expected and what came."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .publisher import heard_wrongly
from .town import Scrape
from .trouble import Done
from .visitor import KINDS, Visitor

__all__ = ["Check", "documented", "judge"]

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "metrics.md"


@dataclass(frozen=True, slots=True)
class Check:
    """One comparison."""

    what: str
    got: float
    least: float
    most: float

    @property
    def holds(self) -> bool:
        """Whether it is as it should be."""
        return self.least <= self.got <= self.most

    @property
    def expected(self) -> str:
        """For a person."""
        if self.least == self.most:
            return f"{self.least:,.6g}"
        if self.most == float("inf"):
            return f"at least {self.least:,.6g}"
        return f"{self.least:,.6g} to {self.most:,.6g}"


def documented() -> set[str]:
    """Every name that the page of metrics has."""
    return set(re.findall(r"^\| `(\w+)` \|", PAGE.read_text(), re.MULTILINE))


def judge(
    found: Scrape, visitors: Sequence[Visitor], done: Done, said: int, seconds: float
) -> list[Check]:
    """Compare a scrape that was made when everything was quiet again.

    Args:
        found: the metrics.
        visitors: who know what happened to them.
        done: what was done to them.
        said: events that were published by the server API.
        seconds: that the server has run, at least.
    """
    return [
        *_names(found),
        *_promises(visitors, said),
        *_connections(found, visitors, done),
        *_failovers(found, visitors, done),
        *_messages(found, visitors, said),
        *_resources(found, seconds),
    ]


def _names(found: Scrape) -> Iterator[Check]:
    wanted = documented()
    yield _exactly("documented names that /metrics has", len(found.names & wanted), len(wanted))
    others = {name for name in found.names - wanted if name.startswith("dualwire_")}
    yield _exactly("names that no page documents", len(others), 0)


def _promises(visitors: Sequence[Visitor], said: int) -> Iterator[Check]:
    lost, wrong = heard_wrongly(visitors, said)
    yield _exactly("numbers lost", lost, 0)
    yield _exactly("numbers repeated or out of order", wrong, 0)
    yield _exactly(
        "gaps told to players", sum(len(tab.gaps) for v in visitors for tab in v.tabs), 0
    )


def _connections(found: Scrape, visitors: Sequence[Visitor], done: Done) -> Iterator[Check]:
    count = len(visitors)
    yield _exactly("players online", found.value("dualwire_players_online"), count)
    dual = found.value("dualwire_players", connections="dual")
    yield _exactly("players with both connections", dual, count)
    for kind in KINDS:
        now = found.value("dualwire_connections", type=kind)
        seen = sum(visitor.opened(kind) for visitor in visitors)
        opened = found.value("dualwire_connections_opened_total", type=kind)
        closed = found.value("dualwire_connections_closed_total", type=kind)
        timed = found.value("dualwire_connection_establishment_seconds_count", type=kind)
        yield _exactly(f"{kind}: open now", now, count)
        # One that broke while it opened was opened for the server only.
        yield Check(f"{kind}: opened", opened, seen, seen + done.broken + 2 * done.both)
        yield _exactly(f"{kind}: opened less closed", opened - closed, now)
        yield _exactly(f"{kind}: establishments timed", timed, opened)
    closes = found.by("dualwire_connections_closed_total", "code")
    replaced = closes.get("session_replaced", 0.0)
    yield Check("ends by session_replaced", replaced, 0.9 * done.takeovers, 2 * done.takeovers)
    yield _exactly("takeovers", found.value("dualwire_takeovers_total"), done.takeovers)
    refused = found.by("dualwire_connections_refused_total", "code")
    # A tab that was cut off while its session was taken over learns of that as it comes back.
    late = refused.pop("session_replaced", 0.0)
    yield Check("refused as replaced", late, 0, 2 * done.takeovers)
    yield _exactly("refused otherwise", sum(refused.values()), 0)
    yield _exactly("rate limited", found.value("dualwire_rate_limited_total"), 0)


def _failovers(found: Scrape, visitors: Sequence[Visitor], done: Done) -> Iterator[Check]:
    hidden = found.value("dualwire_failovers_hidden_total")
    outages = found.value("dualwire_outages_total")
    # When both break at once, the first leaves the other for a moment.
    yield Check(
        "failovers hidden", hidden, 0.9 * done.broken, 1.05 * (done.broken + 2 * done.both) + 5
    )
    yield Check("outages", outages, 0.5 * done.both, 1.05 * done.both + 5 + 0.05 * done.broken)
    reopened = sum(tab.client.statistics.reconnects for v in visitors for tab in v.tabs)
    recoveries = found.value("dualwire_recoveries_total")
    yield Check("recoveries that clients told of", recoveries, 0.8 * reopened, reopened)
    yield _exactly("ranges lost", found.value("dualwire_losses_total"), 0)
    resumes = found.value("dualwire_resumes_total")
    yield _exactly("openings met", resumes, found.value("dualwire_connections_opened_total"))


def _messages(found: Scrape, visitors: Sequence[Visitor], said: int) -> Iterator[Check]:
    asked = sum(visitor.asked for visitor in visitors)
    answered = sum(visitor.outcomes["done"] for visitor in visitors)
    yield Check("commands", found.value("dualwire_commands_total"), answered, asked)
    yield Check("commands answered", answered, 0.98 * asked, asked)
    got = sum(
        tab.client.statistics.delivered + tab.client.statistics.duplicates
        for visitor in visitors
        for tab in visitor.tabs
    )
    # Pings, greetings, and what broke on the way are frames as well.
    yield Check("frames", found.value("dualwire_deliveries_total"), got, 2.0 * got)
    published = found.value("dualwire_published_total", stream="global")
    yield Check("published for all", published, said, said + asked)
    for name in ("publish", "message_delivery", "acknowledgement", "round_trip"):
        base = f"dualwire_{name}_seconds"
        count, total = found.value(f"{base}_count"), found.value(f"{base}_sum")
        yield Check(f"{name}: timed", count, 1, float("inf"))
        yield Check(f"{name}: seconds on average", total / max(1.0, count), 0.0, 10.0)
    yield _exactly("errors", found.value("dualwire_errors_total"), 0)


def _resources(found: Scrape, seconds: float) -> Iterator[Check]:
    used = found.value("process_cpu_seconds_total")
    yield Check("seconds of processor", used, 0.1, 1.5 * seconds)
    memory = found.value("process_resident_memory_bytes") / 2**20
    yield Check("MB of memory", memory, 20, 1024)
    files, most = found.value("process_open_fds"), found.value("process_max_fds")
    connections = found.value("dualwire_connections")
    yield Check("files open", files, connections, min(most, connections + 200))


def _exactly(what: str, got: float, expected: float) -> Check:
    return Check(what, got, expected, expected)

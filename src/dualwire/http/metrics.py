"""Prometheus metrics: gauges from the registry at the moment of the scrape, the rest as counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, get_args

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from .. import __version__
from ..core.lifecycle import State
from ..manager import ConnectionManager
from ..runtime.stats import ARMS, BUCKETS, Durations, Experience
from ..types import LossReason
from .figures import Figures

__all__ = ["Metrics", "NodeCollector"]

_TYPES = ("websocket", "sse")
_STREAMS = ("player", "room", "global")
_LIVING = [state.value for state in State if state is not State.CLOSED]


class Metrics:
    """The metrics of one manager's process, in a registry of their own.

    Args:
        manager: what is measured.
    """

    def __init__(self, manager: ConnectionManager) -> None:
        self._registry = CollectorRegistry()
        self._collector = NodeCollector(manager)
        self._registry.register(self._collector)
        ProcessCollector(registry=self._registry)

    def expose(self, accept: str, figures: Figures | None = None) -> tuple[bytes, str]:
        """The metrics as text.

        Args:
            accept: formats that the scraper takes.
            figures: what was looked at beforehand; ``None`` to look now.

        Returns:
            The text and its content type.
        """
        self._collector.figures = figures
        encoder, content_type = choose_encoder(accept)
        return encoder(self._registry), content_type


class NodeCollector(Collector):
    """Reads one node.

    Args:
        manager: whose node.
    """

    def __init__(self, manager: ConnectionManager) -> None:
        self._manager = manager
        self.figures: Figures | None = None
        """What was looked at beforehand; ``None`` to look when it is collected."""

    def collect(self) -> Iterable[Metric]:
        yield from self._gauges()
        yield from self._counters()
        yield from self._experiences()
        yield from self._histograms()

    def _gauges(self) -> Iterator[Metric]:
        node = self._manager.node
        figures = self.figures or Figures(self._manager)
        arms, states = figures.arms, figures.states
        yield _gauge(
            "info", "Always 1; which node and version.", {(node.id, __version__): 1},
            "node", "version",
        )  # fmt: skip
        yield _gauge(
            "connections",
            "Connections that carry events now.",
            {(kind,): figures.count(kind) for kind in _TYPES},
            "type",
        )
        yield _gauge(
            "connection_states",
            "All connections, by where they are in their life.",
            {(state,): states[state] for state in _LIVING},
            "state",
        )
        health: dict[tuple[str, ...], float] = {}
        for kind in _TYPES:
            health[kind, "healthy"] = figures.healthy(kind)
            health[kind, "degraded"] = figures.count(kind) - figures.healthy(kind)
        yield _gauge("connection_health", "Connections by how they are.", health, "type", "verdict")
        yield _gauge(
            "players",
            "Players with connections on this node, by what they have.",
            {
                ("websocket",): figures.players_with("websocket"),
                ("sse",): figures.players_with("sse"),
                ("dual",): figures.players_with("websocket", "sse"),
            },
            "connections",
        )
        yield _gauge(
            "players_by_connections",
            "Players on this node, by how many connections of a type they have.",
            _by_count(figures),
            "type",
            "count",
        )
        yield _gauge(
            "arm_players",
            "Players on this node, by their side of the rollout of dual_connections.",
            {(arm,): arms[arm] for arm in ARMS},
            "arm",
        )
        for name, text, value in (
            ("players_online", "Players who are present.", len(figures.online)),
            ("sessions", "Sessions of players who are present.", figures.sessions),
            ("rooms", "Rooms with subscribed players.", len(node.engine.members())),
            ("ready", "Whether new connections are welcome.", int(node.welcoming)),
            ("engine_up", "Whether the engine answers.", int(node.engine.trouble() is None)),
            (
                "acknowledged_lag_max",
                "Entries of a player's own stream that no client acknowledged, of who lags most.",
                figures.longest_lag,
            ),
            ("waiting_bytes", "Bytes that the network has not taken.", figures.waiting),
            (
                "waiting_bytes_max",
                "The same, of the connection for which most wait.",
                figures.longest_waiting,
            ),
        ):
            yield GaugeMetricFamily(f"dualwire_{name}", text, value=value)

    def _counters(self) -> Iterator[Metric]:
        stats = self._manager.node.stats
        for name, text, values, labels in (
            (
                "connections_opened",
                "Connections that opened.",
                _known(stats.opened, *_TYPES),
                ("type",),
            ),
            ("connections_closed", "Connections that ended.", stats.closed, ("type", "code")),
            ("connections_refused", "Connections refused.", stats.refused, ("type", "code")),
            ("rate_limited", "What was too much.", stats.rate_limited, ("what", "outcome")),
            (
                "published",
                "Events published here.",
                _known(stats.published, *_STREAMS),
                ("stream",),
            ),
            (
                "health_changes",
                "Changes of health.",
                _known(stats.health_changes, "healthy", "degraded"),
                ("verdict",),
            ),
            ("errors", "Errors by where and what.", stats.errors, ("where", "class")),
            (
                "resumes",
                "Openings, by how the position that they came with was met.",
                stats.resumes,
                ("outcome", "reason"),
            ),
            (
                "losses",
                "Ranges of events that history no longer had for a connection.",
                _known(stats.losses, *get_args(LossReason)),
                ("reason",),
            ),
            (
                "recoveries",
                "Connections that clients say came back, and whether the player noticed.",
                _known(stats.recoveries, "hidden", "noticed"),
                ("outcome",),
            ),
        ):
            yield _counter(name, text, values, *labels)
        for name, text, value in (
            ("deliveries", "Frames handed to transports.", stats.deliveries),
            ("takeovers", "Sessions that replaced another one.", stats.takeovers),
            ("arrivals", "Players who came.", stats.arrivals),
            ("departures", "Players who left.", stats.departures),
            ("commands", "Messages of clients for the application.", stats.commands),
            (
                "failovers_hidden",
                "Connections that broke while another one of the player carried on.",
                stats.hidden_failovers,
            ),
            ("outages", "Connections that broke and left the player without any.", stats.outages),
            (
                "control_rejected",
                "Entries between nodes that were forged or repeated, and not acted upon.",
                stats.control_rejected,
            ),
        ):
            yield CounterMetricFamily(f"dualwire_{name}", text, value=value)

    def _experiences(self) -> Iterator[Metric]:
        arms = self._manager.node.stats.arms
        yield _counter(
            "arm_closed",
            "Connections that ended, by side of the rollout.",
            {(arm, code): count for arm in ARMS for code, count in arms[arm].closed.items()},
            "arm",
            "code",
        )
        for name, text in _EXPERIENCES.items():
            values = {(arm,): getattr(arms[arm], name) for arm in ARMS}
            yield _counter(f"arm_{name}", f"{text}, by side of the rollout.", values, "arm")

    def _histograms(self) -> Iterator[Metric]:
        stats = self._manager.node.stats
        for name, text, label, durations in (
            (
                "connection_establishment",
                "From the request to a connection that carries.",
                "type",
                stats.establishment,
            ),
            ("round_trip", "From a ping of ours to its pong.", "type", stats.round_trip),
            (
                "acknowledgement",
                "From an event's fan-out until a client's application has it (sampled).",
                "asked",
                stats.acknowledgement,
            ),
            (
                "gc_pause",
                "How long the garbage collector stopped everything.",
                "generation",
                stats.collection,
            ),
        ):
            family = HistogramMetricFamily(f"dualwire_{name}_seconds", text, labels=[label])
            for key, each in durations.items():
                family.add_metric([key], _buckets(each), each.total)
            yield family
        for name, text, each in (
            ("publish", "From the call until the engine has the event.", stats.publish),
            (
                "message_delivery",
                "From an event's fan-out until its last connection was written (sampled).",
                stats.delivery,
            ),
            ("delivery_report", "From deliver() to the last connection.", stats.report),
            ("disconnection", "From our goodbye to the end.", stats.disconnection),
            ("session_switch", "How long a takeover took.", stats.session_switch),
            ("loop_lag", "By how much the event loop was late.", stats.loop_lag),
        ):
            yield HistogramMetricFamily(
                f"dualwire_{name}_seconds", text, buckets=_buckets(each), sum_value=each.total
            )


_EXPERIENCES = {
    "opened": "Connections that opened",
    "stalls": "Connections that became degraded",
    "losses": "Ranges of events that history no longer had",
    "takeovers": "Sessions that replaced another one",
    "hidden_failovers": "Connections that broke while another one carried on",
    "outages": "Connections that broke and left the player without any",
    "replaced": "Connections that a newer one of the same type replaced",
}
"""What each field of :class:`Experience` counts."""

assert {*_EXPERIENCES, "closed"} == set(Experience.__slots__)


def _by_count(figures: Figures) -> dict[tuple[str, ...], float]:
    found: dict[tuple[str, ...], float] = {}
    for kind in _TYPES:
        counts = figures.players_by_count(kind)
        one, two = counts.pop(1, 0), counts.pop(2, 0)
        found |= {(kind, "1"): one, (kind, "2"): two, (kind, "more"): counts.total()}
    return found


def _gauge(name: str, text: str, values: Mapping[Any, float], *labels: str) -> GaugeMetricFamily:
    gauge = GaugeMetricFamily(f"dualwire_{name}", text, labels=labels)
    for key, value in values.items():
        gauge.add_metric(list(key), value)
    return gauge


def _counter(
    name: str, text: str, values: Mapping[Any, float], *labels: str
) -> CounterMetricFamily:
    counter = CounterMetricFamily(f"dualwire_{name}", text, labels=labels)
    for key, value in values.items():
        counter.add_metric(list(key), value)
    return counter


def _known(counter: Counter[str], *names: str) -> dict[tuple[str, ...], float]:
    """What a counter has, with a zero for what it could have: a rate needs a beginning."""
    return {(name,): counter[name] for name in (*names, *(set(counter) - set(names)))}


def _buckets(durations: Durations) -> list[tuple[str, float]]:
    """Cumulative, as Prometheus wants them."""
    found: list[tuple[str, float]] = []
    reached = 0
    for bound, count in zip(BUCKETS, durations.buckets, strict=False):
        reached += count
        found.append((str(bound), reached))
    return [*found, ("+Inf", durations.count)]

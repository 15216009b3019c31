"""Prometheus metrics: gauges from the registry at the moment of the scrape, the rest as counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from ..manager import ConnectionManager
from ..runtime.stats import BUCKETS, Durations
from .figures import Figures

__all__ = ["Metrics", "NodeCollector"]

_TYPES = ("websocket", "sse")


class Metrics:
    """The metrics of one manager's process, in a registry of their own.

    Args:
        manager: what is measured.
    """

    def __init__(self, manager: ConnectionManager) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(NodeCollector(manager))
        ProcessCollector(registry=self._registry)

    def expose(self, accept: str) -> tuple[bytes, str]:
        """The metrics as text, in the format that the scraper accepts, and its content type."""
        encoder, content_type = choose_encoder(accept)
        return encoder(self._registry), content_type


class NodeCollector(Collector):
    """Reads one node.

    Args:
        manager: whose node.
    """

    def __init__(self, manager: ConnectionManager) -> None:
        self._manager = manager

    def collect(self) -> Iterable[Metric]:
        yield from self._gauges()
        yield from self._counters()
        yield from self._histograms()

    def _gauges(self) -> Iterator[Metric]:
        manager, node = self._manager, self._manager.node
        figures = Figures(manager)
        yield _gauge(
            "dualwire_connections",
            "Connections that carry events now.",
            {(kind,): figures.count(kind) for kind in _TYPES},
            "type",
        )
        verdicts: Counter[tuple[str, ...]] = Counter(
            {(kind, verdict): 0 for kind in _TYPES for verdict in ("healthy", "degraded")}
        )
        for each in figures.connections:
            verdicts[each.connection_type, "healthy" if each.is_healthy else "degraded"] += 1
        yield _gauge(
            "dualwire_connection_health",
            "Connections by how they are.",
            verdicts,
            "type",
            "verdict",
        )
        yield _gauge(
            "dualwire_players",
            "Players with connections on this node, by what they have.",
            {
                ("websocket",): figures.players_with("websocket"),
                ("sse",): figures.players_with("sse"),
                ("dual",): figures.players_with("websocket", "sse"),
            },
            "connections",
        )
        for name, text, value in (
            ("players_online", "Players who are present.", len(node.engine.presence())),
            ("sessions", "Sessions of players who are present.", len(figures.sessions)),
            ("rooms", "Rooms with subscribed players.", len(node.engine.members())),
            ("ready", "Whether new connections are welcome.", int(node.ready)),
            (
                "acknowledged_lag_max",
                "Entries of a player's own stream that no client acknowledged, of who lags most.",
                self._longest_lag(),
            ),
        ):
            yield GaugeMetricFamily(f"dualwire_{name}", text, value=value)

    def _longest_lag(self) -> int:
        lags = (
            self._manager.get_acknowledged_lag(player.id).get(player.stream, 0)
            for player in self._manager.node.hub.players.values()
            if player.acknowledged
        )
        return max(lags, default=0)

    def _counters(self) -> Iterator[Metric]:
        stats = self._manager.node.stats
        for name, text, values, labels in (
            ("connections_opened", "Connections that opened.", _keyed(stats.opened), ("type",)),
            ("connections_closed", "Connections that ended.", stats.closed, ("type", "code")),
            ("connections_refused", "Connections refused.", stats.refused, ("type", "code")),
            ("rate_limited", "What was too much.", stats.rate_limited, ("what", "outcome")),
            ("published", "Events published here.", _keyed(stats.published), ("stream",)),
            ("health_changes", "Changes of health.", _keyed(stats.health_changes), ("verdict",)),
            ("errors", "Errors by where they happened.", _keyed(stats.errors), ("where",)),
        ):
            counter = CounterMetricFamily(f"dualwire_{name}", text, labels=labels)
            for key, value in values.items():
                counter.add_metric(list(key), value)
            yield counter
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
        ):
            yield CounterMetricFamily(f"dualwire_{name}", text, value=value)

    def _histograms(self) -> Iterator[Metric]:
        stats = self._manager.node.stats
        opening = HistogramMetricFamily(
            "dualwire_connection_establishment_seconds",
            "From the request to a connection that carries.",
            labels=["type"],
        )
        for kind, durations in stats.establishment.items():
            opening.add_metric([kind], _buckets(durations), durations.total)
        yield opening
        for name, text, durations in (
            ("message_delivery", "From deliver() to the last connection.", stats.delivery),
            ("disconnection", "From our goodbye to the end.", stats.disconnection),
            ("session_switch", "How long a takeover took.", stats.session_switch),
        ):
            yield HistogramMetricFamily(
                f"dualwire_{name}_seconds",
                text,
                buckets=_buckets(durations),
                sum_value=durations.total,
            )


def _gauge(
    name: str, text: str, values: Mapping[tuple[str, ...], int], *labels: str
) -> GaugeMetricFamily:
    gauge = GaugeMetricFamily(name, text, labels=labels)
    for key, value in values.items():
        gauge.add_metric(list(key), value)
    return gauge


def _keyed(counter: Counter[str]) -> dict[tuple[str, ...], int]:
    return {(key,): value for key, value in counter.items()}


def _buckets(durations: Durations) -> list[tuple[str, float]]:
    """Cumulative, as Prometheus wants them."""
    found: list[tuple[str, float]] = []
    reached = 0
    for bound, count in zip(BUCKETS, durations.buckets, strict=True):
        reached += count
        found.append((str(bound), reached))
    return [*found, ("+Inf", durations.count)]

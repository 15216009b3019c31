"""Writes the Grafana dashboard: ``python deploy/grafana.py``. The tests fail while it is not
current."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

PLACE = Path(__file__).with_name("grafana-dashboard.json")
SOURCE = {"type": "prometheus", "uid": "${source}"}
MINE = 'instance=~"$instance"'
WIDTH, HEIGHT = 24, 8

PANELS: list[tuple[str, str, list[tuple[str, str]]]] = [
    (
        "Players",
        "short",
        [("{{connections}}", f"sum by (connections) (dualwire_players{{{MINE}}})")],
    ),
    ("Connections", "short", [("{{type}}", f"sum by (type) (dualwire_connections{{{MINE}}})")]),
    (
        "Outages that players noticed, and those that were hidden from them (per minute)",
        "short",
        [
            ("noticed", f"sum(rate(dualwire_outages_total{{{MINE}}}[5m])) * 60"),
            ("hidden", f"sum(rate(dualwire_failovers_hidden_total{{{MINE}}}[5m])) * 60"),
        ],
    ),
    (
        "Time to the network",
        "s",
        [
            (
                name,
                f"histogram_quantile({share}, sum by (le) "
                f"(rate(dualwire_message_delivery_seconds_bucket{{{MINE}}}[5m])))",
            )
            for name, share in (("p50", "0.5"), ("p99", "0.99"))
        ],
    ),
    (
        "Round trip to clients (p95)",
        "s",
        [
            (
                "{{type}}",
                "histogram_quantile(0.95, sum by (le, type) "
                f"(rate(dualwire_round_trip_seconds_bucket{{{MINE}}}[15m])))",
            )
        ],
    ),
    (
        "Acknowledged by the application at once (p95)",
        "s",
        [
            (
                "p95",
                "histogram_quantile(0.95, sum by (le) "
                "(rate(dualwire_acknowledgement_seconds_bucket"
                f'{{asked="at_once",{MINE}}}[15m])))',
            )
        ],
    ),
    (
        "Published (events per second)",
        "short",
        [("{{stream}}", f"sum by (stream) (rate(dualwire_published_total{{{MINE}}}[5m]))")],
    ),
    (
        "Written (frames per second)",
        "short",
        [("frames", f"sum(rate(dualwire_deliveries_total{{{MINE}}}[5m]))")],
    ),
    (
        "Ends by code (per minute)",
        "short",
        [
            (
                "{{code}}",
                f"sum by (code) (rate(dualwire_connections_closed_total{{{MINE}}}[5m])) * 60",
            )
        ],
    ),
    (
        "Refusals by code (per minute)",
        "short",
        [
            (
                "{{code}}",
                f"sum by (code) (rate(dualwire_connections_refused_total{{{MINE}}}[5m])) * 60",
            )
        ],
    ),
    (
        "Those who came back (per minute)",
        "short",
        [
            (
                "{{outcome}} {{reason}}",
                f"sum by (outcome, reason) (rate(dualwire_resumes_total{{{MINE}}}[5m])) * 60",
            )
        ],
    ),
    (
        "Lost from history (ranges per minute)",
        "short",
        [("{{reason}}", f"sum by (reason) (rate(dualwire_losses_total{{{MINE}}}[5m])) * 60")],
    ),
    (
        "Degraded connections",
        "percentunit",
        [
            (
                "{{type}}",
                f'sum by (type) (dualwire_connection_health{{verdict="degraded",{MINE}}}) / '
                f"(sum by (type) (dualwire_connections{{{MINE}}}) > 0)",
            )
        ],
    ),
    (
        "Waiting for the network",
        "bytes",
        [
            ("all connections", f"sum(dualwire_waiting_bytes{{{MINE}}})"),
            ("the slowest", f"max(dualwire_waiting_bytes_max{{{MINE}}})"),
        ],
    ),
    (
        "Errors (per minute)",
        "short",
        [
            (
                "{{where}}: {{class}}",
                f"sum by (where, class) (rate(dualwire_errors_total{{{MINE}}}[5m])) * 60",
            )
        ],
    ),
    (
        "Rollout: outages per player and hour",
        "short",
        [
            (
                "dual_connections {{arm}}",
                f"sum by (arm) (rate(dualwire_arm_outages_total{{{MINE}}}[30m])) * 3600 / "
                f"(sum by (arm) (dualwire_arm_players{{{MINE}}}) > 0)",
            )
        ],
    ),
    (
        "How late the event loop is (p99)",
        "s",
        [
            (
                "{{instance}}",
                "histogram_quantile(0.99, sum by (le, instance) "
                f"(rate(dualwire_loop_lag_seconds_bucket{{{MINE}}}[5m])))",
            )
        ],
    ),
    (
        "Garbage collector (seconds per second)",
        "percentunit",
        [
            (
                "{{instance}}",
                f"sum by (instance) (rate(dualwire_gc_pause_seconds_sum{{{MINE}}}[5m]))",
            )
        ],
    ),
    (
        "Processor",
        "percentunit",
        [("{{instance}}", f"rate(process_cpu_seconds_total{{{MINE}}}[5m])")],
    ),
    ("Memory", "bytes", [("{{instance}}", f"process_resident_memory_bytes{{{MINE}}}")]),
]
"""Title, unit, and what is drawn: legend and query."""


def dashboard() -> dict[str, Any]:
    """The dashboard as Grafana imports it."""
    return {
        "uid": "dualwire",
        "title": "dualwire",
        "tags": ["dualwire"],
        "schemaVersion": 38,
        "editable": True,
        "refresh": "30s",
        "time": {"from": "now-3h", "to": "now"},
        "templating": {
            "list": [
                {
                    "name": "source",
                    "label": "Source",
                    "type": "datasource",
                    "query": "prometheus",
                },
                {
                    "name": "instance",
                    "label": "Node",
                    "type": "query",
                    "datasource": SOURCE,
                    "query": "label_values(dualwire_ready, instance)",
                    "refresh": 2,
                    "multi": True,
                    "includeAll": True,
                    "allValue": ".*",
                    "current": {"text": "All", "value": "$__all"},
                },
            ]
        },
        "panels": [
            _panel(index, title, unit, queries)
            for index, (title, unit, queries) in enumerate(PANELS)
        ],
    }


def _panel(index: int, title: str, unit: str, queries: list[tuple[str, str]]) -> dict[str, Any]:
    row, column = divmod(index, 2)
    half = WIDTH // 2
    return {
        "id": index + 1,
        "type": "timeseries",
        "title": title,
        "datasource": SOURCE,
        "gridPos": {"x": column * half, "y": row * HEIGHT, "w": half, "h": HEIGHT},
        "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
        "options": {"tooltip": {"mode": "multi"}, "legend": {"displayMode": "list"}},
        "targets": [
            {"refId": chr(ord("A") + number), "expr": query, "legendFormat": legend}
            for number, (legend, query) in enumerate(queries)
        ],
    }


def text() -> str:
    """The dashboard as it is kept."""
    return json.dumps(dashboard(), indent=2) + "\n"


if __name__ == "__main__":
    PLACE.write_text(text())

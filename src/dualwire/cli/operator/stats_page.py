"""What a person reads of a node's figures, or of one player's."""

from __future__ import annotations

import time
import unicodedata
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ...types import JSONObject

__all__ = ["node_page", "player_page"]

NONE = "-"
"""Shown where nothing was measured yet."""
RECENT = 10
"""Happenings of a player that are shown, newest first."""
CONNECTION = (
    "connection_id",
    "type",
    "encoding",
    "state",
    "health",
    "round_trip_ms",
    "waiting_bytes",
)
"""What is shown of a connection."""
RATE_OVER = 10
"""Moments, a second each, that rates are taken over."""


def node_page(answer: JSONObject) -> RenderableType:
    """The figures of ``/monitoring/ops``."""
    parts: list[RenderableType] = [_head(answer), _players(answer), _connections(answer)]
    parts += [_delivery(answer), _totals(answer)]
    for name, title, keys in (
        ("closes", "Ended", ("type", "code", "count")),
        ("refusals", "Refused", ("type", "code", "count")),
        ("errors", "Errors", ("where", "class", "count")),
        ("slowest", "Slowest players", ("player", "waiting_bytes", "lag", "degraded")),
    ):
        if rows := answer.get(name):
            parts.append(_rows(title, keys, rows))
    rooms = answer["rooms"]
    if rooms["top"]:
        parts.append(_rows(f"Rooms ({rooms['total']})", ("room", "players"), rooms["top"]))
    parts.append(Text("Times are the median and the 99th percentile.", "dim"))
    return Group(*parts)


def player_page(answer: JSONObject) -> RenderableType:
    """The figures of ``/monitoring/players/ID``."""
    state = "online" if answer["online"] else "offline"
    head = Text.assemble((_text(answer["player_id"]), "bold"), f"  {state}")
    if answer["rooms"]:
        head.append(f"  in {', '.join(map(_text, answer['rooms']))}")
    parts: list[RenderableType] = [head]
    if answer["connections"]:
        parts.append(_rows("Connections", CONNECTION, answer["connections"]))
    else:
        parts.append(Text("No connection on this node."))
    happened = [
        each | {"at": _clock(each["at"]), "connection": each["connection_id"] or NONE}
        for each in answer["history"][:RECENT]
    ]
    if happened:
        parts.append(
            _rows("What happened lately", ("at", "what", "type", "connection", "detail"), happened)
        )
    return Group(*parts)


def _head(answer: JSONObject) -> Text:
    node = answer["node"]
    ready = ("ready", "green") if node["ready"] else ("not ready", "bold red")
    head = Text.assemble(("Node ", "bold"), (_text(node["id"]), "bold"), "  ", ready)
    head.append(f"  dualwire {_text(node['version'])}")
    if node["uptime_seconds"] is not None:
        head.append(f"  up {_duration(node['uptime_seconds'])}")
    if node["memory_bytes"] is not None:
        head.append(f"  {node['memory_bytes'] / 2**20:.0f} MB")
    return head.append(f"  loop late by {_times(node['loop_lag_ms'])}")


def _players(answer: JSONObject) -> Text:
    players = answer["players"]
    return Text(
        f"Players online: {players['online']}; with both connections {players['dual']}, "
        f"WebSocket only {players['websocket_only']}, SSE only {players['sse_only']}"
    )


def _connections(answer: JSONObject) -> Table:
    table = _table("Connections", ("type", "open", "degraded", "opened", "opening", "round trip"))
    for kind, each in answer["connections"].items():
        table.add_row(
            _text(kind),
            *(str(each[name]) for name in ("open", "degraded", "opened")),
            _times(each["establishment_ms"]),
            _times(each["round_trip_ms"]),
        )
    return table


def _delivery(answer: JSONObject) -> Table:
    delivery = answer["delivery"]
    rates = _rates(answer["timeline"])
    columns = ("events", "per s", "frames", "per s", "written in", "acknowledged in", "waiting")
    table = _table("Delivery", columns)
    table.add_row(
        str(delivery["published"]),
        rates["published"],
        str(delivery["frames"]),
        rates["deliveries"],
        _times(delivery["written_ms"]),
        _times(delivery["acknowledged_ms"]),
        _bytes(delivery["waiting_bytes"]),
    )
    return table


def _totals(answer: JSONObject) -> Table:
    totals = answer["totals"]
    table = _table("Since the start", tuple(name.replace("_", " ") for name in totals))
    bad = {"outages", "losses", "errors"}
    table.add_row(
        *(
            Text(str(value), "bold red" if name in bad and value else "")
            for name, value in totals.items()
        )
    )
    return table


def _rows(title: str, keys: tuple[str, ...], rows: list[JSONObject]) -> Table:
    table = _table(title, tuple(key.replace("_", " ") for key in keys))
    for row in rows:
        table.add_row(*(_text(row.get(key)) for key in keys))
    return table


def _table(title: str, columns: tuple[str, ...]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for name in columns:
        table.add_column(name, header_style="dim", overflow="fold")
    return table


def _rates(timeline: JSONObject) -> dict[str, str]:
    """How much each counter grows per second, lately."""
    moments = timeline["at"][-RATE_OVER:]
    seconds = moments[-1] - moments[0] if len(moments) > 1 else 0.0
    found = {}
    for name in ("published", "deliveries"):
        counts = timeline[name][-RATE_OVER:]
        found[name] = f"{(counts[-1] - counts[0]) / seconds:.0f}" if seconds > 0 else NONE
    return found


def _times(figures: JSONObject) -> str:
    """Median and 99th percentile."""
    if figures["p50"] is None:
        return NONE
    return f"{figures['p50']:.3g} / {figures['p99']:.3g} ms"


def _duration(seconds: float) -> str:
    for unit, size in (("d", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"


def _bytes(size: int) -> str:
    return f"{size / 1024:.1f} KB" if size >= 1024 else f"{size} B"


def _clock(wall: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(wall))


def _text(value: Any) -> str:
    """Without control characters: players choose their names, and a terminal obeys those."""
    if value is None:
        return NONE
    return "".join(
        char for char in str(value) if unicodedata.category(char) not in ("Cc", "Cs", "Cf")
    )

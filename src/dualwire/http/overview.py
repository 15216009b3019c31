"""Everything that the dashboard shows, in one answer that costs the same however often it is
asked."""

from __future__ import annotations

import asyncio
import heapq
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import get_args

from starlette.requests import Request
from starlette.responses import Response

from .. import __version__
from ..core.encoding.json import encode_object
from ..flags import RolloutFlags
from ..manager import ConnectionManager
from ..runtime.journal import Happening, Journal, What
from ..runtime.stats import ARMS
from ..runtime.timeline import Moment
from ..types import JSONObject
from .figures import Figures
from .inspection import experience, milliseconds, resident

__all__ = ["Overview"]

FRESH = 1.0
"""Seconds for which an answer is given again: ten people who look cost no more than one."""
TOP = 12
"""Rows of a list."""
LAGS = 64
"""Events that a player has to be behind to be called slow."""
RECENT = 40
"""Happenings that are told, and as many of each kind."""


class Overview:
    """The figures of the dashboard.

    Args:
        manager: whose node.
    """

    def __init__(self, manager: ConnectionManager) -> None:
        self._manager = manager
        self._answer = b""
        self._making = asyncio.Lock()
        self._at: float | None = None

    async def get(self, request: Request) -> Response:
        """Everything that the dashboard shows; at most a second old."""
        async with self._making:
            now = self._manager.node.clock.now()
            if self._at is None or not 0 <= now - self._at < FRESH:
                self._answer, self._at = encode_object(await self._collect()), now
        return Response(self._answer, media_type="application/json")

    async def _collect(self) -> JSONObject:
        node, stats = self._manager.node, self._manager.node.stats
        figures = await Figures.look(self._manager)
        lags = figures.lags()
        wall = node.clock.wall()
        flags = node.arms.flags
        types = ("websocket", "sse")
        return {
            "timestamp": wall,
            "node": {
                "id": node.id,
                "version": __version__,
                "ready": node.ready,
                "uptime_seconds": wall - node.started_at if node.started_at else None,
                "memory_bytes": resident(),
                "loop_lag_ms": milliseconds(stats.loop_lag),
            },
            "players": {
                "online": len(figures.online),
                "connected": figures.players,
                "dual": figures.players_with(*types),
                "websocket_only": figures.players_with("websocket"),
                "sse_only": figures.players_with("sse"),
            },
            "connections": {
                kind: {
                    "open": figures.count(kind),
                    "degraded": figures.count(kind) - figures.healthy(kind),
                    "opened": stats.opened[kind],
                    "round_trip_ms": milliseconds(stats.round_trip[kind]),
                    "establishment_ms": milliseconds(stats.establishment[kind]),
                }
                for kind in types
            },
            "delivery": {
                "published": stats.published.total(),
                "frames": stats.deliveries,
                "written_ms": milliseconds(stats.delivery),
                "acknowledged_ms": milliseconds(stats.acknowledgement["at_once"]),
                "waiting_bytes": figures.waiting,
                "lag_max": max(lags.values(), default=0),
            },
            "totals": {
                "hidden_failovers": stats.hidden_failovers,
                "outages": stats.outages,
                "takeovers": stats.takeovers,
                "losses": stats.losses.total(),
                "refused": stats.refused.total(),
                "errors": stats.errors.total(),
            },
            "closes": _rows(stats.closed, "type", "code"),
            "refusals": _rows(stats.refused, "type", "code"),
            "errors": _rows(stats.errors, "where", "class"),
            "rooms": _rooms(node.engine.members()),
            "slowest": _slowest(figures, lags),
            "recent": [
                {
                    "at": each.at,
                    "player": each.player_id,
                    "type": each.connection_type,
                    "what": each.what,
                    "detail": each.detail,
                }
                for each in _recent(node.journal)
            ],
            "rollout": {
                "flag": flags.rollout.fields() if isinstance(flags, RolloutFlags) else None,
                "arms": {arm: experience(stats.arms[arm], figures.arms[arm]) for arm in ARMS},
            },
            "timeline": _columns(node.timeline.moments),
        }


def _rows(counter: Counter[tuple[str, str]], *names: str) -> list[JSONObject]:
    """The largest counts, with the rest in one row."""
    common = counter.most_common(TOP)
    rest = counter.total() - sum(count for _, count in common)
    rows = [dict(zip(names, key, strict=True)) | {"count": count} for key, count in common]
    return [*rows, {names[1]: "others", "count": rest}] if rest else rows


def _recent(journal: Journal) -> list[Happening]:
    """The newest happenings, and the newest of each kind: where hundreds come and go in a second,
    what matters would be gone before anybody read it."""
    kinds = get_args(What)
    found = dict.fromkeys(journal.newest(RECENT))
    for kind in kinds:
        found |= dict.fromkeys(journal.newest(RECENT, *(each for each in kinds if each != kind)))
    return sorted(found, key=lambda each: each.at, reverse=True)


def _slowest(figures: Figures, lags: Mapping[str, int]) -> list[JSONObject]:
    """The players for whom most waits, and those whose application lags most."""
    slow = {each.player.id: each for each in figures.slow}
    waiting = heapq.nlargest(TOP, figures.slow, key=lambda each: each.waiting)
    # Clients acknowledge with their pongs, so that whoever plays is a little behind.
    behind = {player_id: lag for player_id, lag in lags.items() if lag >= LAGS}
    lagging = heapq.nlargest(TOP, behind, key=lambda player_id: behind[player_id])
    names = dict.fromkeys([*(each.player.id for each in waiting), *lagging])
    return [
        {
            "player": name,
            "waiting_bytes": slow[name].waiting if name in slow else 0,
            "lag": lags.get(name, 0),
            "degraded": slow[name].degraded if name in slow else 0,
        }
        for name in list(names)[:TOP]
    ]


def _rooms(members: Mapping[str, frozenset[str]]) -> JSONObject:
    top = heapq.nlargest(TOP, members.items(), key=lambda pair: len(pair[1]))
    return {
        "total": len(members),
        "top": [{"room": room, "players": len(players)} for room, players in top],
    }


def _columns(moments: Sequence[Moment]) -> JSONObject:
    """Second by second, a column for each line of a chart."""
    names = [each.name for each in fields(Moment)]
    return {name: [getattr(each, name) for each in moments] for name in names}

"""One node, and one player with every connection: for an operator who looks closer."""

from __future__ import annotations

import os
import time
from pathlib import Path

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .. import __version__
from ..core.encoding.json import encode_object
from ..core.health import judge
from ..flags import RolloutFlags
from ..manager import ConnectionManager
from ..runtime.connection import Connection
from ..runtime.stats import ARMS, Durations, Experience
from ..types import JSONObject, room_of
from .errors import NotFoundError
from .figures import Figures, share

__all__ = ["Inspection", "experience", "milliseconds", "resident"]

STATM = Path("/proc/self/statm")
"""Where Linux tells a process of its own memory, in pages."""


class Inspection:
    """Looks at one thing closely.

    Args:
        manager: whose node, and whose players.
    """

    def __init__(self, manager: ConnectionManager) -> None:
        self._manager = manager

    async def node(self, request: Request) -> Response:
        """What the node carries, what it costs, how late it is."""
        node, stats = self._manager.node, self._manager.node.stats
        figures = await Figures.look(self._manager)
        wall = node.clock.wall()
        answer = {
            "node": node.id,
            "version": __version__,
            "ready": node.ready,
            "uptime_seconds": wall - node.started_at if node.started_at else None,
            "players": figures.players,
            "connections": dict(figures.types),
            "states": dict(figures.states),
            "waiting_bytes": figures.waiting,
            "resources": {
                "memory_bytes": resident(),
                "cpu_seconds": time.process_time(),
                "loop_lag_ms": milliseconds(stats.loop_lag),
                "gc_pause_ms": {
                    generation: milliseconds(each) for generation, each in stats.collection.items()
                },
            },
            "times_ms": {
                "publish": milliseconds(stats.publish),
                "delivery": milliseconds(stats.delivery),
                "acknowledgement": milliseconds(stats.acknowledgement["at_once"]),
                "round_trip": {kind: milliseconds(each) for kind, each in stats.round_trip.items()},
            },
            "timestamp": wall,
        }
        return JSONResponse(answer)

    async def rollout(self, request: Request) -> Response:
        """What each side of the rollout of dual_connections goes through, beside each other."""
        node = self._manager.node
        players = (await Figures.look(self._manager)).arms
        flags = node.arms.flags
        rollout = flags.rollout.fields() if isinstance(flags, RolloutFlags) else None
        answer = {
            "rollout": rollout,
            "arms": {arm: experience(node.stats.arms[arm], players[arm]) for arm in ARMS},
            "timestamp": node.clock.wall(),
        }
        return JSONResponse(answer)

    async def player(self, request: Request) -> Response:
        """One player: every connection, what waits for it, and what happened to it lately."""
        node, player_id = self._manager.node, request.path_params["player_id"]
        player = node.hub.players.get(player_id)
        presence = node.engine.presence_of(player_id)
        history = node.journal.of(player_id)
        if player is None and presence is None and not history:
            raise NotFoundError(f"nothing is known here of player {player_id[:64]!r}")
        answer = {
            "player_id": player_id,
            "online": presence is not None,
            "connected_at": presence.connected_at if presence else None,
            "info": dict(presence.info) if presence else {},
            "arm": player.arm if player else None,
            "rooms": sorted(map(room_of, player.rooms)) if player else [],
            "acknowledged_lag": self._manager.get_acknowledged_lag(player_id),
            "connections": [
                self._connection(each) for each in (player.connections.values() if player else ())
            ],
            "history": [
                {
                    "at": each.at,
                    "what": each.what,
                    "connection_id": each.connection_id,
                    "type": each.connection_type,
                    "detail": each.detail,
                }
                for each in history
            ],
            "timestamp": node.clock.wall(),
        }
        # What applications tell about players may hold UUIDs and dates.
        return Response(encode_object(answer), media_type="application/json")

    def _connection(self, connection: Connection) -> JSONObject:
        node = self._manager.node
        now, wall = node.clock.now(), node.clock.wall()
        return {
            "connection_id": connection.id,
            "type": connection.connection_type,
            "encoding": connection.encoding.name,
            "state": connection.state.value,
            "health": judge(connection.vitals(0.0), now, node.config.heartbeat),
            "established_at": connection.established_at,
            "last_seen": wall - (now - connection.seen_at),
            "round_trip_ms": _ms(connection.round_trip),
            "waiting_bytes": connection.waiting,
        }


def experience(arm: Experience, players: int) -> JSONObject:
    """What the players of one side of a rollout went through, and how many they are now."""
    broken = arm.outages + arm.hidden_failovers
    return {
        "players": players,
        "opened": arm.opened,
        "closed": arm.closed.total(),
        "closed_by_code": dict(arm.closed),
        "outages": arm.outages,
        "hidden_failovers": arm.hidden_failovers,
        "hidden_percentage": share(arm.hidden_failovers, broken),
        "losses": arm.losses,
        "stalls": arm.stalls,
        "takeovers": arm.takeovers,
        "replaced": arm.replaced,
    }


def milliseconds(durations: Durations) -> JSONObject:
    """What a histogram says in short; ``None`` where nothing was measured yet."""
    return {
        "count": durations.count,
        "p50": _ms(durations.quantile(0.5)),
        "p99": _ms(durations.quantile(0.99)),
        "max": _ms(durations.longest) if durations.count else None,
    }


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 3)


def resident() -> int | None:
    """Bytes of memory that this process holds; ``None`` where the system does not say."""
    try:
        return int(STATM.read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return None

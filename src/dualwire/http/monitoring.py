"""Figures for people, for dashboards and for Prometheus; each of them measured."""

from __future__ import annotations

from collections import Counter

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .. import __version__
from ..manager import ConnectionManager
from ..runtime.stats import Durations
from ..runtime.timeline import Timeline
from ..types import JSONObject
from .errors import Answer
from .figures import HOUR, WELL, Figures, share
from .inspection import Inspection
from .keys import check_key_or_loopback
from .metrics import Metrics
from .ops import OpsPage
from .overview import Overview
from .routing import add_endpoint

__all__ = ["monitoring_router"]

DAY = 24 * HOUR


def monitoring_router(manager: ConnectionManager, *, api_key: str | None = None) -> APIRouter:
    """The endpoints that operators and their machines use.

    Args:
        manager: what is looked at.
        api_key: lets other machines ask, as ``Authorization: Bearer KEY`` or ``X-API-Key: KEY``;
            this machine needs none, unless a proxy forwards.
    """
    router = APIRouter(tags=["dualwire monitoring"])
    monitoring, inspection = _Monitoring(manager), Inspection(manager)
    guarded: list[tuple[str, Answer]] = [
        ("/metrics", monitoring.metrics),
        ("/monitoring/dual-connections", monitoring.dual_connections),
        ("/monitoring/performance", monitoring.performance),
        ("/monitoring/connection-health", monitoring.connection_health),
        ("/monitoring/health", monitoring.health),
        ("/monitoring/node", inspection.node),
        ("/monitoring/rollout", inspection.rollout),
        ("/monitoring/ops", Overview(manager).get),
        ("/monitoring/players/{player_id}", inspection.player),
    ]
    # A shipped dashboard asks below /api.
    guarded += [(f"/api{path}", endpoint) for path, endpoint in guarded[1:5]]
    routes = [(path, _guarded(api_key, endpoint)) for path, endpoint in guarded]
    page = OpsPage()
    routes += [("/healthz", monitoring.alive), ("/readyz", monitoring.ready)]
    routes += [("/ops", page.redirect), ("/ops/{path:path}", page.file)]
    for path, endpoint in routes:
        add_endpoint(router, "GET", path, endpoint, head=True)
    return router


def _guarded(api_key: str | None, endpoint: Answer) -> Answer:
    async def answer(request: Request) -> Response:
        check_key_or_loopback(request, api_key)
        response = await endpoint(request)
        response.headers["cache-control"] = "no-store"
        return response

    answer.__doc__ = endpoint.__doc__
    return answer


class _Monitoring:
    def __init__(self, manager: ConnectionManager) -> None:
        self._manager = manager
        self._metrics = Metrics(manager)

    async def metrics(self, request: Request) -> Response:
        """Metrics for Prometheus."""
        figures = await Figures.look(self._manager)
        text, content_type = self._metrics.expose(request.headers.get("accept", ""), figures)
        return Response(text, headers={"content-type": content_type})

    async def alive(self, request: Request) -> Response:
        """Whether the process lives."""
        return JSONResponse({"status": "alive"})

    async def ready(self, request: Request) -> Response:
        """Whether new connections are welcome; 503 when they are not."""
        # In an application that does not start it, nobody would ever ask for a connection first.
        await self._manager.start()
        ready = self._manager.node.welcoming
        return JSONResponse({"ready": ready}, 200 if ready else 503)

    async def dual_connections(self, request: Request) -> Response:
        """Who has which connections."""
        figures = await Figures.look(self._manager)
        players, total = figures.players, figures.total
        dual = figures.players_with("websocket", "sse")
        healthy = figures.healthy()
        answer = {
            "connection_distribution": {
                "total_players": players,
                "websocket_only_players": figures.players_with("websocket"),
                "sse_only_players": figures.players_with("sse"),
                "dual_connection_players": dual,
                "dual_connection_percentage": share(dual, players),
            },
            "connection_health": {
                "total_connections": total,
                "healthy_connections": healthy,
                "unhealthy_connections": total - healthy,
                "health_percentage": share(healthy, total),
            },
            "session_metrics": {
                "total_sessions": figures.sessions,
                "total_session_connections": total,
                "session_connection_distribution": _distribution(figures),
                "avg_connections_per_session": total / players if players else None,
            },
            "connection_lifecycle": _ages(figures),
            "performance_metrics": {
                "total_websocket_connections": figures.count("websocket"),
                "total_sse_connections": figures.count("sse"),
                "avg_connections_per_player": total / players if players else None,
            },
            "timestamp": self._wall(),
        }
        return JSONResponse(answer)

    async def performance(self, request: Request) -> Response:
        """How long things took; null where nothing was measured yet."""
        stats = self._manager.node.stats
        answer = {
            "connection_establishment": {
                "total_connections": stats.opened.total(),
                "websocket_connections": stats.opened["websocket"],
                "sse_connections": stats.opened["sse"],
                **_milliseconds("websocket_establishment", stats.establishment["websocket"]),
                **_milliseconds("sse_establishment", stats.establishment["sse"]),
            },
            "message_delivery": {
                "total_messages": stats.deliveries,
                "timed_messages": stats.delivery.count,
                **_milliseconds("delivery_time", stats.delivery),
                **_milliseconds("acknowledgement_time", stats.acknowledgement["at_once"]),
            },
            "errors": {
                "total_errors": stats.errors.total(),
                "by_class": [
                    {"where": where, "class": name, "count": count}
                    for (where, name), count in sorted(stats.errors.items())
                ],
                "last_minute": _rate(self._manager.node.timeline),
            },
            "recovery": {
                "hidden_failovers": stats.hidden_failovers,
                "outages": stats.outages,
                "losses": dict(stats.losses),
                "attempts": stats.resumes.total(),
                "outcomes": _outcomes(stats.resumes),
                "reported_by_clients": dict(stats.recoveries),
            },
            "disconnections": {
                "total_disconnections": stats.closed.total(),
                **_milliseconds("disconnection_time", stats.disconnection),
            },
            "session_management": {
                "total_session_switches": stats.takeovers,
                **_milliseconds("session_switch_time", stats.session_switch),
            },
            "health_monitoring": {
                "total_health_checks": stats.health_checks or None,
                **_milliseconds("health_check_time", stats.health_check),
            },
            "timestamp": self._wall(),
        }
        return JSONResponse(answer)

    async def connection_health(self, request: Request) -> Response:
        """How connections and sessions are."""
        figures = await Figures.look(self._manager)
        total, healthy = figures.total, figures.healthy()
        players = figures.players
        well = figures.well
        answer = {
            "overall_health": {
                "total_connections": total,
                "healthy_connections": healthy,
                "unhealthy_connections": total - healthy,
                "health_percentage": share(healthy, total),
            },
            "connection_type_health": {
                "websocket_connections": figures.count("websocket"),
                "sse_connections": figures.count("sse"),
                "websocket_health_percentage": share(
                    figures.healthy("websocket"), figures.count("websocket")
                ),
                "sse_health_percentage": share(figures.healthy("sse"), figures.count("sse")),
            },
            "connection_lifecycle": {
                **_ages(figures),
                "stale_connections": figures.silent,
                "stale_connection_percentage": share(figures.silent, total),
            },
            "session_health": {
                "total_sessions": figures.sessions,
                "healthy_sessions": well,
                "unhealthy_sessions": players - well,
                "session_health_percentage": share(well, players),
                "avg_connections_per_session": total / players if players else None,
            },
            "health_trends": {
                "connections_older_than_1h": figures.older_than(HOUR),
                "connections_older_than_24h": figures.older_than(DAY),
                "connections_older_than_7d": figures.older_than(7 * DAY),
            },
            "timestamp": self._wall(),
        }
        return JSONResponse(answer)

    async def health(self, request: Request) -> Response:
        """One word about the whole: healthy, degraded, or unhealthy (then the status is 503)."""
        await self._manager.start()
        node = self._manager.node
        figures = await Figures.look(self._manager)
        percentage = share(figures.healthy(), figures.total)
        sick = percentage is not None and percentage < WELL
        alerts = []
        if not node.ready:
            alerts.append("The server does not take new connections.")
        away = node.engine.trouble()
        if away is not None:
            alerts.append(f"The engine does not answer: {away}.")
        if sick:
            alerts.append(f"Only {percentage:g} % of the connections are healthy.")
        status = "unhealthy" if not node.welcoming else "degraded" if sick else "healthy"
        answer = {
            "status": status,
            "timestamp": self._wall(),
            "uptime_seconds": self._wall() - node.started_at if node.started_at else None,
            "version": __version__,
            "components": {
                "server": {"status": "healthy" if node.ready else "unhealthy"},
                "engine": {"status": "healthy" if away is None else "unhealthy"},
                "connections": {
                    "status": "degraded" if sick else "healthy",
                    "total_connections": figures.total,
                    "health_percentage": percentage,
                },
            },
            "alerts": alerts,
        }
        return JSONResponse(answer, 200 if node.welcoming else 503)

    def _wall(self) -> float:
        return self._manager.node.clock.wall()


def _distribution(figures: Figures) -> JSONObject:
    """How many sessions have so many connections here."""
    return {str(size): count for size, count in sorted(figures.players_by_size.items())}


def _ages(figures: Figures) -> JSONObject:
    ages = figures.ages
    return {
        "avg_connection_age_seconds": sum(ages) / len(ages) if ages else None,
        "max_connection_age_seconds": max(ages, default=None),
        "min_connection_age_seconds": min(ages, default=None),
        "connections_older_than_1h": figures.older_than(HOUR),
        "connections_older_than_24h": figures.older_than(DAY),
    }


def _milliseconds(name: str, durations: Durations) -> JSONObject:
    measured = durations.count > 0
    return {
        f"avg_{name}_ms": durations.average * 1000 if measured else None,
        f"max_{name}_ms": durations.longest * 1000 if measured else None,
        f"min_{name}_ms": durations.shortest * 1000 if measured else None,
    }


def _outcomes(resumes: Counter[tuple[str, str]]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for (outcome, _), count in resumes.items():
        found[outcome] += count
    return dict(found)


def _rate(timeline: Timeline) -> JSONObject:
    """How much went wrong in the last minute, as far as the node has run that long."""
    moments = timeline.moments[-61:]
    if len(moments) < 2:
        return {"seconds": None, "errors": None, "closed": None}
    first, last = moments[0], moments[-1]
    return {
        "seconds": last.at - first.at,
        "errors": last.errors - first.errors,
        "closed": last.closed - first.closed,
    }

"""The game's page, and what anybody may know of the game without playing."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from ..http.errors import NotFoundError
from ..http.routing import add_endpoint
from ..manager import ConnectionManager
from .envelope import utc
from .town import Town

__all__ = ["pages_router"]

PAGE = Path(__file__).with_name("static") / "index.html"


def pages_router(manager: ConnectionManager, town: Town) -> APIRouter:
    """``/``, ``/rooms/{room_id}`` and ``/game/status``.

    Args:
        manager: is counted.
        town: has the rooms.
    """
    html = PAGE.read_text("utf-8")
    headers = {
        "content-security-policy": _policy(html),
        "cache-control": "no-cache",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
    }

    async def page(_: Request) -> Response:
        """The game's page."""
        return HTMLResponse(html, headers=headers)

    async def room(request: Request) -> Response:
        """A room of the town."""
        room_id = request.path_params["room_id"]
        found = town.world.rooms.get(room_id)
        if found is None:
            raise NotFoundError(f"there is no room {room_id[:64]!r}")
        # Who is where is for players only: strangers learn how many, not who.
        return JSONResponse(found.to_dict(occupants=len(town.people_in(found))))

    async def status(_: Request) -> Response:
        """How much goes on in the game."""
        return JSONResponse(
            {
                "active_connections": manager.get_active_connection_count(),
                "active_players": len(manager.node.engine.presence()),
                "room_subscriptions": sum(map(len, manager.node.engine.members().values())),
                "server_time": utc(manager.node.clock.wall()),
            }
        )

    router = APIRouter(tags=["game"])
    add_endpoint(router, "GET", "/", page, head=True)
    add_endpoint(router, "GET", "/rooms/{room_id}", room)
    add_endpoint(router, "GET", "/game/status", status)
    return router


def _policy(html: str) -> str:
    """The content security policy of a page: its own script and style run, and nothing else."""
    scripts, styles = (
        " ".join(f"'sha256-{_digest(text)}'" for text in re.findall(pattern, html, re.DOTALL))
        for pattern in (r"<script>(.*?)</script>", r"<style>(.*?)</style>")
    )
    return (
        f"default-src 'none'; script-src {scripts}; style-src {styles}; connect-src 'self'; "
        "img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

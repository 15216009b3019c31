"""The game's page, and what anybody may know of the game without playing."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ..http.errors import NotFoundError
from ..http.routing import add_endpoint
from ..manager import ConnectionManager
from .envelope import utc
from .town import Town

__all__ = ["pages_router"]

STATIC = Path(__file__).with_name("static")
"""What ``make page`` builds from ``clients/js/apps/play``; committed, so that nobody needs Node."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""The content security policy: the page's own files run, and nothing else."""

_COMPRESSIBLE = {".html", ".js", ".css", ".txt"}


def pages_router(manager: ConnectionManager, town: Town) -> APIRouter:
    """``/``, ``/assets/{name}``, ``/rooms/{room_id}`` and ``/game/status``.

    Args:
        manager: is counted.
        town: has the rooms.
    """
    index = _File.read(STATIC / "index.html")
    # Only what is there when the process starts is ever served: a name is a key, never a path.
    assets = {path.name: _File.read(path) for path in sorted((STATIC / "assets").iterdir())}

    async def page(request: Request) -> Response:
        """The game's page."""
        return index.response(request)

    async def asset(request: Request) -> Response:
        """A file of the page."""
        found = assets.get(request.path_params["name"])
        if found is None:
            raise NotFoundError(f"there is no file {request.path_params['name'][:64]!r}")
        return found.response(request)

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
    add_endpoint(router, "GET", "/assets/{name}", asset, head=True)
    add_endpoint(router, "GET", "/rooms/{room_id}", room)
    add_endpoint(router, "GET", "/game/status", status)
    return router


@dataclass(frozen=True, slots=True)
class _File:
    """One file of the page, ready to be sent."""

    body: bytes
    compressed: bytes | None
    """``None`` where it gains nothing: fonts are compressed already."""
    headers: dict[str, str]

    @classmethod
    def read(cls, path: Path) -> _File:
        body = path.read_bytes()
        compressible = path.suffix in _COMPRESSIBLE
        kind = mimetypes.types_map.get(path.suffix) or "font/woff2"
        headers = {
            "content-type": f"{kind}; charset=utf-8" if compressible else kind,
            "content-security-policy": POLICY,
            # Names stay when their content changes, so a browser asks; mostly it is told 304.
            "cache-control": "no-cache",
            "etag": f'"{hashlib.sha256(body).hexdigest()[:24]}"',
            "referrer-policy": "no-referrer",
            "x-content-type-options": "nosniff",
            "vary": "Accept-Encoding",
        }
        return cls(body, gzip.compress(body, mtime=0) if compressible else None, headers)

    def response(self, request: Request) -> Response:
        if self.headers["etag"] in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=self.headers)
        if self.compressed is not None and "gzip" in request.headers.get("accept-encoding", ""):
            headers = self.headers | {"content-encoding": "gzip"}
            return Response(self.compressed, headers=headers)
        return Response(self.body, headers=self.headers)

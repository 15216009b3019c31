"""The dashboard's page: static files, the same for everybody; what it shows needs a key."""

from __future__ import annotations

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response

from .errors import NotFoundError

__all__ = ["FILES", "OpsPage"]

FILES = Path(__file__).with_name("ops_page")
"""What ``npm run build`` makes of ``clients/js/apps/ops``."""

HEADERS = {
    # Its own script, style and endpoints, and nothing from elsewhere.
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "cache-control": "no-cache",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


class OpsPage:
    """Serves the page."""

    def __init__(self) -> None:
        self._files = {
            path.relative_to(FILES).as_posix(): path for path in FILES.rglob("*") if path.is_file()
        }

    async def redirect(self, request: Request) -> Response:
        """The dashboard, by its short name."""
        return RedirectResponse(request.url.path + "/")

    async def file(self, request: Request) -> Response:
        """The dashboard: a page that asks for an operator's key."""
        name = request.path_params["path"] or "index.html"
        path = self._files.get(name)
        if path is None:
            raise NotFoundError(f"the dashboard has no {name[:64]!r}")
        return FileResponse(path, headers=HEADERS)

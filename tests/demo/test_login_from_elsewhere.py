"""The login, used by a page of another origin that is allowed."""

from __future__ import annotations

import httpx

from dualwire import ConnectionManager
from dualwire.demo import create_app
from dualwire.http import JWTAuthenticator

from ..game import SECRET
from ..live import DEADLINE, serving

PAGE = "https://play.example"


async def test_a_browser_may_ask_first_and_then_log_in() -> None:
    manager = ConnectionManager(secret=SECRET)
    app = create_app(manager, JWTAuthenticator(SECRET), allowed_origins=[PAGE])
    async with (
        serving(app) as address,
        httpx.AsyncClient(base_url=f"http://{address}", timeout=DEADLINE) as http,
    ):
        asked = await http.options(
            "/auth/login", headers={"Origin": PAGE, "Access-Control-Request-Method": "POST"}
        )
        assert asked.status_code == 204
        assert asked.headers["access-control-allow-origin"] == PAGE
        assert "POST" in asked.headers["access-control-allow-methods"]
        answer = await http.post("/auth/guest", headers={"Origin": PAGE})
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == PAGE
        other = await http.options("/auth/login", headers={"Origin": "https://evil.example"})
        assert "access-control-allow-origin" not in other.headers

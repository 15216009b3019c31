from __future__ import annotations

import httpx
from fastapi import APIRouter, FastAPI
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from dualwire import ForbiddenError
from dualwire.http.routing import add_endpoint


async def hello(request: Request) -> Response:
    """Say hello.

    To everybody
    who asks.
    """
    if "fail" in request.query_params:
        raise ForbiddenError("no")
    return PlainTextResponse("hello")


async def test_an_endpoint_is_documented_and_its_errors_are_answered() -> None:
    router = APIRouter(prefix="/x")
    add_endpoint(router, "GET", "/a", hello, extra=lambda _: {"x-extra": "1"}, head=True)
    app = FastAPI()
    app.include_router(router)
    operation = app.openapi()["paths"]["/x/a"]["get"]
    assert operation["summary"] == "Say hello"
    assert operation["description"] == "To everybody who asks."
    assert operation["operationId"] == "GET /x/a"
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as http:
        assert (await http.get("/x/a")).text == "hello"
        assert (await http.head("/x/a")).status_code == 200
        refused = await http.get("/x/a?fail=1")
        assert refused.status_code == 403
        assert refused.headers["x-extra"] == "1"

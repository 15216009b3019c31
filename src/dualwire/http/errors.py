"""Errors as HTTP answers: one shape, made in one place."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ..codes import DRAINING
from ..exceptions import EngineError, RefusedError
from ..types import JSONObject

__all__ = [
    "Answer",
    "NotFoundError",
    "answered",
    "as_refusal",
    "error_response",
    "retry_after",
    "will_pass",
]

log = structlog.get_logger("dualwire")

Answer: TypeAlias = Callable[[Request], Awaitable[Response]]
"""What serves one HTTP request."""

TRY_AGAIN = 5.0
"""Seconds after which another try makes sense where nobody said so."""


class NotFoundError(RefusedError):
    """What was asked for does not exist."""


def as_refusal(error: RefusedError | EngineError) -> RefusedError:
    """What an error says to the peer."""
    if isinstance(error, RefusedError):
        return error
    # What failed inside is for our log, not for strangers.
    log.error("engine_failed", operation=error.operation, cause=error.cause)
    return RefusedError("The server cannot do that right now.", DRAINING, TRY_AGAIN)


def will_pass(refusal: RefusedError) -> bool:
    """Whether the same request may succeed a little later."""
    return refusal.code.http in (429, 503)


def retry_after(refusal: RefusedError) -> float | None:
    """Seconds after which the peer should try again; ``None`` when that is no use."""
    if refusal.retry_after is not None or not will_pass(refusal):
        return refusal.retry_after
    return TRY_AGAIN


def error_response(
    error: RefusedError | EngineError,
) -> JSONResponse:
    """The HTTP answer to an error: its status, and a body that clients old and new can read."""
    refusal = as_refusal(error)
    code, after = refusal.code, retry_after(refusal)
    missing = isinstance(refusal, NotFoundError)
    status, kind = (404, "not_found") if missing else (code.http, code.name)
    facts: JSONObject = {"code": code.number, "reconnect": code.reconnect}
    headers: dict[str, str] = {"cache-control": "no-store"}
    if after is not None:
        facts["retry_after"] = after
        headers["retry-after"] = str(max(1, round(after)))
    if status == 503:
        # A connection that is kept would lead to the same node again.
        headers["connection"] = "close"
    if status == 401:
        headers["www-authenticate"] = "Bearer"
    body = {"type": kind, "message": refusal.message, "details": facts}
    return JSONResponse({"error": body, "detail": refusal.message}, status, headers)


def answered(
    endpoint: Answer, extra: Callable[[Request], Mapping[str, str]] | None = None
) -> Answer:
    """An endpoint whose errors are answered too.

    Args:
        endpoint: raises :exc:`RefusedError` or :exc:`EngineError`.
        extra: headers for every answer, refusals included.
    """

    async def answer(request: Request) -> Response:
        try:
            response = await endpoint(request)
        except (RefusedError, EngineError) as error:
            response = error_response(error)
        if extra is not None:
            response.headers.update(extra(request))
        return response

    return answer

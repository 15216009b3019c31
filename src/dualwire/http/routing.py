"""Endpoints into routers: the same way everywhere, and documented as an application's own."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from .errors import Answer, answered

__all__ = ["add_endpoint"]


def add_endpoint(
    router: APIRouter,
    method: str,
    path: str,
    endpoint: Answer,
    *,
    extra: Callable[[Request], Mapping[str, str]] | None = None,
    head: bool = False,
) -> None:
    """Add an endpoint, its errors answered too.

    Args:
        router: where to.
        method: ``GET`` or ``POST``.
        path: below the router's prefix.
        endpoint: its docstring documents it.
        extra: headers for every answer, refusals included.
        head: whether ``HEAD`` is answered as well.
    """
    answer = answered(endpoint, extra)
    summary, _, description = (inspect.getdoc(endpoint) or "").partition("\n")
    router.add_api_route(
        path,
        answer,
        methods=[method],
        summary=summary.rstrip("."),
        description=" ".join(description.split()),
        response_class=Response,
        response_model=None,
        operation_id=f"{method} {router.prefix}{path}",
    )
    if head:
        router.add_api_route(path, answer, methods=["HEAD"], include_in_schema=False)

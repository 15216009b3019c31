"""Endpoints into routers: the same way everywhere, and documented as an application's own."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ..types import JSONObject
from .errors import Answer, answered
from .openapi import path_parameters
from .origins import OriginPolicy
from .roads import Road, lead

__all__ = ["add_endpoint", "add_preflight", "routes_of"]


def add_endpoint(
    router: APIRouter,
    method: str,
    path: str,
    endpoint: Answer,
    *,
    extra: Callable[[Request], Mapping[str, str]] | None = None,
    head: bool = False,
    road: Road | None = None,
    described: JSONObject | None = None,
) -> None:
    """Add an endpoint, its errors answered too.

    Args:
        router: where to.
        method: ``GET`` or ``POST``.
        path: below the router's prefix.
        endpoint: its docstring documents it.
        extra: headers for every answer, refusals included.
        head: whether ``HEAD`` is answered as well.
        road: the short road to what it does, for a server that takes it.
        described: what else OpenAPI says of it: parameters, body, answers.
    """
    answer = answered(endpoint, extra)
    if road is not None:
        lead(answer, road)
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
        openapi_extra=_operation(path, described or {}),
    )
    if head:
        router.add_api_route(path, answer, methods=["HEAD"], include_in_schema=False)


def _operation(path: str, described: JSONObject) -> JSONObject:
    """A description with the parameters of the path; requests are not read by FastAPI, which would
    know of them else."""
    parameters = [*path_parameters(path), *described.get("parameters", ())]
    return {**described, **({"parameters": parameters} if parameters else {})}


def add_preflight(
    router: APIRouter, path: str, methods: Iterable[str], origins: OriginPolicy
) -> None:
    """Answer what a browser asks before a page elsewhere may send a token in a header.

    Args:
        router: where to.
        path: below the router's prefix.
        methods: those that the path has.
        origins: pages that may.
    """
    allow = ", ".join([*methods, "OPTIONS"])

    async def preflight(request: Request) -> Response:
        headers = origins.cors_headers(request)
        if "access-control-allow-origin" in headers:
            headers["access-control-allow-methods"] = allow
            headers["access-control-allow-headers"] = "Authorization, Content-Type, Last-Event-ID"
            headers["access-control-max-age"] = "600"
        return Response(status_code=204, headers={"allow": allow, **headers})

    router.add_api_route(path, preflight, methods=["OPTIONS"], include_in_schema=False)


def routes_of(*routers: APIRouter) -> list[BaseRoute]:
    """The routes of our routers, for an application of Starlette's own.

    ::

        app = Starlette(
            routes=routes_of(realtime_router(manager, authenticator)), lifespan=manager.lifespan
        )

    Args:
        routers: made by :func:`realtime_router`, :func:`admin_router` and
            :func:`monitoring_router`; they inject nothing, so FastAPI is not needed to serve them.
    """
    return [_plain(route) for router in routers for route in router.routes]


def _plain(route: BaseRoute) -> BaseRoute:
    if not isinstance(route, APIRoute):
        return route
    plain = Route(route.path, route.endpoint, methods=list(route.methods or ()))
    # Starlette answers HEAD wherever GET is; ours say themselves what they answer.
    plain.methods = set(route.methods or ())
    return plain

"""The short road: which requests open a connection and nothing else, for a server that can do
without everything around them.

An application's own routing decides what a request is for, and its own middleware what happens on
the way. So a road is only short where nothing stands in it: the application is Starlette's or
FastAPI's as it comes, without middleware of its own, and the first route that matches is one of
ours, without dependencies. Everything else takes the road that it always took.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import fastapi.routing
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.routing import Route, WebSocketRoute
from starlette.types import Scope

from ..transports.direct import Unanswered
from ..types import ConnectionType
from .head import RequestHead

if TYPE_CHECKING:
    from .gate import Admitted

__all__ = ["SETTLED", "Road", "Roads", "Settled", "lead", "settled_of"]

SETTLED = "dualwire.settled"
"""Name of the ASGI extension that tells what the gate has said about a request already."""

_MARK = "dualwire_road"
_APPLICATIONS = (FastAPI, Starlette)


@dataclass(frozen=True, slots=True)
class Settled:
    """What the gate has said: the request goes on by the long road, and is not asked again."""

    admitted: Admitted | None = None
    refusal: Exception | None = None

    def result(self) -> Admitted:
        """Let in, or the refusal raised."""
        if self.refusal is not None:
            raise self.refusal
        assert self.admitted is not None
        return self.admitted


def settled_of(scope: Scope) -> Settled | None:
    """What the gate has said about a request, if it was asked."""
    extensions = scope.get("extensions")
    found = extensions.get(SETTLED) if extensions else None
    return found if isinstance(found, Settled) else None


@dataclass(frozen=True, slots=True)
class Road:
    """A way to open connections that needs the head of a request, and its socket."""

    connection_type: ConnectionType
    open: Callable[[RequestHead, Unanswered], Coroutine[Any, Any, Settled | None]]
    """Open a connection on a socket; ``None`` once it is open, else what the application's own
    endpoint is to go on from: nothing was answered yet."""
    waits: Callable[[], bool]
    """Whether opening may wait for something, so that it needs a task; asked each time, because a
    server may choose the engine after the routes were made."""


def lead(endpoint: Callable[..., Any], road: Road) -> None:
    """Say that an endpoint does what a road does."""
    setattr(endpoint, _MARK, road)


@dataclass(frozen=True, slots=True)
class _Step:
    """One route, in the order in which the application looks at them."""

    pattern: re.Pattern[str]
    road: Road | None


class Roads:
    """The short roads of an application.

    Args:
        app: what is served. Its routes and middleware are looked at once.
    """

    def __init__(self, app: object) -> None:
        self._steps: dict[ConnectionType, list[_Step]] = {"websocket": [], "sse": []}
        self._root = ""
        if _is_plain(app):
            assert isinstance(app, Starlette)
            self._root = getattr(app, "root_path", "")
            self._steps = {kind: _steps(app, kind) for kind in self._steps}

    def __bool__(self) -> bool:
        """Whether there are any."""
        return any(self._steps.values())

    def find(
        self, kind: ConnectionType, path: str, root: str
    ) -> tuple[Road, dict[str, str]] | None:
        """The road of a request.

        Args:
            kind: ``websocket`` for an upgrade, ``sse`` for a ``GET``.
            path: decoded, the root path included.
            root: the server's root path.

        Returns:
            The road with the parameters of its path; ``None`` where there is only the long one.
        """
        path = _below(path, self._root or root)
        for step in self._steps[kind]:
            found = step.pattern.match(path)
            if found:
                return (step.road, found.groupdict()) if step.road is not None else None
        return None


def _is_plain(app: object) -> bool:
    """Whether nothing but Starlette and FastAPI themselves stands between a server and the routes
    of an application."""
    if not isinstance(app, Starlette) or app.user_middleware:
        return False
    kind, own = type(app), vars(app)
    telemetry = getattr(app, "_native_telemetry", None)
    return (
        any(kind.__call__ is each.__call__ for each in _APPLICATIONS)
        and any(kind.build_middleware_stack is e.build_middleware_stack for e in _APPLICATIONS)
        and "build_middleware_stack" not in own
        and not (telemetry is not None and telemetry.enabled())
    )


def _steps(app: Starlette, kind: ConnectionType) -> list[_Step]:
    """The routes up to the last that is ours."""
    found = list(_of_kind(app.routes, kind))
    last = max((n for n, step in enumerate(found) if step.road is not None), default=-1)
    return found[: last + 1]


def _of_kind(routes: Iterable[Any], kind: ConnectionType) -> Iterator[_Step]:
    flat = getattr(fastapi.routing, "iter_route_contexts", None)
    for route in flat(routes) if flat is not None else routes:
        pattern = getattr(route, "path_regex", None)
        original = getattr(route, "original_route", route)
        if not isinstance(pattern, re.Pattern):
            # Something that we do not know may be for any request.
            yield _Step(_ANYTHING, None)
        elif isinstance(original, (Route, WebSocketRoute)):
            if isinstance(original, WebSocketRoute) != (kind == "websocket"):
                continue
            methods = getattr(route, "methods", None)
            if kind == "sse" and methods and "GET" not in methods:
                continue
            road = getattr(route.endpoint, _MARK, None)
            known = isinstance(road, Road) and not getattr(route, "dependencies", None)
            yield _Step(pattern, road if known else None)
        else:
            yield _Step(pattern, None)


_ANYTHING = re.compile("")


def _below(path: str, root: str) -> str:
    """The part of a path that routes look at, as Starlette cuts it."""
    if root and path.startswith(root) and path[len(root) : len(root) + 1] in ("", "/"):
        return path[len(root) :]
    return path

"""What the realtime endpoints take and answer, for the application's own OpenAPI document."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..types import JSONObject

__all__ = ["REALTIME", "path_parameters"]

_TEXT: JSONObject = {"type": "string"}

ERROR: JSONObject = {
    "type": "object",
    "required": ["error", "detail"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["type", "message", "details"],
            "properties": {"type": _TEXT, "message": _TEXT, "details": {"type": "object"}},
        },
        "detail": _TEXT,
    },
}
"""The one shape of all errors."""

PROBLEM: JSONObject = {
    "type": "object",
    "required": ["type", "error_type", "message"],
    "properties": {"type": _TEXT, "error_type": _TEXT, "message": _TEXT},
}
"""What is said of a message that cannot be used, as clients read it on a WebSocket too."""

_REASONS = {
    400: "Something in the request is not what it can be.",
    401: "There is no valid token.",
    403: "This player, page or session may not.",
    404: "There is no such thing of this player's.",
    408: "The body did not arrive in time.",
    409: "The session was replaced by another one.",
    410: "The player's access was revoked.",
    413: "The body or the cursor is too large.",
    429: "Too many at once; `retry_after` says when to come again.",
    503: "Not now; `retry_after` says when to come again.",
}

_SESSION = {"session_id": "The game client's session: 8 to 128 characters of `[A-Za-z0-9_.-]`."}
_OPENING = {
    **_SESSION,
    "protocol": "`plain` (default) or `dualwire.v1`.",
    "types": "Types of events that are wanted, separated by commas.",
    "twins": "`standby`: only one of the player's plain connections carries each event.",
    "last_event_id": "Plain: where to go on.",
    "cursor": "`dualwire.v1`: what the client has, as JSON.",
    "digest": "`dualwire.v1`: `sha256` for a digest of each event.",
    "ticket": "Proof for one opening.",
}


def path_parameters(path: str) -> list[JSONObject]:
    """The parameters that a path names in braces."""
    return [
        {"name": name, "in": "path", "required": True, "schema": {**_TEXT, "minLength": 1}}
        for name in re.findall(r"{(\w+)}", path)
    ]


def _operation(
    ok: Mapping[int, str],
    refused: tuple[int, ...],
    *,
    query: Mapping[str, str] | None = None,
    body: JSONObject | None = None,
    streams: bool = False,
    problem: bool = False,
) -> JSONObject:
    given: JSONObject = {"text/event-stream": {}} if streams else {"application/json": {}}
    answers: JSONObject = {
        str(status): {"description": text, **({} if status == 204 else {"content": given})}
        for status, text in ok.items()
    }
    for status in (*refused, *((408, 413) if body is not None else ()), 401, 503):
        shape = {"anyOf": [ERROR, PROBLEM]} if problem and status == 400 else ERROR
        schema = {"application/json": {"schema": shape}}
        answers[str(status)] = {"description": _REASONS[status], "content": schema}
    operation: JSONObject = {
        "responses": answers,
        "security": [{"bearer": []}],
        "parameters": [
            {"name": name, "in": "query", "description": text, "schema": _TEXT}
            for name, text in (query or {}).items()
        ],
    }
    if body is not None:
        content = {"application/json": {"schema": {"type": "object", "properties": body}}}
        operation["requestBody"] = {"required": False, "content": content}
    return operation


_EVENTS = _operation(
    {200: "The player's events."}, (400, 403, 409, 410, 413, 429), query=_OPENING, streams=True
)
_EVENTS_POST = _operation(
    {200: "The player's events."},
    (400, 403, 409, 410, 429),
    query=_OPENING,
    body={"cursor": {"type": "object"}, "last_event_id": _TEXT},
    streams=True,
)

REALTIME: Mapping[tuple[str, str], JSONObject] = {
    ("GET", "/api/events"): _EVENTS,
    ("POST", "/api/events"): _EVENTS_POST,
    ("GET", "/api/events/{player_id}"): _EVENTS,
    ("POST", "/api/events/{player_id}"): _EVENTS_POST,
    ("POST", "/api/session"): _operation(
        {200: "A session id and tickets."}, (400, 403, 429), body={"session_id": _TEXT}
    ),
    ("POST", "/api/send"): _operation(
        {200: "The answer.", 204: "There is none."},
        (400, 403, 404, 409, 410, 429),
        query={**_SESSION, "connection": "One of the player's connections, to be answered too."},
        body={"type": _TEXT, "data": {"type": "object"}},
        problem=True,
    ),
    ("GET", "/api/connections/stats"): _operation({200: "How many there are."}, (400, 403)),
    ("GET", "/api/connections/{player_id}"): _operation(
        {200: "The player's own connections, session and health."}, (400, 403, 404)
    ),
    ("POST", "/api/connections/{player_id}/session"): _operation(
        {200: "What the takeover ended."},
        (400, 403, 409, 410, 429),
        body={"session_id": _TEXT},
    ),
}
"""By method and path."""

"""The server API: a backend in any language publishes, looks and disconnects with an API key."""

from __future__ import annotations

import structlog
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ..codes import CODES, LOGGED_OUT, STALE, Code
from ..core.encoding.json import decode_object, encode_object
from ..core.rollout import parse_rollout
from ..exceptions import ConfigurationError, ProtocolError
from ..flags import RolloutFlags
from ..manager import ConnectionManager
from ..types import (
    GLOBAL,
    Entry,
    Event,
    JSONObject,
    SessionEnded,
    Subscribed,
    Unsubscribed,
    player_stream,
    room_stream,
)
from .bodies import read_object, text_field
from .errors import Answer, NotFoundError
from .keys import check_key
from .routing import add_endpoint

__all__ = ["admin_router"]

log = structlog.get_logger("dualwire")

MOST_ENTRIES = 1000
"""Entries of one answer about history."""


def admin_router(manager: ConnectionManager, api_key: str | None) -> APIRouter:
    """The endpoints that a backend uses.

    Args:
        manager: what is driven.
        api_key: what a request must bring, as ``Authorization: Bearer KEY`` or ``X-API-Key: KEY``;
            without one there are no such endpoints.
    """
    router = APIRouter(prefix="/api/admin", tags=["dualwire admin"])
    if not api_key:
        return router
    admin = _Admin(manager)
    routes: list[tuple[str, str, Answer]] = [
        ("POST", "/publish", admin.publish),
        ("POST", "/broadcast", admin.broadcast),
        ("POST", "/disconnect", admin.disconnect),
        ("POST", "/revoke", admin.revoke),
        ("GET", "/presence", admin.presence),
        ("GET", "/rollout", admin.rollout),
        ("POST", "/rollout", admin.roll_out),
        ("GET", "/history", admin.history),
        ("GET", "/rooms", admin.rooms),
    ]
    for method, path, endpoint in routes:
        add_endpoint(router, method, path, _with_key(api_key, endpoint))
    return router


def _with_key(api_key: str, endpoint: Answer) -> Answer:
    async def answer(request: Request) -> Response:
        check_key(request, api_key)
        return await endpoint(request)

    answer.__doc__ = endpoint.__doc__
    return answer


class _Admin:
    def __init__(self, manager: ConnectionManager) -> None:
        self._manager = manager
        self._limits = manager.config.limits

    async def publish(self, request: Request) -> Response:
        """Send an event to a player or to a room; ``Idempotency-Key`` makes a repeat harmless."""
        body = await read_object(request, self._limits)
        player_id, room_id = text_field(body, "player_id"), text_field(body, "room")
        if player_id and not room_id:
            return await self._publish(request, body, player_stream(player_id))
        if room_id and not player_id:
            return await self._publish(request, body, room_stream(room_id))
        raise ProtocolError("expected either player_id or room; use broadcast for everybody")

    async def broadcast(self, request: Request) -> Response:
        """Send an event to every player."""
        return await self._publish(request, await read_object(request, self._limits), GLOBAL)

    async def disconnect(self, request: Request) -> Response:
        """End one connection, so that its client opens another, or a player's session."""
        body = await read_object(request, self._limits)
        player_id, connection_id = text_field(body, "player_id"), text_field(body, "connection_id")
        if connection_id and not player_id:
            # A code that has the client come back: a goodbye would leave it with one connection.
            if not await self._manager.disconnect(connection_id, _code(body, STALE)):
                raise NotFoundError(f"there is no connection {connection_id[:64]!r} on this node")
        elif player_id and not connection_id:
            if not await self._manager.disconnect_player(player_id, _code(body, LOGGED_OUT)):
                raise NotFoundError(f"player {player_id[:64]!r} has no session")
        else:
            raise ProtocolError("expected either player_id or connection_id")
        return JSONResponse({"disconnected": True})

    async def revoke(self, request: Request) -> Response:
        """Take access back: from a player, from one session of a player, or from one token."""
        body = await read_object(request, self._limits)
        player_id, token_id = text_field(body, "player_id"), text_field(body, "token_id")
        session_id, until = text_field(body, "session_id"), _seconds(body, "until")
        if token_id and not player_id and not session_id:
            await self._manager.revoke_token(token_id, until=until)
            return JSONResponse({"revoked": True})
        if not player_id or token_id:
            raise ProtocolError("expected token_id, or player_id and perhaps session_id")
        if session_id:
            ended = await self._manager.revoke_session(player_id, session_id)
        else:
            ended = await self._manager.revoke_player(player_id, until=until)
        return JSONResponse({"revoked": True, "session_ended": ended})

    async def presence(self, request: Request) -> Response:
        """Everybody who is in the game."""
        players = self._manager.get_online_players()
        return _json({"players": players, "total": len(players)})

    async def history(self, request: Request) -> Response:
        """What a stream keeps above an offset, oldest first."""
        stream = request.query_params.get("stream", "")
        kind, _, name = stream.partition(":")
        if stream != GLOBAL and not (kind in ("player", "room") and name):
            raise ProtocolError(
                f"stream: expected 'global', 'player:ID' or 'room:ID', got {stream[:80]!r}"
            )
        after = _number(request, "after", 0, 0, 2**53)
        limit = _number(request, "limit", 100, 1, MOST_ENTRIES)
        await self._manager.start()
        history = await self._manager.node.engine.history(stream, after, limit)
        return _json(
            {
                "stream": stream,
                "epoch": history.position.epoch,
                "first": history.first,
                "last": history.position.offset,
                "entries": [_entry(each) for each in history.entries],
            }
        )

    async def rooms(self, request: Request) -> Response:
        """The players who are subscribed to each room."""
        members = self._manager.node.engine.members()
        return _json({"rooms": {room: sorted(players) for room, players in members.items()}})

    async def rollout(self, request: Request) -> Response:
        """Who has dual_connections while that is rolled out."""
        return JSONResponse(self._flags().rollout.fields())

    async def roll_out(self, request: Request) -> Response:
        """Say who has dual_connections from now on; what is not said stays as it is."""
        flags = self._flags()
        body = await read_object(request, self._limits)
        try:
            flags.rollout = parse_rollout(body, flags.rollout)
        except ConfigurationError as error:
            raise ProtocolError(str(error)) from None
        log.info("rollout_changed", **flags.rollout.fields())
        return JSONResponse(flags.rollout.fields())

    def _flags(self) -> RolloutFlags:
        flags = self._manager.node.arms.flags
        if not isinstance(flags, RolloutFlags):
            raise NotFoundError(
                "no rollout is kept here: give the manager flags=RolloutFlags(), or ask your own "
                "provider of flags"
            )
        return flags

    async def _publish(self, request: Request, body: JSONObject, stream: str) -> Response:
        event = body.get("event")
        if not isinstance(event, dict):
            raise ProtocolError(f"event: expected an object, got {type(event).__name__}")
        publish_id = request.headers.get("idempotency-key")
        if publish_id is not None and not 1 <= len(publish_id) <= 128:
            raise ProtocolError("Idempotency-Key: expected 1 to 128 characters")
        excluded = text_field(body, "exclude_player")
        sent = Event(
            payload=encode_object(event),
            exclude=frozenset((excluded,)) if excluded else frozenset(),
        )
        position, entry = await self._manager.node.publish(stream, sent, publish_id)
        return JSONResponse(
            {
                "stream": stream,
                "epoch": position.epoch,
                "offset": position.offset,
                "accepted": entry.accepted if entry is not None else 0,
            }
        )


def _json(answer: JSONObject) -> Response:
    # What applications tell about players may hold UUIDs and dates.
    return Response(encode_object(answer), media_type="application/json")


def _code(body: JSONObject, otherwise: Code) -> Code:
    number = body.get("code")
    if number is None:
        return otherwise
    code = CODES.get(number) if isinstance(number, int) else None
    if code is None:
        raise ProtocolError(f"code: expected one of {', '.join(map(str, CODES))}")
    return code


def _seconds(body: JSONObject, name: str) -> float | None:
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1e15:
        raise ProtocolError(f"{name}: expected wall-clock seconds, got {str(value)[:40]!r}")
    return float(value)


def _number(request: Request, name: str, otherwise: int, least: int, most: int) -> int:
    text = request.query_params.get(name)
    if text is None:
        return otherwise
    if not text.isascii() or not text.isdecimal() or len(text) > 16:
        raise ProtocolError(f"{name}: expected a number, got {text[:40]!r}")
    if not least <= int(text) <= most:
        raise ProtocolError(f"{name}: expected {least} to {most}, got {text}")
    return int(text)


def _entry(entry: Entry) -> JSONObject:
    shown: JSONObject = {"offset": entry.offset}
    match entry.body:
        case Event(payload=payload, exclude=exclude):
            shown |= {"type": "event", "event": decode_object(payload), "exclude": sorted(exclude)}
        case Subscribed(stream=stream):
            shown |= {"type": "subscribed", "stream": stream}
        case Unsubscribed(stream=stream):
            shown |= {"type": "unsubscribed", "stream": stream}
        case SessionEnded(code=code):
            # Not the id: it is a secret of the client that had it.
            shown |= {"type": "session_ended", "code": code}
    return shown

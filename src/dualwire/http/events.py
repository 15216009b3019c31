"""SSE endpoints."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ..codes import PEER_GONE
from ..core.cursor import parse_cursor
from ..core.encoding.eventstream import message
from ..core.encoding.plain import PlainEventStream
from ..exceptions import EngineError, RefusedError
from ..manager import ConnectionManager
from ..runtime.connection import Connection
from ..transports.direct import Handover, Unanswered, handover_of
from ..transports.sse import HEADERS, EventStreamResponse
from ..types import JSONObject
from .bodies import read_object, text_field
from .errors import as_refusal, retry_after, will_pass
from .gate import Gate
from .head import RequestHead
from .origins import OriginPolicy
from .roads import Settled

__all__ = ["EventsEndpoint"]


class EventsEndpoint:
    """Serves event streams of admitted players.

    Args:
        manager: keeps the connections.
        gate: lets players in.
        origins: what lets the page of an allowed origin read a stream.
    """

    def __init__(self, manager: ConnectionManager, gate: Gate, origins: OriginPolicy) -> None:
        self._manager = manager
        self._gate = gate
        self._origins = origins

    async def get(self, request: Request) -> Response:
        """The player's events as Server-Sent Events."""
        try:
            return await self._open(request, {})
        except RefusedError as refusal:
            if will_pass(refusal) and _is_native(request):
                return _come_back(refusal)
            raise

    async def post(self, request: Request) -> Response:
        """The same for clients that tell in a JSON body where to go on: ``cursor``, or
        ``last_event_id``."""
        return await self._open(request, await read_object(request, self._manager.config.limits))

    async def open(self, head: RequestHead, handover: Unanswered) -> Settled | None:
        """:meth:`get` by the short road, for a client that is let in."""
        try:
            admitted = await self._gate.admit(head, opens="sse")
        except Exception as refusal:
            # Raised by the long road, which answers and logs it as any other.
            return Settled(refusal=refusal)
        player_id, session_id, terms = admitted.player_id, admitted.session_id, admitted.terms
        try:
            connection = await self._manager.reserve_sse(
                player_id, session_id, terms=terms, handover=handover, last=False
            )
        except Exception:
            # Nothing came of it, so it may be asked for once more.
            return Settled(admitted)
        extra = self._origins.cors_headers(head)
        handover.accept([*_HEAD, *((name.encode(), text.encode()) for name, text in extra.items())])
        await self._manager.take_sse(connection, handover)
        return None

    async def _open(self, request: Request, body: JSONObject) -> Response:
        try:
            return await self._reserve(request, body)
        except EngineError as error:
            refusal = as_refusal(error)
            self._manager.node.note_refusal("sse", None, refusal)
            raise refusal from error

    async def _reserve(self, request: Request, body: JSONObject) -> Response:
        admitted = await self._gate.admit(request, opens="sse")
        terms = admitted.terms
        if "cursor" in body:
            terms = replace(terms, cursor=parse_cursor(body["cursor"]))
        last_event_id = text_field(body, "last_event_id")
        if last_event_id is not None:
            terms = replace(terms, last_event_id=last_event_id)
        handover = handover_of(request.scope)

        async def reserve(handover: Handover | None) -> Connection:
            return await self._manager.reserve_sse(
                admitted.player_id, admitted.session_id, terms=terms, handover=handover
            )

        return _Stream(self._manager, await reserve(handover), handover, reserve)


class _Stream(Response):
    """The answer that carries a connection.

    The stream is opened when the server sends the answer, so that an answer that is never sent
    leaves a reservation, which expires, and no connection.
    """

    def __init__(
        self,
        manager: ConnectionManager,
        connection: Connection,
        handover: Handover | None,
        reserve: Callable[[Handover | None], Awaitable[Connection]],
    ) -> None:
        super().__init__()
        self._reserve = reserve
        self._handover = handover
        self._manager = manager
        self._connection = connection
        del self.headers["content-length"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        extra: Mapping[str, str] = dict(self.headers)
        handover = self._handover
        if handover is None:
            transport = await self._manager.open_sse(self._connection)
            await EventStreamResponse(transport, extra)(scope, receive, send)
            return
        head = [(name.encode(), value.encode()) for name, value in {**HEADERS, **extra}.items()]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        if handover.answered:
            await self._manager.take_sse(self._connection, handover)
            return
        # A middleware has the head, and wants to see what follows it.
        self._manager.node.end(self._connection, PEER_GONE)
        transport = await self._manager.open_sse(await self._reserve(None))
        await EventStreamResponse(transport, begun=True)(scope, receive, send)


_HEAD = [(name.encode(), text.encode()) for name, text in HEADERS.items()]


def _is_native(request: Request) -> bool:
    """Whether this is a browser's own EventSource: it cannot send an Authorization header, and
    gives up for good on any status but 200."""
    accepts = request.headers.get("accept", "")
    return "text/event-stream" in accepts and "authorization" not in request.headers


def _come_back(refusal: RefusedError) -> Response:
    """Tell an EventSource to try again later, in the only way that it understands."""
    after = retry_after(refusal)
    assert after is not None
    bye = PlainEventStream("").bye(refusal.code, after)
    assert bye is not None
    assert isinstance(bye.data, bytes)
    return Response(message(b"", retry=round(after * 1000)) + bye.data, 200, HEADERS)

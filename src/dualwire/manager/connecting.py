"""Opening and ending connections: the part of the API that a web framework calls."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from ..abc import Transport
from ..codes import LOGGED_OUT, NORMAL, PEER_GONE, Code
from ..core.cursor import parse_event_id
from ..core.lifecycle import State
from ..exceptions import (
    AmbiguousConnectionError,
    RefusedError,
    UnknownConnectionError,
)
from ..runtime.admission import Opening
from ..runtime.connection import Connection
from ..runtime.node import Node
from ..transports.direct import DirectTransport, Handover, Receiver, handover_of
from ..transports.handshake import accept, refuse
from ..transports.sse import EventStreamTransport
from ..transports.websocket import (
    ObjectTransport,
    SendsJSON,
    WebSocketTransport,
    close_reason,
)
from ..types import ConnectionType, Identity, JSONObject, player_id_of
from .direct_socket import DirectSocket
from .encodings import Encodings
from .sending import PlayerId, Sending
from .terms import Terms, subprotocol_of

__all__ = ["Connecting"]


class Connecting(Sending):
    """Opens and ends connections."""

    def __init__(self, node: Node) -> None:
        super().__init__(node)
        self._encodings = Encodings(node.id)

    async def connect_websocket(
        self,
        websocket: WebSocket | SendsJSON,
        player_id: PlayerId,
        session_id: str | None = None,
        *,
        terms: Terms | None = None,
    ) -> bool:
        """Connect a WebSocket for a player.

        The caller then reads from it and ends it with :meth:`disconnect_websocket`, or leaves all
        of that to :meth:`serve_websocket`.

        Args:
            websocket: a Starlette WebSocket, accepted or not; or any object with ``send_json``,
                which gets each event as a dict.
            player_id: the player, already authenticated.
            session_id: identifier of the game client's session. Another one than the current one
                takes over: it ends all connections of the session before. None joins the current.
            terms: what else is known of the client, and how it wants to be written to; ``None``
                for nothing.

        Returns:
            True if it carries the player's events from now on; False if it was refused (and closed
            with the code that says why) or broke before it was open.
        """
        return await self._connect(websocket, player_id, session_id, terms or Terms()) is not None

    async def _connect(
        self,
        websocket: WebSocket | SendsJSON,
        player_id: PlayerId,
        session_id: str | None,
        terms: Terms,
        *,
        receiver: Callable[[Connection, Handover], Receiver] | None = None,
    ) -> Connection | None:
        """Connect a WebSocket; with a ``receiver`` its socket is taken over, if its server offers
        that."""
        handover = None
        if receiver is not None and isinstance(websocket, WebSocket):
            handover = handover_of(websocket.scope)
        opening = self._opening(
            "websocket", player_id, session_id, terms, direct=handover is not None
        )
        try:
            connection = await self.node.admission.reserve(opening)
        except RefusedError as refusal:
            self.node.note_refusal("websocket", opening.player_id, refusal)
            await refuse(websocket, refusal.code, refusal.retry_after)
            return None
        try:
            await accept(websocket, subprotocol_of(terms))
        except (WebSocketDisconnect, RuntimeError, OSError):
            self.node.end(connection, PEER_GONE)
            return None
        except BaseException:
            self.node.end(connection, PEER_GONE)
            raise
        transport: Transport
        if handover is not None and receiver is not None:
            transport = self._take(connection, handover, receiver)
        elif isinstance(websocket, WebSocket):
            transport = WebSocketTransport(websocket, connection.encoding)
            connection.socket = websocket
        else:
            transport = ObjectTransport(websocket, connection.encoding)
            connection.socket = websocket
        return connection if await self.node.open(connection, transport) else None

    async def disconnect_websocket(
        self,
        player_id: PlayerId,
        websocket: object = None,
        is_force_disconnect: bool = False,
    ) -> bool:
        """End one WebSocket of a player, and no other connection.

        Args:
            player_id: the player.
            websocket: which one; may be left out while the player has only one.
            is_force_disconnect: what existing callers pass; a connection's end is never silent.

        Returns:
            Whether there was one to end.

        Raises:
            AmbiguousConnectionError: the player has several and ``websocket`` does not say which.
        """
        connection = self._one(
            player_id_of(player_id),
            "websocket",
            lambda each: websocket is None or each.socket is websocket,
            "pass the websocket, or use disconnect(connection_id)",
        )
        if connection is None:
            return False
        peer = getattr(connection.socket, "client_state", None)
        if peer is WebSocketState.DISCONNECTED:
            self.node.closed_by_peer(connection, NORMAL)
            return True
        return self.node.end(connection, NORMAL)

    async def connect_sse(
        self,
        player_id: PlayerId,
        session_id: str | None = None,
        *,
        terms: Terms | None = None,
    ) -> str:
        """Connect an SSE connection for a player.

        It carries once its stream is opened (:meth:`sse_events`), within 10 s; until then its
        events count as queued, and the player is not present by it.

        Args:
            player_id: the player, already authenticated.
            session_id: as for :meth:`connect_websocket`.
            terms: what else is known of the client, and how it wants to be written to; ``None``
                for nothing.

        Returns:
            The connection id.

        Raises:
            SessionError: the session id is malformed, somebody else's, or retired.
            CapacityError: the player has as many SSE connections as it may.
        """
        connection = await self.reserve_sse(player_id, session_id, terms=terms)
        return connection.id

    async def reserve_sse(
        self,
        player_id: PlayerId,
        session_id: str | None = None,
        *,
        terms: Terms | None = None,
        handover: Handover | None = None,
        last: bool = True,
    ) -> Connection:
        """:meth:`connect_sse`, for those who go on with :meth:`open_sse` or, where the server
        offers its socket, with :meth:`take_sse`.

        Args:
            player_id: the player, already authenticated.
            session_id: as for :meth:`connect_websocket`.
            terms: as for :meth:`connect_sse`.
            handover: the server's offer.
            last: whether a refusal is the answer; ``False`` if it is asked for once more.
        """
        opening = self._opening(
            "sse", player_id, session_id, terms or Terms(), direct=handover is not None
        )
        try:
            return await self.node.admission.reserve(opening)
        except RefusedError as refusal:
            if last:
                self.node.note_refusal("sse", opening.player_id, refusal)
            raise

    async def open_sse(self, connection: Connection) -> EventStreamTransport:
        """Open the stream of a reserved SSE connection; an HTTP response sends it.

        If the connection was ended meanwhile, the stream says why and ends.
        """
        transport = EventStreamTransport(connection.encoding)
        await self.node.open(connection, transport)
        return transport

    async def take_sse(self, connection: Connection, handover: Handover) -> None:
        """Open the stream of a reserved SSE connection on a socket that its server gives away.

        Args:
            connection: reserved with this handover.
            handover: whose response head is written.
        """
        transport = self._direct_transport(connection, handover)
        handover.take(transport, None)
        await self.node.open(connection, transport)

    async def sse_events(self, connection_id: str) -> AsyncIterator[bytes]:
        """The byte stream of an SSE response; ends when the connection ends.

        Args:
            connection_id: from :meth:`connect_sse`; each may be streamed once.

        Raises:
            UnknownConnectionError: there is no such connection, or it was not opened in time.
        """
        connection = self.node.connections.get(connection_id)
        if connection is None or connection.state is not State.RESERVED:
            raise UnknownConnectionError(connection_id)
        transport = await self.open_sse(connection)
        async for chunk in transport.stream():
            yield chunk

    async def disconnect_sse(
        self,
        player_id: PlayerId,
        connection_id: str | None = None,
        is_force_disconnect: bool = False,
    ) -> bool:
        """End one SSE connection of a player, and no other connection.

        Args:
            player_id: the player.
            connection_id: which one; may be left out while the player has only one.
            is_force_disconnect: what existing callers pass; a connection's end is never silent.

        Returns:
            Whether there was one to end.

        Raises:
            AmbiguousConnectionError: the player has several and ``connection_id`` does not say
                which.
        """
        connection = self._one(
            player_id_of(player_id),
            "sse",
            lambda each: connection_id is None or each.id == connection_id,
            "pass the connection_id",
        )
        return connection is not None and self.node.end(connection, NORMAL)

    async def disconnect(
        self, connection_id: str, code: Code = NORMAL, *, retry_after: float | None = None
    ) -> bool:
        """End one connection with a code, after what waits for it was written.

        Returns:
            Whether there was such a connection on this node.
        """
        connection = self.node.connections.get(connection_id)
        return connection is not None and self.node.end(connection, code, retry_after=retry_after)

    async def disconnect_player(self, player_id: PlayerId, code: Code = LOGGED_OUT) -> bool:
        """End a player's session with all its connections: logout, ban, revocation.

        The player is gone at once, without grace, and the session id is refused from now on. What
        waits is still written, unless the code is ``REVOKED``.

        Returns:
            Whether there was a session.
        """
        return await self.node.end_session(player_id_of(player_id), code)

    async def handle_new_game_session(self, player_id: PlayerId, session_id: str) -> JSONObject:
        """Handle a new game client session by terminating all existing connections.

        They get what waits for them, are told ``session_replaced`` and close with 4409. Idempotent
        for the current session.

        Args:
            player_id: the player.
            session_id: the new session identifier.

        Returns:
            ``player_id``, ``new_session_id``, ``previous_session_id``,
            ``connections_disconnected``, ``websocket_connections``, ``sse_connections``,
            ``success``, ``errors``.

        Raises:
            SessionError: the session id is malformed, somebody else's, or retired.
        """
        player = player_id_of(player_id)
        local = self.node.hub.players.get(player)
        kinds = [each.connection_type for each in local.connections.values()] if local else []
        previous = self.node.engine.session_of(player)
        await self.node.admission.claim(player, session_id)
        ended = kinds if previous != session_id else []
        return {
            "player_id": player,
            "new_session_id": session_id,
            "previous_session_id": previous,
            "connections_disconnected": len(ended),
            "websocket_connections": ended.count("websocket"),
            "sse_connections": ended.count("sse"),
            "success": True,
            "errors": [],
        }

    def connection_id_of(self, websocket: object) -> str:
        """The connection id of a WebSocket that was connected here.

        Raises:
            UnknownConnectionError: it was not, or it has ended.
        """
        return self._of(websocket).id

    def _take(
        self,
        connection: Connection,
        handover: Handover,
        receiver: Callable[[Connection, Handover], Receiver],
    ) -> DirectTransport:
        """Take the socket of an accepted WebSocket."""
        transport = self._direct_transport(connection, handover)
        handover.take(transport, receiver(connection, handover))
        connection.socket = DirectSocket(connection.id, self)
        return transport

    def _direct_transport(self, connection: Connection, handover: Handover) -> DirectTransport:
        # Below this a reading connection is read for again, so nothing falls between the two.
        high_water = self.config.limits.outbox // 2
        kind, encoding = connection.connection_type, connection.encoding
        return DirectTransport(kind, encoding, handover, close_reason, high_water)

    def _opening(
        self,
        connection_type: ConnectionType,
        player_id: PlayerId,
        session_id: str | None,
        terms: Terms,
        *,
        direct: bool = False,
    ) -> Opening:
        player = player_id_of(player_id)
        last_event_id = terms.last_event_id
        return Opening(
            player_id=player,
            connection_type=connection_type,
            encoding=self._encodings.choose(connection_type, terms, direct=direct),
            identity=terms.identity or Identity(player_id=player),
            session_id=session_id,
            last_event_id=parse_event_id(last_event_id) if last_event_id else None,
            cursor=terms.cursor,
            types=terms.types,
            standby=terms.standby,
            address=terms.address,
        )

    def _of(self, websocket: object) -> Connection:
        for connection in self.node.connections.values():
            if connection.socket is websocket:
                return connection
        raise UnknownConnectionError(f"of {websocket!r}")

    def _one(
        self,
        player_id: str,
        connection_type: ConnectionType,
        wanted: Callable[[Connection], bool],
        repair: str,
    ) -> Connection | None:
        player = self.node.hub.players.get(player_id)
        found = [
            each
            for each in (player.connections.values() if player else ())
            if each.connection_type == connection_type and wanted(each)
        ]
        if len(found) > 1:
            raise AmbiguousConnectionError(player_id, [each.id for each in found], repair)
        return found[0] if found else None

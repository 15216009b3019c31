"""The gate: who is let in, by what proof, from where. Asked before anything else is looked at."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from starlette.requests import HTTPConnection

from ..abc import Authenticator
from ..codes import DRAINING, RESTART
from ..exceptions import (
    AuthenticationError,
    EngineError,
    ForbiddenError,
    RefusedError,
)
from ..manager import ConnectionManager
from ..manager.terms import Terms
from ..types import ConnectionType, Credentials, Identity
from .credentials import read_credentials
from .origins import OriginPolicy, is_same_origin
from .proofs import Proofs
from .roads import settled_of
from .terms import read_terms

__all__ = ["Admitted", "Gate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """A peer who may go on."""

    identity: Identity
    session_id: str | None
    """The session that it asks for; a ticket says that itself."""
    terms: Terms
    """How it wants to be written to."""

    @property
    def player_id(self) -> str:
        """Who it is."""
        return self.identity.player_id


class Gate:
    """Lets peers in.

    Args:
        manager: whose connections they want.
        authenticator: knows whose a token is.
        origins: knows where requests may come from.
    """

    def __init__(
        self, manager: ConnectionManager, authenticator: Authenticator, origins: OriginPolicy
    ) -> None:
        self._manager = manager
        self._authenticator = authenticator
        self._origins = origins
        self._proofs = Proofs(manager.node)
        # A subclass with a method of its own has to say so for itself.
        own = next(each for each in type(authenticator).__mro__ if "authenticate" in vars(each))
        self._patient = authenticator.waits if "waits" in vars(own) else True

    async def admit(
        self, connection: HTTPConnection, *, opens: ConnectionType | None = None, safe: bool = False
    ) -> Admitted:
        """Find out who a request or an opening WebSocket is from.

        Args:
            connection: what came.
            opens: the type of connection that it wants to open.
            safe: whether it changes and opens nothing, so that its origin does not matter.

        Raises:
            RefusedError: it is not let in, and the code says why.
            EngineError: that could not be found out.
        """
        settled = settled_of(connection.scope)
        if settled is not None:
            return settled.result()
        await self._manager.start()
        known: Identity | None = None
        try:
            credentials = read_credentials(connection)
            if not safe:
                self._origins.check(connection, cookie=credentials.source == "cookie")
            address = self._proofs.check(connection)
            try:
                known, session_id = await self._prove(connection, credentials, opens)
            except RefusedError as refusal:
                raise await self._proofs.failed(address, credentials, refusal) from None
            self._manager.node.revoking.check(known)
            _check_path(connection, known)
            if opens is not None and not self._manager.node.ready:
                draining = self._manager.node.draining
                code = DRAINING if draining else RESTART
                raise RefusedError("The server is about to restart.", code, retry_after=1.0)
            terms = read_terms(connection, known, self._manager.config.limits, address)
            return Admitted(identity=known, session_id=session_id, terms=terms)
        except RefusedError as refusal:
            if opens is not None:
                player_id = known.player_id if known else None
                self._manager.node.note_refusal(opens, player_id, refusal)
            raise

    @property
    def waits(self) -> bool:
        """Whether letting somebody in may wait for something."""
        return self._patient or self._manager.node.engine.waits

    async def _prove(
        self, connection: HTTPConnection, credentials: Credentials, opens: ConnectionType | None
    ) -> tuple[Identity, str | None]:
        if not self.waits:
            return await self._look(connection, credentials, opens)
        deadline = self._manager.config.limits.handshake
        try:
            async with asyncio.timeout(deadline):
                return await self._look(connection, credentials, opens)
        except TimeoutError:
            raise EngineError("authenticate", f"no answer within {deadline:g} s") from None

    async def _look(
        self, connection: HTTPConnection, credentials: Credentials, opens: ConnectionType | None
    ) -> tuple[Identity, str | None]:
        if credentials.ticket is not None:
            return await self._spend(connection, credentials.ticket, opens)
        if credentials.token is None:
            raise AuthenticationError("Invalid or missing token")
        identity = await self._authenticator.authenticate(credentials.token)
        return identity, connection.query_params.get("session_id")

    async def _spend(
        self, connection: HTTPConnection, secret: str, opens: ConnectionType | None
    ) -> tuple[Identity, str]:
        if opens is None:
            raise AuthenticationError("a ticket opens a connection; send the token here")
        ticket = await self._manager.node.engine.take_ticket(secret)
        if ticket is None:
            raise AuthenticationError("the ticket is unknown, spent or expired; get a new one")
        if ticket.connection_type != opens:
            raise ForbiddenError(f"the ticket is for a {ticket.connection_type} connection")
        origin = connection.headers.get("origin")
        # A browser sends no Origin with a GET to the page's own server.
        own = origin is None and ticket.origin and is_same_origin(connection, ticket.origin)
        if origin != ticket.origin and not own:
            raise ForbiddenError("the ticket was issued to another Origin")
        if connection.query_params.get("session_id", ticket.session_id) != ticket.session_id:
            raise ForbiddenError("the ticket is for another session")
        return ticket.identity, ticket.session_id


def _check_path(connection: HTTPConnection, identity: Identity) -> None:
    """The token says who; an id in the path is only a check."""
    named = connection.path_params.get("player_id", identity.player_id)
    if named != identity.player_id:
        raise ForbiddenError("the path names another player than the token")

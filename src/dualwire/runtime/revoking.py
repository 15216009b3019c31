"""Taking access back: from a player, from a session, from one token. At once, and on all nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from ..codes import REVOKED
from ..core.revocation import player_key, token_key
from ..exceptions import AuthenticationError
from ..types import Identity

if TYPE_CHECKING:
    from .node import Node

__all__ = ["Revoking"]

log = structlog.get_logger("dualwire")


class Revoking:
    """Revokes, and sees to it that nobody goes on with what is revoked.

    Args:
        node: whose connections end by it.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._acted_on = 0

    def check(self, identity: Identity) -> None:
        """Refuse a proof that is revoked.

        Raises:
            AuthenticationError: it is.
        """
        if self._node.engine.revoked.covers(identity):
            raise AuthenticationError("the token was revoked; log in again", REVOKED)

    async def player(self, player_id: str, until: float | None = None) -> bool:
        """Revoke all tokens that a player has, and end its session.

        Args:
            player_id: who.
            until: wall-clock seconds at which the last of them expires anyway; ``None`` for the
                time that is set for those that do not say.

        Returns:
            Whether there was a session.
        """
        await self._revoke(player_key(player_id), until)
        log.info("revoked", what="player", player=player_id)
        # Afterwards, so that nobody comes in between.
        return await self._node.end_session(player_id, REVOKED)

    async def session(self, player_id: str, session_id: str) -> bool:
        """End one session of a player for good, with the tokens of its connections.

        Returns:
            Whether it was the player's current one.
        """
        log.info("revoked", what="session", player=player_id)
        return await self._node.end_session(player_id, REVOKED, session_id)

    async def token(self, token_id: str, until: float | None = None) -> None:
        """Revoke one token, and end the connections that came with it.

        Args:
            token_id: its ``jti``.
            until: wall-clock seconds at which it expires anyway; ``None`` if that is not known.
        """
        await self._revoke(token_key(token_id), until)
        log.info("revoked", what="token", token=token_id)

    def end_with(self, identity: Identity) -> None:
        """A connection ends by revocation: so does the token that it came with."""
        if identity.token_id is not None:
            self._node.spawn(self.token(identity.token_id, identity.expires_at))

    def enforce(self) -> None:
        """End the connections of this node whose tokens are revoked by now."""
        table = self._node.engine.revoked
        if table.changes == self._acted_on:
            return
        self._acted_on = table.changes
        for connection in list(self._node.connections.values()):
            if not connection.ended and table.covers(connection.identity):
                self._node.end(connection, REVOKED, flush=False)

    async def _revoke(self, key: str, until: float | None) -> None:
        await self._node.start()
        now = self._node.clock.wall()
        if until is None:
            until = now + self._node.config.session.revoked
        await self._node.engine.revoke(key, now, until)
        self.enforce()

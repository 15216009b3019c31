"""Taking access back."""

from __future__ import annotations

from ..types import player_id_of
from .sending import PlayerId, Sending

__all__ = ["Revocation"]


class Revocation(Sending):
    """Revokes players, sessions and tokens. On every node within a second; what waits for the
    connections that end by it is not written."""

    async def revoke_player(self, player_id: PlayerId, *, until: float | None = None) -> bool:
        """Revoke all tokens that a player was given so far, and end its session.

        A token that is issued later counts again: to keep somebody out, do not issue one. Tokens
        that do not say when they were issued count as issued before.

        Args:
            player_id: who.
            until: wall-clock seconds at which the last of those tokens expires anyway; ``None`` for
                ``DUALWIRE_SESSION__REVOKED`` from now.

        Returns:
            Whether there was a session.
        """
        return await self.node.revoking.player(player_id_of(player_id), until)

    async def revoke_session(self, player_id: PlayerId, session_id: str) -> bool:
        """Revoke one session of a player, with the tokens that its connections came with.

        The session id is refused from now on, whether or not it is the current one.

        Returns:
            Whether it was the player's current session.
        """
        return await self.node.revoking.session(player_id_of(player_id), session_id)

    async def revoke_token(self, token_id: str, *, until: float | None = None) -> None:
        """Revoke one token, and end the connections that came with it; others live on.

        Args:
            token_id: its ``jti``: ``Identity.token_id``.
            until: wall-clock seconds at which it expires anyway (``Identity.expires_at``); ``None``
                for ``DUALWIRE_SESSION__REVOKED`` from now.
        """
        await self.node.revoking.token(token_id, until)

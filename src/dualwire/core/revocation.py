"""What is revoked before its time: single tokens, and all tokens that a player has so far."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heappop, heappush
from typing import NamedTuple

from ..types import Identity

__all__ = ["RevocationTable", "player_key", "token_key"]


def token_key(token_id: str) -> str:
    """Names one token, by its ``jti``."""
    return f"token:{token_id}"


def player_key(player_id: str) -> str:
    """Names all tokens that a player was given up to the moment of the revocation."""
    return f"player:{player_id}"


class _Revoked(NamedTuple):
    at: float
    until: float


class RevocationTable:
    """What is revoked. Times are wall-clock seconds, as those in tokens are."""

    def __init__(self) -> None:
        self.changes = 0
        """Grows with every change, so that whoever acted on all of it knows whether there is
        more."""
        self._revoked: dict[str, _Revoked] = {}
        self._ends: list[tuple[float, str]] = []

    def add(self, key: str, at: float, until: float) -> bool:
        """Something is revoked.

        Args:
            key: what, from :func:`token_key` or :func:`player_key`.
            at: since when; of two, the later one counts.
            until: when nobody needs to remember that any more; of two, the later one counts.

        Returns:
            Whether that is news.
        """
        known = self._revoked.get(key)
        new = _Revoked(at, until)
        if known is not None:
            new = _Revoked(max(at, known.at), max(until, known.until))
            if new == known:
                return False
        self._revoked[key] = new
        heappush(self._ends, (new.until, key))
        self.changes += 1
        return True

    def covers(self, identity: Identity) -> bool:
        """Whether a proof of identity is revoked.

        A token that was issued after its player was revoked is not; one that does not say when it
        was issued is.
        """
        revoked = self._revoked
        if not revoked:
            return False
        if identity.token_id is not None and token_key(identity.token_id) in revoked:
            return True
        player = revoked.get(player_key(identity.player_id))
        return player is not None and (
            identity.issued_at is None or identity.issued_at <= player.at
        )

    def tick(self, wall: float) -> None:
        """Forget what nobody needs to remember any more."""
        while self._ends and self._ends[0][0] <= wall:
            until, key = heappop(self._ends)
            known = self._revoked.get(key)
            if known is not None and known.until <= until:
                del self._revoked[key]

    def __iter__(self) -> Iterator[tuple[str, float, float]]:
        """Each key with since when and until when."""
        return ((key, each.at, each.until) for key, each in self._revoked.items())

    def __len__(self) -> int:
        return len(self._revoked)

"""Tokens whose signatures were verified a while ago.

Both connections of a player bring the same token, and after an outage everybody comes back with the
one that they had: what was signed once stays signed, and only its times have to be looked at again.
"""

from __future__ import annotations

import secrets
from hashlib import blake2b
from typing import NamedTuple

from ...types import Identity

__all__ = ["Known", "VerifiedTokens"]

KEPT = 8192
"""Tokens that are remembered; the oldest is forgotten first. About 4 MB."""


class Known(NamedTuple):
    """What a token said."""

    identity: Identity
    expires_at: float
    """Wall-clock seconds at which it ends, leeway included."""
    not_before: float | None
    """Wall-clock seconds before which it is worth nothing."""


class VerifiedTokens:
    """Remembers valid tokens, by a keyed hash: the tokens themselves are not kept.

    Args:
        most: how many.
    """

    def __init__(self, most: int = KEPT) -> None:
        self._most = most
        self._key = secrets.token_bytes(32)
        self._known: dict[bytes, Known] = {}

    def find(self, token: str) -> Known | None:
        """What a token said when its signature was verified; ``None`` if it is not remembered."""
        return self._known.get(self._digest(token))

    def keep(self, token: str, known: Known) -> None:
        """Remember a token whose signature is valid."""
        if len(self._known) >= self._most:
            del self._known[next(iter(self._known))]
        self._known[self._digest(token)] = known

    def __len__(self) -> int:
        return len(self._known)

    def _digest(self, token: str) -> bytes:
        # Whoever finds a second token of the same digest has guessed 128 bits and a secret key.
        return blake2b(token.encode(errors="replace"), digest_size=16, key=self._key).digest()

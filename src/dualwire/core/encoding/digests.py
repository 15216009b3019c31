"""Digests of events, as ``spec/protocol.md`` has them: SHA-256 over the raw text (FIPS 180-4)."""

from __future__ import annotations

from hashlib import sha256

from ...exceptions import DigestError
from ...types import JSONObject

__all__ = ["check_digest", "digest_of"]

_KEY = b',"event":'
"""Before it stand only keys with plain values, in whose text every quote is escaped: so the first
one is the frame's own."""


def digest_of(payload: bytes) -> bytes:
    """The digest of an event's raw text: lower-case hexadecimal."""
    return sha256(payload).hexdigest().encode()


def check_digest(text: bytes, frame: JSONObject) -> None:
    """See whether an ``event`` frame's digest fits the raw text of its event.

    Args:
        text: the frame as it came.
        frame: the same, decoded.

    Raises:
        DigestError: it does not, or there is none.
    """
    _, found, rest = text.partition(_KEY)
    expected = digest_of(rest[:-1]).decode() if found and text.endswith(b"}") else None
    if frame.get("digest") != expected or expected is None:
        raise DigestError(str(frame.get("stream"))[:80], frame.get("digest"), expected)

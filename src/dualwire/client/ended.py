"""How a connection ended."""

from __future__ import annotations

from dataclasses import dataclass

from ..codes import PEER_GONE, TOKEN_EXPIRED, UNAUTHORIZED, Code, code_for
from ..exceptions import AuthenticationError, RefusedError
from ..types import JSONObject

__all__ = ["Ended", "closed_with", "farewell"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How one connection ended, or why it did not open."""

    code: Code
    detail: str = ""
    retry_after: float | None = None
    """Seconds that the server asked to wait."""

    def __str__(self) -> str:
        return self.detail or self.code.reason

    def error(self) -> RefusedError:
        """The same as an exception."""
        bad_token = self.code in (UNAUTHORIZED, TOKEN_EXPIRED)
        kind = AuthenticationError if bad_token else RefusedError
        return kind(str(self), self.code, self.retry_after)


def farewell(bye: JSONObject) -> Ended:
    """What a ``bye`` says."""
    number, retry_after = bye.get("code"), bye.get("retry_after")
    number = number if isinstance(number, int) else PEER_GONE.number
    return Ended(
        code=code_for(number, str(bye.get("reason") or "")),
        detail=str(bye.get("message") or ""),
        retry_after=float(retry_after) if isinstance(retry_after, (int, float)) else None,
    )


def closed_with(number: int, reason: str) -> Ended:
    """What a close frame says: its reason is ``NAME``, or ``NAME retry_after=SECONDS``."""
    name, _, after = reason.partition(" retry_after=")
    try:
        retry_after = float(after) if after else None
    except ValueError:
        retry_after = None
    return Ended(code=code_for(number, name), retry_after=retry_after)

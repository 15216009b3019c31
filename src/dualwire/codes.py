"""Why a connection ends: one table, for WebSocket close codes and for the ``bye`` of SSE alike.

Law of the numbers:

* 1000-1015 as RFC 6455, section 7.4.1
* 4000-4399 reconnect
* 4400-4799 terminal: do not reconnect with the same session or token
* 4800-4999 for applications, see :func:`application_code`
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "CODES",
    "DRAINING",
    "FORBIDDEN",
    "GOING_AWAY",
    "LOGGED_OUT",
    "MESSAGE_TOO_BIG",
    "NORMAL",
    "OVERTAKEN",
    "PEER_GONE",
    "PROTOCOL_ERROR",
    "RATE_LIMITED",
    "REPLACED",
    "RESTART",
    "REVOKED",
    "SESSION_REPLACED",
    "STALE",
    "TOKEN_EXPIRED",
    "UNAUTHORIZED",
    "Code",
    "application_code",
    "code_for",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """One way for a connection to end, or for a request to be refused."""

    number: int
    """WebSocket close code."""

    name: str
    """The reason as machines read it: WebSocket close reason and ``bye`` on SSE."""

    reason: str
    """The reason for a person."""

    reconnect: bool
    """Whether the same client may open a new connection for the same session."""

    http: int
    """The status of an HTTP answer that refuses for this reason."""

    def __str__(self) -> str:
        return f"{self.number} {self.name}"

    def fields(self, retry_after: float | None = None) -> dict[str, object]:
        """What a goodbye says.

        Args:
            retry_after: seconds after which another try makes sense, if that is to be said.
        """
        fields: dict[str, object] = {
            "code": self.number,
            "reason": self.name,
            "message": self.reason,
            "reconnect": self.reconnect,
        }
        return fields if retry_after is None else {**fields, "retry_after": retry_after}


def _code(number: int, name: str, reason: str, *, reconnect: bool, http: int) -> Code:
    return Code(number=number, name=name, reason=reason, reconnect=reconnect, http=http)


NORMAL = _code(1000, "normal", "The peer closed the connection.", reconnect=False, http=200)
GOING_AWAY = _code(
    1001, "going_away", "The page or the program went away.", reconnect=True, http=503
)
PEER_GONE = _code(
    1006, "peer_gone", "The connection broke without a goodbye.", reconnect=True, http=503
)
MESSAGE_TOO_BIG = _code(
    1009, "message_too_big", "A message was larger than the limit.", reconnect=False, http=413
)
RESTART = _code(1012, "restart", "The server restarts.", reconnect=True, http=503)
DRAINING = _code(
    4001, "draining", "This node makes room; connect again, elsewhere.", reconnect=True, http=503
)
OVERTAKEN = _code(
    4002, "overtaken", "The connection fell behind what history keeps.", reconnect=True, http=503
)
STALE = _code(4003, "stale", "The peer gave no sign of life.", reconnect=True, http=408)
TOKEN_EXPIRED = _code(
    4004, "token_expired", "The token expired; refresh it first.", reconnect=True, http=401
)
RATE_LIMITED = _code(
    4005, "rate_limited", "Too many; try again after retry_after seconds.", reconnect=True, http=429
)
LOGGED_OUT = _code(4400, "logged_out", "The player left the game.", reconnect=False, http=401)
UNAUTHORIZED = _code(4401, "unauthorized", "There is no valid token.", reconnect=False, http=401)
FORBIDDEN = _code(4403, "forbidden", "Not allowed for this player.", reconnect=False, http=403)
SESSION_REPLACED = _code(
    4409,
    "session_replaced",
    "The player logged in through a newer game client session.",
    reconnect=False,
    http=409,
)
REVOKED = _code(4410, "revoked", "The player's access was revoked.", reconnect=False, http=401)
REPLACED = _code(
    4411,
    "replaced",
    "A newer connection of the same type took this one's place.",
    reconnect=False,
    http=409,
)
PROTOCOL_ERROR = _code(
    4422, "protocol_error", "The peer broke the protocol.", reconnect=False, http=400
)

CODES: dict[int, Code] = {
    code.number: code
    for code in (
        NORMAL,
        GOING_AWAY,
        PEER_GONE,
        MESSAGE_TOO_BIG,
        RESTART,
        DRAINING,
        OVERTAKEN,
        STALE,
        TOKEN_EXPIRED,
        RATE_LIMITED,
        LOGGED_OUT,
        UNAUTHORIZED,
        FORBIDDEN,
        SESSION_REPLACED,
        REVOKED,
        REPLACED,
        PROTOCOL_ERROR,
    )
}
"""Every code that dualwire itself uses, by number."""


def application_code(number: int, name: str, reason: str, *, reconnect: bool = False) -> Code:
    """A code of the application's own.

    Args:
        number: 4800 to 4999.
        name: one word for machines.
        reason: one sentence for a person.
        reconnect: whether clients may come back with the same session.

    Raises:
        ValueError: the number is outside the range that is reserved for applications.
    """
    if not 4800 <= number <= 4999:
        raise ValueError(f"application codes are 4800 to 4999, got {number}")
    return _code(number, name, reason, reconnect=reconnect, http=403)


def code_for(number: int | None, name: str = "") -> Code:
    """What a close code that a peer sent means.

    Args:
        number: the peer's code; ``None`` when it gave none.
        name: the peer's reason, used for codes that are not ours.
    """
    if number is None or number == 1005:
        return NORMAL
    known = CODES.get(number)
    if known is not None:
        return known
    return _code(
        number, name or "peer_code", name or "The peer's own code.", reconnect=True, http=503
    )

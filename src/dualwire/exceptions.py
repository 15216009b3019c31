"""All errors that dualwire raises.

* :exc:`DualwireError`
    * :exc:`UsageError`: the calling code made a mistake (local misuse)
        * :exc:`ConfigurationError`: a setting has a value that cannot work
        * :exc:`EventError`: an event cannot be written as JSON
        * :exc:`ReadOnlyViewError`: a live view was written to
        * :exc:`AmbiguousConnectionError`: a call does not say which connection it means
        * :exc:`UnknownConnectionError`: no such connection on this node
    * :exc:`RefusedError`: the peer asked for something that it does not get (carries a code)
        * :exc:`AuthenticationError`
        * :exc:`ForbiddenError`
        * :exc:`SessionError`
        * :exc:`CapacityError`
        * :exc:`ProtocolError`
            * :exc:`DigestError`: the text of an event is not the one that was sent
        * :exc:`MessageTooBigError`
    * :exc:`EngineError`: the place where streams and sessions live does not answer

Every class stores its facts in fields and builds its text in ``__str__``.
"""

from __future__ import annotations

from typing import Any

from .codes import (
    FORBIDDEN,
    MESSAGE_TOO_BIG,
    PROTOCOL_ERROR,
    RATE_LIMITED,
    UNAUTHORIZED,
    Code,
)

__all__ = [
    "AmbiguousConnectionError",
    "AuthenticationError",
    "CapacityError",
    "ConfigurationError",
    "DigestError",
    "DualwireError",
    "EngineError",
    "EventError",
    "ForbiddenError",
    "MessageTooBigError",
    "ProtocolError",
    "ReadOnlyViewError",
    "RefusedError",
    "SessionError",
    "UnknownConnectionError",
    "UsageError",
]


class DualwireError(Exception):
    """Base class of all errors of this library."""


class UsageError(DualwireError):
    """The calling code made a mistake; the text says how to repair it."""


class ConfigurationError(UsageError):
    """A setting has a value that cannot work.

    Args:
        setting: name of the setting.
        expected: what it must be.
        got: what it was.
    """

    def __init__(self, setting: str, expected: str, got: object) -> None:
        self.setting = setting
        self.expected = expected
        self.got = got
        super().__init__(setting, expected, got)

    def __str__(self) -> str:
        return f"{self.setting}: expected {self.expected}, got {self.got!r}"


class EventError(UsageError):
    """An event cannot be written as a JSON object.

    Args:
        problem: what is wrong with it.
        got: the offending value.
    """

    def __init__(self, problem: str, got: object) -> None:
        self.problem = problem
        self.got = got
        super().__init__(problem, got)

    def __str__(self) -> str:
        return (
            f"an event must be a dict that can be written as a JSON object: {self.problem} "
            f"(got {_shown(self.got)}). Convert the value before sending."
        )


class ReadOnlyViewError(UsageError, TypeError):
    """A live view was written to; the text names the call to use instead.

    Args:
        view: name of the view.
        instead: the call that does what was meant.
    """

    def __init__(self, view: str, instead: str) -> None:
        self.view = view
        self.instead = instead
        super().__init__(view, instead)

    def __str__(self) -> str:
        return f"{self.view} shows what is and cannot be written to; use {self.instead}"


class AmbiguousConnectionError(UsageError):
    """A player has several connections and the call does not say which one it means.

    Args:
        player_id: the player.
        connection_ids: those that it could mean.
        repair: the call that says it.
    """

    def __init__(self, player_id: str, connection_ids: list[str], repair: str) -> None:
        self.player_id = player_id
        self.connection_ids = connection_ids
        self.repair = repair
        super().__init__(player_id, connection_ids, repair)

    def __str__(self) -> str:
        return (
            f"player {self.player_id!r} has {len(self.connection_ids)} such connections "
            f"({', '.join(self.connection_ids)}); {self.repair}"
        )


class UnknownConnectionError(UsageError):
    """There is no such connection on this node (it may have ended).

    Args:
        connection_id: the id that was asked for.
    """

    def __init__(self, connection_id: str) -> None:
        self.connection_id = connection_id
        super().__init__(connection_id)

    def __str__(self) -> str:
        return (
            f"no connection {self.connection_id!r} on this node: it has ended, or never opened; "
            "get_active_connections(player_id) lists those that live"
        )


class RefusedError(DualwireError):
    """The peer asked for something that it does not get.

    Args:
        message: for a person; says what was expected and what came.
        code: the code that the connection is closed or answered with.
        retry_after: seconds after which another try makes sense; ``None`` when none does.
    """

    default_code: Code = PROTOCOL_ERROR

    def __init__(
        self, message: str, code: Code | None = None, retry_after: float | None = None
    ) -> None:
        self.message = message
        self.code = code if code is not None else self.default_code
        self.retry_after = retry_after
        super().__init__(message, self.code, retry_after)

    def __str__(self) -> str:
        return self.message


class AuthenticationError(RefusedError):
    """There is no valid proof of who the peer is."""

    default_code = UNAUTHORIZED


class ForbiddenError(RefusedError):
    """The peer is known, but may not do this."""

    default_code = FORBIDDEN


class SessionError(RefusedError):
    """A session id is malformed, somebody else's, or retired."""


class CapacityError(RefusedError):
    """A cap or a rate is reached; the new request is refused, nothing existing is touched."""

    default_code = RATE_LIMITED


class ProtocolError(RefusedError):
    """The peer sent something that the protocol does not allow."""

    default_code = PROTOCOL_ERROR


class DigestError(ProtocolError):
    """The text of an event does not fit its digest: something on the way changed it.

    Args:
        stream: of the event.
        got: the digest that came with it; ``None`` for none.
        expected: that of the text; ``None`` where no text was found.
    """

    def __init__(self, stream: str, got: object, expected: str | None) -> None:
        super().__init__(
            f"an event of {stream!r} came with the digest {str(got)[:64]!r}, its text has "
            f"{expected!r}: something between the server and here changes what it passes on; "
            "use TLS"
        )
        self.stream, self.got, self.expected = stream, got, expected


class MessageTooBigError(RefusedError):
    """The peer sent more bytes in one message than the limit allows."""

    default_code = MESSAGE_TOO_BIG


class EngineError(DualwireError):
    """The engine cannot do what was asked; nothing was stored.

    Args:
        operation: what was asked.
        cause: why it failed.
    """

    def __init__(self, operation: str, cause: str) -> None:
        self.operation = operation
        self.cause = cause
        super().__init__(operation, cause)

    def __str__(self) -> str:
        return f"{self.operation} failed: {self.cause}"


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."

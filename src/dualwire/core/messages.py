"""What clients send: one JSON object per message, in every shape that shipped clients use.

Accepted, and read as the same message:

* ``{"type": "command", "data": {"command": "go", "args": ["north"]}}``
* ``{"type": "game_command", "command": "go", "args": ["north"]}``, the fields beside the type
* ``{"message": "<one of these as JSON text>", "csrfToken": …}``, wrapped
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ..exceptions import MessageTooBigError, ProtocolError
from ..types import JSONObject
from .encoding.json import decode_message

__all__ = ["ClientMessage", "parse_message", "problem"]

_ALIASES = {"game_command": "command"}


@dataclass(frozen=True, slots=True)
class ClientMessage:
    """One message from a client, in one shape."""

    type: str
    data: JSONObject = field(default_factory=dict)

    @property
    def verb(self) -> str:
        """First word of a command, in lower case; empty where there is none."""
        return self._words()[0]

    @property
    def args(self) -> list[str]:
        """The command's other words."""
        return self._words()[1:]

    def _words(self) -> list[str]:
        text, args = self.data.get("command"), self.data.get("args")
        if not isinstance(text, str):
            return [""]
        words = text.strip().removeprefix("/").split() or [""]
        if isinstance(args, list):
            words += [str(arg) for arg in args]
        return [words[0].lower(), *words[1:]]


def parse_message(text: str | bytes, limit: int) -> ClientMessage:
    """Read a message.

    Args:
        text: as it came.
        limit: bytes that it may have.

    Raises:
        MessageTooBigError: it has more.
        ProtocolError: it is not an object with a ``type``.
    """
    size = len(text) if isinstance(text, bytes) else len(text.encode("utf-8", "surrogatepass"))
    if size > limit:
        raise MessageTooBigError(f"a message has at most {limit} bytes, got {size}")
    message = decode_message(text)
    wrapped = message.get("message")
    if "type" not in message and isinstance(wrapped, str):
        message = decode_message(wrapped)
    kind = message.get("type", "unknown")
    if not isinstance(kind, str) or len(kind) > 64:
        raise ProtocolError("a message has a type: expected text of at most 64 characters")
    data = message.get("data")
    if data is None:
        data = {key: value for key, value in message.items() if key not in ("type", "data")}
    if not isinstance(data, dict):
        raise ProtocolError(f"data: expected an object, got {type(data).__name__}")
    return ClientMessage(_ALIASES.get(kind, kind), data)


def problem(error_type: str, message: str) -> JSONObject:
    """The answer to a message that could not be used, as shipped clients read it."""
    return {
        "type": "error",
        "error_type": error_type,
        "message": message,
        "user_friendly": message,
        "details": {},
    }

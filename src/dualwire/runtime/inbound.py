"""What becomes of a client's message: a pong, a command for the application, or a clear refusal."""

from __future__ import annotations

import inspect
from dataclasses import dataclass

import structlog

from ..core.messages import ClientMessage, parse_message, problem
from ..exceptions import MessageTooBigError, ProtocolError, RefusedError
from ..types import JSONObject
from .node import Node

__all__ = ["Command", "Inbound"]

log = structlog.get_logger("dualwire")


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A client's message, as ``on_command`` gets it."""

    player_id: str
    connection_id: str | None
    """The connection that asked and is answered; ``None`` for one sent over plain HTTP."""
    message: ClientMessage

    @property
    def type(self) -> str:
        """``command``, ``chat``, or whatever the client said."""
        return self.message.type

    @property
    def data(self) -> JSONObject:
        """The message's fields."""
        return self.message.data

    @property
    def verb(self) -> str:
        """First word of a ``command``, in lower case."""
        return self.message.verb

    @property
    def args(self) -> list[str]:
        """Its other words."""
        return self.message.args


class Inbound:
    """Turns messages into answers. Answers go to whoever asked, and to nobody else."""

    def __init__(self, node: Node) -> None:
        self._node = node

    async def answer(
        self, player_id: str, connection_id: str | None, text: str | bytes
    ) -> JSONObject | None:
        """Read a message, let the application act on it, and return its answer.

        Commands of one player run one at a time, in the order in which they came.

        Raises:
            MessageTooBigError: the message is larger than the limit; that ends the connection.
        """
        try:
            message = parse_message(text, self._node.config.limits.message)
        except MessageTooBigError:
            raise
        except ProtocolError as error:
            return problem("invalid_format", str(error))
        if message.type == "ping":
            return {"type": "pong", "event_type": "pong", "data": {}}
        command = Command(player_id=player_id, connection_id=connection_id, message=message)
        self._node.stats.commands += 1
        answer: JSONObject | None = await self._node.runner.call(
            player_id, lambda: self._act(command)
        )
        return answer

    async def _act(self, command: Command) -> JSONObject | None:
        hook = self._node.hooks.on_command
        if hook is None:
            return problem("invalid_command", f"Unknown message type: {command.type[:64]}")
        try:
            result = hook(command)
            if inspect.isawaitable(result):
                result = await result
        except RefusedError as error:
            return problem("invalid_command", str(error))
        except Exception:
            self._node.stats.errors["command"] += 1
            log.exception("command_failed", player=command.player_id, type=command.type)
            return problem("message_processing_error", "The command failed; the game goes on.")
        return result if isinstance(result, dict) else None

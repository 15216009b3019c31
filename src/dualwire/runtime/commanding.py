"""Commands: run in each player's order, and, where the client numbers them, at most once."""

from __future__ import annotations

import inspect
import re
from asyncio import Future, get_running_loop, shield
from dataclasses import dataclass
from typing import Any

import structlog

from ..core.messages import ClientMessage, problem
from ..exceptions import EngineError, ProtocolError, RefusedError
from ..types import JSONObject, Reply
from .node import Node

__all__ = ["Command", "Commanding", "Outcome"]

log = structlog.get_logger("dualwire")

_COMMAND_ID = re.compile(r"[A-Za-z0-9_-]{8,64}\.[0-9]{1,15}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A client's message, as ``on_command`` gets it."""

    player_id: str
    connection_id: str | None
    """The connection that asked and is answered; ``None`` for one sent over plain HTTP."""
    message: ClientMessage
    id: str | None = None
    """The client's number of it, if it has one: then the answer is an entry of the player's
    stream."""

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


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a numbered command."""

    reply: Reply
    first: bool
    """Whether this very message ran it, so that the reply went into the player's stream."""


class Commanding:
    """Runs the application's ``on_command``.

    Args:
        node: whose hooks are called, and whose engine remembers numbered commands.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._running: dict[tuple[str, str], Future[Reply]] = {}

    async def run(self, command: Command) -> JSONObject | None:
        """Run a command that is not numbered; its answer."""
        self._node.stats.commands += 1
        answer: JSONObject | None = await self._node.runner.call(
            command.player_id, lambda: self._answer(command)
        )
        return answer

    async def run_once(
        self, player_id: str, connection_id: str | None, data: JSONObject
    ) -> Outcome | None:
        """Run a numbered command, unless it ran before.

        Args:
            player_id: who sent it.
            connection_id: over which connection; ``None`` for plain HTTP.
            data: ``id``, ``body`` and perhaps ``retry``.

        Returns:
            Its outcome; ``None`` if it runs now, asked for by somebody else over a connection: the
            reply comes with the player's stream.

        Raises:
            ProtocolError: the id is malformed, or the body is no object.
        """
        command_id, body = data["id"], data.get("body", {})
        if not _COMMAND_ID.fullmatch(command_id):
            raise ProtocolError(
                "id: expected INSTANCE.n, 8 to 64 characters of [A-Za-z0-9_-] and a number"
            )
        if not isinstance(body, dict):
            raise ProtocolError(f"body: expected an object, got {type(body).__name__}")
        engine, retry = self._node.engine, data.get("retry") is True
        claim = await engine.claim_command(player_id, command_id, retry=retry)
        if claim.reply is not None:
            return Outcome(claim.reply, first=False)
        key = player_id, command_id
        if claim.outcome == "running":
            running = self._running.get(key)
            if running is None or connection_id is not None:
                return None
            return Outcome(await shield(running), first=False)
        command = Command(
            player_id=player_id,
            connection_id=connection_id,
            message=ClientMessage(str(body.get("type", "command")), body),
            id=command_id,
        )
        self._running[key] = get_running_loop().create_future()
        self._node.stats.commands += 1
        reply: Reply = await self._node.runner.call(player_id, lambda: self._finish(key, command))
        return Outcome(reply, first=True)

    async def _finish(self, key: tuple[str, str], command: Command) -> Reply:
        """Run a numbered command and store its reply, whoever still waits for it."""
        reply = await self._reply(key[1], command)
        try:
            await self._node.engine.finish_command(key[0], reply)
        except EngineError:
            # It ran, but nobody can be told for certain: that is what "unknown" is for.
            reply = Reply(command_id=key[1], outcome="unknown", reason="its reply was not stored")
            log.exception("command_reply_lost", player=key[0])
        running = self._running.pop(key)
        if not running.done():
            running.set_result(reply)
        return reply

    async def _reply(self, command_id: str, command: Command) -> Reply:
        try:
            body = await self._call(command)
        except RefusedError as refusal:
            return Reply(command_id=command_id, outcome="refused", reason=str(refusal))
        except Exception as error:
            self._failed(command, error)
            reason = "the command failed; the game goes on"
            return Reply(command_id=command_id, outcome="refused", reason=reason)
        return Reply(command_id=command_id, outcome="done", body=body)

    async def _answer(self, command: Command) -> JSONObject | None:
        try:
            return await self._call(command)
        except RefusedError as error:
            return problem("invalid_command", str(error))
        except Exception as error:
            self._failed(command, error)
            return problem("message_processing_error", "The command failed; the game goes on.")

    async def _call(self, command: Command) -> JSONObject | None:
        hook = self._node.hooks.on_command
        if hook is None:
            raise ProtocolError(f"Unknown message type: {command.type[:64]}")
        result: Any = hook(command)
        if inspect.isawaitable(result):
            result = await result
        return result if isinstance(result, dict) else None

    def _failed(self, command: Command, error: Exception) -> None:
        self._node.stats.failed("command", error)
        log.exception("command_failed", player=command.player_id, type=command.type)

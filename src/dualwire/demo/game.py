"""The game's hooks: what it does when players come, connect, speak and leave."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable

from ..codes import LOGGED_OUT
from ..core.messages import problem
from ..manager import ConnectionManager
from ..runtime.inbound import Command
from ..types import JSONObject
from .commands import Answer, Commands
from .mute_news import MuteNews
from .mutes import Mutes
from .town import Person, Town
from .world import World

__all__ = ["Game"]

LONGEST_LINE = 1000
"""Characters of a command, its words together."""


class Game:
    """Arkham, played over a connection manager.

    Args:
        manager: its hooks become this game's.
        world: the rooms.
        name_of: what a player is called; ``None`` for one that it does not know, which is then
            called as its token says.
    """

    def __init__(
        self,
        manager: ConnectionManager,
        world: World,
        name_of: Callable[[str], str | None] = lambda _: None,
    ) -> None:
        self.town = Town(manager, world, name_of)
        self._manager = manager
        self._mutes = Mutes()
        self._mute_news = MuteNews(manager.node, self._mutes)
        self._commands = Commands(self.town, self._mutes, self._mute_news)
        self._authorized_before = manager.authorize
        manager.authorize = self._authorize
        manager.on_player_online(self.town.arrive)
        manager.on_player_offline(self.town.depart)
        manager.on_connection_opened(self._opened)
        manager.on_command(self._command)

    @contextlib.asynccontextmanager
    async def lifespan(self, app: object = None) -> AsyncIterator[None]:
        """Learn from the other nodes what was said before this one started."""
        await self._manager.node.start()
        await self._mute_news.ask()
        yield

    def _authorize(self, player_id: str, event: JSONObject) -> bool:
        before = self._authorized_before
        return (before is None or before(player_id, event)) and self._mutes.allows(player_id, event)

    async def _opened(self, player_id: str, connection_id: str) -> None:
        """One snapshot per connection, of one shape; whatever changes later comes as an event."""
        person = self.town.person(player_id)
        metadata = self._manager.connection_metadata.get(connection_id)
        if person is None or metadata is None:
            return  # It ended before its turn came.
        wrap = self.town.envelope.wrap
        events = [self.town.scenes.snapshot(person)]
        if metadata.connection_type == "sse":
            events.insert(0, wrap("connected", {"player_id": player_id}, player_id=player_id))
        else:
            events.append(wrap("welcome", {"message": "Connected to Arkham"}, player_id=player_id))
        for event in events:
            await self._manager.send_to_connection(connection_id, event)

    async def _command(self, command: Command) -> JSONObject | None:
        person = self.town.person(command.player_id)
        if person is None:
            return problem("invalid_command", "You are not in the game: open a connection first.")
        if command.type == "chat":
            return await self._chat(person, command)
        if command.type != "command":
            return problem("invalid_command", f"Unknown message type: {command.type}")
        if not command.verb:
            return problem("invalid_command", "Empty command")
        if len(command.verb) + sum(len(arg) + 1 for arg in command.args) > LONGEST_LINE:
            return problem("invalid_command", f"A command has at most {LONGEST_LINE} characters")
        answer = await self._commands.run(person, command.verb, command.args)
        event = self._respond(person, answer)
        if answer.leaves:
            return await self._leave(command, event)
        return event

    async def _chat(self, person: Person, command: Command) -> JSONObject:
        message = command.data.get("message")
        if not isinstance(message, str):
            return problem("invalid_command", "chat: expected a message, a text")
        return self._respond(person, await self._commands.say(person, message))

    def _respond(self, person: Person, answer: Answer) -> JSONObject:
        # Some clients read `result`, others `message`.
        data = {**answer.facts, "result": answer.text, "message": answer.text}
        return self.town.envelope.wrap("command_response", data, player_id=person.id)

    async def _leave(self, command: Command, answer: JSONObject) -> JSONObject | None:
        """End the player's session, once the answer is on its way to whoever asked."""
        player_id = command.player_id
        if command.id is not None:
            # The answer is going to be an entry of the player's stream, before the end.
            self._manager.node.runner.submit(player_id, lambda: self._log_out(player_id))
            return answer
        asked = command.connection_id
        sent = asked is not None and await self._manager.send_to_connection(asked, answer)
        await self._log_out(player_id)
        return None if sent else answer

    async def _log_out(self, player_id: str) -> None:
        await self._manager.disconnect_player(player_id, LOGGED_OUT)

"""Who is where in the town, and what the others hear of it."""

from __future__ import annotations

import uuid
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ..manager import ConnectionManager
from ..types import JSONObject, Presence, room_of
from .envelope import Envelope, utc
from .scenes import Scenes
from .text import clean
from .world import Room, World

__all__ = ["Person", "Town"]

Channel = Literal["say", "emote", "whisper"]

REMEMBERED = 10_000
"""Players whose last room is kept after they left; who was seen longest ago gives way first."""


@dataclass(frozen=True, slots=True)
class Person:
    """A player in the town, as of now."""

    id: str
    name: str
    room: Room
    level: int = 1


class Town:
    """Moves people through rooms and tells each change once, to those whom it concerns.

    Who is present, and in which room, is what the manager's engine says: nothing is kept twice, so
    several nodes show one town. What must come in order for a player goes through streams: the
    room's for what happens there, the player's own for a whisper.

    Args:
        manager: carries the events.
        world: the rooms.
        name_of: what a player is called; ``None`` for one that it does not know.
    """

    def __init__(
        self, manager: ConnectionManager, world: World, name_of: Callable[[str], str | None]
    ) -> None:
        self.world = world
        self.envelope = Envelope(manager.node.clock.wall)
        self.scenes = Scenes(manager, self.envelope, self.people_in)
        self._manager = manager
        self._name_of = name_of
        self._seen: OrderedDict[str, Person] = OrderedDict()

    def person(self, player_id: str) -> Person | None:
        """A player who is in the town."""
        presence = self._manager.node.engine.presence_of(player_id)
        return self._person(presence) if presence else None

    def people(self) -> list[Person]:
        """Everybody who is in the town, by name."""
        present = map(self._person, self._manager.node.engine.presence().values())
        return sorted(present, key=lambda each: each.name.casefold())

    def people_in(self, room: Room) -> list[Person]:
        """Everybody who is in a room, by name."""
        return [each for each in self.people() if each.room is room]

    def find(self, words: Sequence[str]) -> tuple[Person | None, Sequence[str]]:
        """Somebody by the name that begins some words, whatever the case.

        A whole name wins, the longest first; else the beginning of one name will do.

        Returns:
            The person, ``None`` if it is nobody or could be several, and the words that follow.
        """
        people = self.people()
        for count in range(min(len(words), 4), 0, -1):
            name = " ".join(words[:count]).casefold()
            for each in people:
                if each.name.casefold() == name:
                    return each, words[count:]
        start = words[0].casefold() if words else ""
        found = [each for each in people if start and each.name.casefold().startswith(start)]
        return (found[0], words[1:]) if len(found) == 1 else (None, words)

    # Coming, moving, leaving

    async def arrive(self, player_id: str) -> None:
        """A player comes into the game: into the room it left, if it was here before."""
        presence = self._manager.node.engine.presence_of(player_id)
        seen = self._seen.get(player_id)
        person = self._person(presence or _absent(player_id), seen)
        self._remember(person)
        if presence is not None:
            # Who logged out before its turn came must not stay behind as an invisible occupant.
            await self._describe(person)
            await self._manager.subscribe_to_room(player_id, person.room.id)
        await self._tell_others(
            person, person.room, "player_entered_game", f"{person.name} has entered the game."
        )
        await self.scenes.changed(person.room, person, inside=True, itself=False)

    async def depart(self, player_id: str) -> None:
        """A player left the game."""
        person = self._seen.get(player_id) or self._person(_absent(player_id))
        await self._tell_others(
            person, person.room, "player_left_game", f"{person.name} has left the game."
        )
        await self.scenes.changed(person.room, person, inside=False, itself=False)

    async def move(self, person: Person, direction: str) -> Room | None:
        """Let somebody take a way out.

        Returns:
            The room that it leads to, ``None`` if there is no such way.
        """
        target = person.room.exits.get(direction)
        if target is None:
            return None
        old, new = person.room, self.world.rooms[target]
        person = replace(person, room=new)
        self._remember(person)
        await self._manager.unsubscribe_from_room(person.id, old.id)
        await self._describe(person)
        await self._tell_others(
            person, old, "player_left", f"{person.name} leaves the room, going {direction}."
        )
        await self.scenes.changed(old, person, inside=False, itself=False)
        await self._manager.subscribe_to_room(person.id, new.id)
        await self._tell_others(person, new, "player_entered", f"{person.name} enters the room.")
        await self.scenes.changed(new, person, inside=True, itself=True)
        return new

    # Talking

    async def chat(self, sender: Person, channel: Channel, message: str) -> None:
        """Let a room hear somebody."""
        event = self._chat(sender, channel, message, None)
        await self._manager.broadcast_to_room(sender.room.id, event, exclude_player=sender.id)

    async def whisper(self, sender: Person, target: Person, message: str) -> None:
        """Let one person hear another, wherever they are."""
        event = self._chat(sender, "whisper", message, target)
        await self._manager.send_personal_message(target.id, event)

    def _chat(
        self, sender: Person, channel: Channel, message: str, target: Person | None
    ) -> JSONObject:
        data = {
            "sender_id": sender.id,
            "player_name": sender.name,
            "channel": channel,
            "message": message,
            "message_id": uuid.uuid4().hex,
            "timestamp": utc(self._manager.node.clock.wall()),
            "target_id": target.id if target else None,
            "target_name": target.name if target else None,
        }
        room_id = None if target else sender.room.id
        return self.envelope.wrap("chat_message", data, room_id=room_id, player_id=sender.id)

    async def _tell_others(self, person: Person, room: Room, what: str, message: str) -> None:
        data = {"player_id": person.id, "player_name": person.name, "message": message}
        event = self.envelope.wrap(what, data, room_id=room.id, player_id=person.id)
        await self._manager.broadcast_to_room(room.id, event, exclude_player=person.id)

    async def _describe(self, person: Person) -> None:
        await self._manager.describe_player(
            person.id,
            player_name=person.name,
            level=person.level,
            current_room_id=person.room.id,
        )

    def _remember(self, person: Person) -> None:
        self._seen[person.id] = person
        self._seen.move_to_end(person.id)
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)

    def _person(self, presence: Presence, seen: Person | None = None) -> Person:
        """Somebody who is present; ``seen`` is how it was here before."""
        player_id, info = presence.player_id, presence.info
        inside = map(room_of, self._manager.node.engine.rooms_of(player_id))
        ids = [*inside, str(info.get("current_room_id")), seen.room.id if seen else ""]
        room = next((each for each in map(self.world.rooms.get, ids) if each is not None), None)
        return Person(
            player_id,
            str(info.get("player_name") or self._name(player_id)),
            room or self.world.rooms[self.world.start],
        )

    def _name(self, player_id: str) -> str:
        name = self._name_of(player_id)
        if name is None:
            # A token of somebody else's making: the name that it says, as far as it is printable.
            connections = self._manager.node.connections.values()
            found = (each.identity.name for each in connections if each.player.id == player_id)
            name = next((each for each in found if each), None)
        return clean(name or player_id)[:40] or "Somebody"


def _absent(player_id: str) -> Presence:
    return Presence(player_id=player_id, connected_at=0.0)

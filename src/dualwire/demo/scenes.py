"""What a room looks like, and when those in it are shown it.

Who comes and goes is told to the room each time, by name. The list of all who are there is another
thing: sent at every coming and going it grows with the square of the crowd, and two hundred players
who arrive at once would push each other's news out of what the room's stream keeps. So a crowd is
shown itself once in a while, and a list has an end; what a room costs is then as much as happens
there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..manager import ConnectionManager
from ..types import JSONObject
from .envelope import Envelope
from .world import Room

if TYPE_CHECKING:
    from .town import Person

__all__ = ["CROWD", "NAMED", "PAUSE", "Scenes"]

CROWD = 20
"""People in a room up to which each change shows it anew at once."""

PAUSE = 1.0
"""Seconds between two pictures of a room that has more."""

NAMED = 100
"""People whom a picture names at the most; ``occupant_count`` counts all of them."""


class Scenes:
    """Shows rooms.

    Args:
        manager: carries the events.
        envelope: around them.
        people_in: everybody who is in a room, by name.
    """

    def __init__(
        self,
        manager: ConnectionManager,
        envelope: Envelope,
        people_in: Callable[[Room], list[Person]],
    ) -> None:
        self._manager = manager
        self._envelope = envelope
        self._people_in = people_in
        self._due: set[str] = set()
        """Rooms whose crowd is going to be shown."""

    def snapshot(self, person: Person) -> JSONObject:
        """All that a client which just connected has to know."""
        player = {
            "player_id": person.id,
            "name": person.name,
            "level": person.level,
            "current_room_id": person.room.id,
        }
        data = {"player": player, **self._scene(person.room, person, inside=True)}
        return self._envelope.wrap("game_state", data, room_id=person.room.id, player_id=person.id)

    async def changed(self, room: Room, actor: Person, *, inside: bool, itself: bool) -> None:
        """Somebody came into a room or left it.

        Args:
            room: the room.
            actor: who.
            inside: whether it is in there now.
            itself: whether it is to see the room too.
        """
        if len(self._manager.node.engine.members_of(room.id)) <= CROWD:
            await self._show(room, actor, inside=inside, exclude=None if itself else actor.id)
            return
        if itself:
            # Whoever comes in does not wait to see where it is.
            event = self._update(room, actor, inside=inside)
            await self._manager.send_personal_message(actor.id, event)
        if room.id not in self._due:
            self._due.add(room.id)
            self._manager.node.call_later(PAUSE, lambda: self._show_later(room))

    def _show_later(self, room: Room) -> None:
        self._due.discard(room.id)
        if self._manager.node.started_at is not None:
            self._manager.node.spawn(self._show(room, None, inside=False, exclude=None))

    async def _show(
        self, room: Room, actor: Person | None, *, inside: bool, exclude: str | None
    ) -> None:
        event = self._update(room, actor, inside=inside)
        await self._manager.broadcast_to_room(room.id, event, exclude_player=exclude)

    def _update(self, room: Room, actor: Person | None, *, inside: bool) -> JSONObject:
        scene = self._scene(room, actor, inside=inside)
        player_id = actor.id if actor is not None else None
        return self._envelope.wrap("room_update", scene, room_id=room.id, player_id=player_id)

    def _scene(self, room: Room, actor: Person | None, *, inside: bool) -> JSONObject:
        # What the engine says of the others may be a moment old; what the actor does is known.
        people = [each for each in self._people_in(room) if actor is None or each.id != actor.id]
        count = len(people)
        if actor is not None and inside:
            count += 1
            named = [*people[: NAMED - 1], actor]
            people = sorted(named, key=lambda each: each.name.casefold())
        people = people[:NAMED]
        return {
            "room": room.to_dict(tuple(each.id for each in people), count),
            "entities": [],
            "occupants": [each.name for each in people],
            "occupant_count": count,
        }

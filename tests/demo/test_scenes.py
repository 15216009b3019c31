"""What a crowd in one room is told of itself."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from dualwire import ConnectionManager
from dualwire.demo.envelope import Envelope
from dualwire.demo.scenes import CROWD, NAMED, Scenes
from dualwire.demo.town import Person
from dualwire.demo.world import load_world
from dualwire.types import Event
from tests.demo.arkham import Arkham, Player, arkham
from tests.live import until

STATION = "station"


def kept(game: Arkham) -> list[Event]:
    """What the stream of the station has kept."""
    entries = game.manager.node.engine.log(f"room:{STATION}").after(0, 100_000)
    return [each.body for each in entries if isinstance(each.body, Event)]


def size(events: Sequence[Event]) -> int:
    return sum(len(each.payload) for each in events)


async def crowd(game: Arkham, first: int, last: int) -> list[Player]:
    """Players who arrive at once."""
    names = [f"Guest {number:03}" for number in range(first, last)]
    players = await asyncio.gather(*(game.player(name) for name in names))
    await game.manager.node.wait_settled()
    return list(players)


async def test_what_a_room_keeps_grows_with_those_who_come_and_not_with_their_square() -> None:
    async with arkham() as game:
        await crowd(game, 0, 60)
        before = size(kept(game))
        await crowd(game, 60, 120)
        second = size(kept(game)) - before
        # Each of the second sixty met twice as many. One who arrives is about 250 bytes of news.
        assert second < before
        assert second < 60 * 1000


async def test_everybody_is_shown_in_the_end() -> None:
    async with arkham() as game:
        players = await crowd(game, 0, CROWD + 10)

        def pictures(player: Player) -> list[Any]:
            return [each["data"] for each in player.of("room_update")]

        def counted(player: Player) -> int:
            return int(pictures(player)[-1]["occupant_count"]) if pictures(player) else 0

        for player in players:
            await until(lambda player=player: counted(player) == CROWD + 10)  # type: ignore[misc]
            assert pictures(player)[-1]["occupants"] == [each.name for each in players]
            assert len(pictures(player)[-1]["room"]["players"]) == CROWD + 10
            # Whoever came after it was told at once, by name.
            came = {each["data"]["player_name"] for each in player.of("player_entered_game")}
            assert player.name not in came


async def test_who_walks_into_a_crowd_sees_it_at_once() -> None:
    async with arkham() as game:
        players = await crowd(game, 0, CROWD + 5)
        eve = await game.player("Eve")
        await eve.do("south")
        assert eve.of("room_update")[-1]["data"]["room"]["id"] == "garrison_street"
        shown = len(eve.of("room_update"))
        await eve.do("north")
        await until(lambda: len(eve.of("room_update")) > shown)
        scene = eve.of("room_update")[shown]
        assert scene["data"]["room"]["id"] == STATION
        assert scene["player_id"] == eve.id
        assert scene["data"]["occupant_count"] == CROWD + 6
        assert "Eve" in scene["data"]["occupants"]
        await players[0].hears("player_entered")


def test_a_picture_names_so_many_and_counts_all() -> None:
    world = load_world()
    room = world.rooms[STATION]
    people = [Person(f"id-{n:03}", f"Guest {n:03}", room) for n in range(NAMED + 20)]
    manager = ConnectionManager()
    scenes = Scenes(manager, Envelope(manager.node.clock.wall), lambda _: people)
    data = scenes.snapshot(people[-1])["data"]
    assert data["occupant_count"] == data["room"]["occupant_count"] == NAMED + 20
    assert data["occupants"] == [each.name for each in (*people[: NAMED - 1], people[-1])]
    assert data["room"]["players"] == [each.id for each in (*people[: NAMED - 1], people[-1])]

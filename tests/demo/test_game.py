"""The game, played over real connections."""

from __future__ import annotations

from typing import Any

import pytest

from dualwire import ConnectionManager
from dualwire.demo.game import Game
from dualwire.demo.text import LONGEST
from dualwire.demo.world import load_world
from tests.demo.arkham import Arkham, Player, arkham, of
from tests.live import until


async def settled(game: Arkham) -> None:
    await game.manager.node.wait_settled()


async def test_a_connection_gets_one_snapshot_of_one_shape() -> None:
    async with arkham() as game:
        stream, socket = await game.stream("Ada"), await game.socket("Ada")
        await settled(game)
        assert [each["event_type"] for each in stream.events] == ["connected", "game_state"]
        assert stream.events[0]["data"] == {"player_id": "id-of-Ada"}
        assert [each["event_type"] for each in socket.events] == ["game_state", "welcome"]
        for event in (stream.events[1], socket.events[0]):
            data = event["data"]
            assert data["player"] == {
                "player_id": "id-of-Ada",
                "name": "Ada",
                "level": 1,
                "current_room_id": "station",
            }
            assert data["room"]["players"] == ["id-of-Ada"]
            assert data["occupants"] == ["Ada"]
            assert data["occupant_count"] == 1
        assert game.manager.online_players["id-of-Ada"]["current_room_id"] == "station"


async def test_arrival_is_announced_once_per_player_not_per_connection() -> None:
    async with arkham() as game:
        bob = await game.player("Bob")
        await game.stream("Ada")
        await game.socket("Ada")
        await game.socket("Ada")
        await settled(game)
        arrived = await bob.hears("player_entered_game")
        assert arrived["data"]["player_id"] == "id-of-Ada"
        assert arrived["data"]["player_name"] == "Ada"
        assert arrived["room_id"] == "station"
        assert await bob.do("who") == (
            "2 souls are abroad in Arkham:\nAda, The Railway Station\nBob, The Railway Station"
        )
        assert len(bob.of("player_entered_game")) == 1
        assert [each["data"]["occupants"] for each in bob.of("room_update")] == [["Ada", "Bob"]]


async def test_departure_after_grace_is_announced_once_and_the_way_back_leads_home() -> None:
    async with arkham() as game:
        bob, ada = await game.player("Bob"), await game.player("Ada")
        await bob.do("south")
        await ada.do("south")
        await ada.socket.socket.close()
        await until(lambda: not game.manager.get_active_connections(ada.id)["websocket"])
        await settled(game)
        await game.clock.advance(14.0)
        assert "Ada is here." in await bob.do("look")
        await game.clock.advance(3.0)
        left = await bob.hears("player_left_game")
        assert left["data"]["player_name"] == "Ada"
        assert "Ada" not in await bob.do("look")
        again = await game.socket("Ada")
        assert again.events[-2]["data"]["player"]["current_room_id"] == "garrison_street"
        await bob.hears("player_entered_game", 2)
        await settled(game)
        assert "Ada is here." in await bob.do("look")
        assert len(bob.of("player_left_game")) == 1


async def test_a_session_that_lapsed_begins_where_it_ended() -> None:
    async with arkham() as game:
        ada = await game.player("Ada")
        await ada.do("south")
        await ada.socket.socket.close()
        await until(lambda: not game.manager.get_active_connections(ada.id)["websocket"])
        await settled(game)
        await game.clock.advance(125.0)
        assert game.manager.get_player_session(ada.id) is None
        again = await game.socket("Ada")
        assert of(again, "game_state")[0]["data"]["room"]["id"] == "garrison_street"
        assert game.manager.room_subscriptions["garrison_street"] == {ada.id}


async def test_answers_go_only_to_the_connection_that_asked() -> None:
    async with arkham() as game:
        ada, bob = await game.player("Ada"), await game.player("Bob")
        twin, stream = await game.socket("Ada"), await game.stream("Ada")
        await ada.do("look")
        await bob.do("say after you")
        await until(lambda: of(twin, "chat_message") and of(stream, "chat_message"))
        assert not of(twin, "command_response")
        assert not of(stream, "command_response")


@pytest.mark.parametrize(
    "message",
    [
        {"type": "command", "data": {"command": "say", "args": ["good", "evening"]}},
        {"type": "command", "data": {"command": "say good evening"}},
        {"type": "command", "data": {"command": "/SAY good  evening", "args": None}},
        {"type": "game_command", "command": "say", "args": ["good", "evening"]},
        {"type": "command", "command": "say good evening"},
        {"type": "command", "command": "'good evening"},
        {"type": "chat", "data": {"message": "good evening"}},
        {"type": "chat", "message": "good\u0007\nevening"},
    ],
)
async def test_every_shape_of_a_message(message: Any) -> None:
    async with arkham() as game:
        ada, bob = await game.player("Ada"), await game.player("Bob")
        await ada.socket.send(message)
        heard = await bob.hears("chat_message")
        data = heard["data"]
        assert data["message"] == 'Ada says: "good evening"'
        assert (data["sender_id"], data["player_name"], data["channel"]) == (ada.id, "Ada", "say")
        assert data["target_id"] is None
        assert data["target_name"] is None
        assert data["message_id"]
        assert data["timestamp"] == heard["timestamp"]
        answer = await ada.hears("command_response")
        assert answer["data"]["result"] == answer["data"]["message"]
        assert not ada.of("chat_message")


async def problem(player: Player, message: Any) -> str:
    before = len(player.events)
    await player.socket.send(message)
    await until(lambda: len(player.events) > before)
    assert player.events[-1]["type"] == "error"
    assert player.events[-1]["error_type"] == "invalid_command"
    return str(player.events[-1]["message"])


async def test_what_cannot_be_understood() -> None:
    async with arkham() as game:
        ada = await game.player("Ada")
        assert await problem(ada, {"type": "dance"}) == "Unknown message type: dance"
        assert await problem(ada, {"data": {}}) == "Unknown message type: unknown"
        assert await problem(ada, {"type": "command", "data": {}}) == "Empty command"
        assert await problem(ada, {"type": "command", "command": " / "}) == "Empty command"
        assert "at most 1000" in await problem(ada, {"type": "command", "command": "x" * 1001})
        assert "expected a message" in await problem(ada, {"type": "chat", "data": {"message": 7}})
        assert "Did you mean look?" in await ada.do("lok")
        assert await ada.do("xyzzy") == (
            "There is no command 'xyzzy'. Type help to see what you can do."
        )
        assert "tell NAME WORDS: " in await ada.do("help")


async def test_walking() -> None:
    async with arkham() as game:
        ada, bob, eve = [await game.player(name) for name in ("Ada", "Bob", "Eve")]
        await eve.do("s")
        await bob.hears("player_left")
        assert await ada.do("go south") == "You go south."
        left = await bob.hears("player_left", 2)
        assert left["data"]["message"] == "Ada leaves the room, going south."
        assert (await eve.hears("player_entered"))["data"]["message"] == "Ada enters the room."
        # The text of the room comes through its stream, to every connection of the player.
        update = ada.of("room_update")[-1]
        assert update["player_id"] == ada.id
        assert update["data"]["room"]["name"] == "Garrison Street"
        assert update["data"]["occupants"] == ["Ada", "Eve"]
        assert update["data"]["entities"] == []
        answer = ada.of("command_response")[-1]["data"]
        assert answer["room_changed"] is True
        assert answer["room_id"] == "garrison_street"
        assert (await ada.do("look")).endswith("Eve is here.\nWays out: north, south and west.")
        assert {each["player_id"] for each in ada.of("player_left")} == {eve.id}
        assert not ada.of("player_entered")
        assert "no way up" in await ada.do("up")
        assert "no way sideways" in await ada.do("go sideways")
        assert await ada.do("go") == "Go where? Ways out: north, south and west."
        for step in ("N", "SOUTH", "go w", "walk east"):
            assert (await ada.do(step)).startswith("You go ")
        assert game.manager.online_players[ada.id]["current_room_id"] == "garrison_street"
        assert game.manager.room_subscriptions["station"] == {bob.id}


async def test_what_is_said_stays_in_the_room() -> None:
    async with arkham() as game:
        ada, bob, eve = [await game.player(name) for name in ("Ada", "Bob", "Eve")]
        await eve.do("s")
        assert await ada.do("say <b>Hello</b>") == 'You say: "<b>Hello</b>"'
        assert (await bob.hears("chat_message"))["data"]["message"] == 'Ada says: "<b>Hello</b>"'
        assert await ada.do("emote shivers.") == "Ada shivers."
        emote = (await bob.hears("chat_message", 2))["data"]
        assert (emote["channel"], emote["message"]) == ("emote", "Ada shivers.")
        assert await ada.do(":winks {name}") == "Ada winks {name}"
        assert "Usage: say WORDS" in await ada.do("say")
        assert "Usage: emote DEED" in await ada.do("emote \u202e")
        assert await ada.do("say " + "x" * LONGEST) == f'You say: "{"x" * LONGEST}"'
        assert "501 characters" in await ada.do("say " + "x" * (LONGEST + 1))
        assert "501 characters" in await ada.do("tell bob " + "x" * (LONGEST + 1))
        await eve.do("look")
        assert not eve.of("chat_message")


async def test_whispers_reach_one_person_wherever_they_are() -> None:
    async with arkham() as game:
        ada, bob, guest = [await game.player(n) for n in ("Ada", "Bob", "Pale Stranger 17")]
        await guest.do("s")
        assert await ada.do("tell pale stranger 17 come back") == (
            'You tell Pale Stranger 17: "come back"'
        )
        data = (await guest.hears("chat_message"))["data"]
        assert data["message"] == 'Ada tells you: "come back"'
        assert data["channel"] == "whisper"
        assert (data["target_id"], data["target_name"]) == (guest.id, "Pale Stranger 17")
        assert await guest.do("t ADA no") == 'You tell Ada: "no"'
        assert await ada.do("whisper pal why") == 'You tell Pale Stranger 17: "why"'
        assert "goes by 'zoe'" in await ada.do("tell zoe hello")
        assert "to yourself" in await ada.do("tell ada hello")
        assert "Usage: tell" in await ada.do("tell bob")
        assert "Usage: tell" in await ada.do("tell pale stranger 17")
        await bob.do("look")
        assert not bob.of("chat_message")


async def test_a_name_that_could_be_several_is_nobody() -> None:
    async with arkham() as game:
        ada = await game.player("Ada")
        for name in ("Pale Stranger 17", "Pale Heir 20"):
            await game.player(name)
        assert "goes by 'pale' alone" in await ada.do("tell pale hello there")


async def test_mutes_hold_on_every_path_and_on_replay() -> None:
    async with arkham() as game:
        ada, bob, eve = [await game.player(name) for name in ("Ada", "Bob", "Eve")]
        stream = await game.stream("Ada")
        assert await ada.do("mute") == "You hear everybody. Usage: mute NAME"
        assert "nothing more of Bob" in await ada.do("mute bob")
        assert "If only" in await ada.do("mute ada")
        assert "goes by 'zoe'" in await ada.do("mute zoe")
        for command in ("say 1", "emote 2", "tell ada 3", "'4"):
            await bob.do(command)
        await bob.socket.send({"type": "chat", "data": {"message": "5"}})
        await eve.do("say done")
        await until(lambda: of(stream, "chat_message") and ada.of("chat_message"))
        assert [each["data"]["message"] for each in ada.of("chat_message")] == ['Eve says: "done"']
        assert len(of(stream, "chat_message")) == 1
        assert len(eve.of("chat_message")) == 4
        # What was said while nobody listened is replayed, without him.
        await stream.close()
        await ada.socket.socket.close()
        await until(lambda: not any(game.manager.get_active_connections(ada.id).values()))
        await bob.do("say 6")
        await eve.do("say welcome back")
        again = await game.socket("Ada")
        await until(lambda: of(again, "chat_message"))
        assert [each["data"]["player_name"] for each in of(again, "chat_message")] == ["Eve"]
        ada.socket = again
        assert "You do not hear Bob." in await ada.do("mute")
        assert "You do not hear Bob." in await ada.do("unmute eve")
        assert await ada.do("unmute BOB") == "You hear Bob again."
        assert "You mute nobody." in await ada.do("unmute bob")
        await bob.do("say 7")
        await until(lambda: len(of(again, "chat_message")) == 2)


async def test_who_left_before_its_turn_came_leaves_no_ghost() -> None:
    async with arkham() as game:
        bob = await game.player("Bob")
        # The hook of a player who logged out meanwhile: announced, for its departure will be too.
        await game.manager.node.hooks.on_player_online("ghost")  # type: ignore[misc]
        await bob.hears("player_entered_game")
        await game.manager.node.hooks.on_player_offline("ghost")  # type: ignore[misc]
        await bob.hears("player_left_game")
        assert game.manager.room_subscriptions["station"] == {bob.id}
        assert "ghost" not in await bob.do("look")


def test_a_mute_joins_the_applications_own_rule() -> None:
    manager = ConnectionManager()
    manager.authorize = lambda player_id, _: player_id != "nosy"
    Game(manager, load_world())
    assert manager.authorize("ada", {"event_type": "welcome"})
    assert not manager.authorize("nosy", {"event_type": "welcome"})


async def test_logout_ends_both_connections_after_its_answer() -> None:
    async with arkham() as game:
        bob, ada = await game.player("Bob"), await game.player("Ada")
        stream = await game.stream("Ada")
        assert "Farewell" in await ada.do("logout")
        assert await ada.socket.wait_end() == 4400
        assert ada.socket.socket.close_reason == "logged_out"
        await stream.wait_end()
        assert stream.bye is not None
        assert (stream.bye["code"], stream.bye["reason"]) == (4400, "logged_out")
        await bob.hears("player_left_game")
        await settled(game)
        assert await bob.do("who") == "1 soul is abroad in Arkham:\nBob, The Railway Station"
        assert len(ada.of("command_response")) == 1
        assert len(bob.of("player_left_game")) == 1


async def test_commands_over_plain_http() -> None:
    async with arkham() as game:
        stream = await game.stream("Ada")
        headers = {"Authorization": f"Bearer {game.token('Ada')}"}

        async def send(command: str) -> Any:
            body = {"type": "command", "data": {"command": command}}
            return (await game.http.post("/api/send", json=body, headers=headers)).json()

        assert (await send("s"))["data"]["result"] == "You go south."
        await until(lambda: of(stream, "room_update"))
        assert "Farewell" in (await send("logout"))["data"]["message"]
        await stream.wait_end()
        assert "open a connection first" in (await send("look"))["message"]


async def test_one_counter_numbers_all_events() -> None:
    async with arkham() as game:
        ada, bob = await game.player("Ada"), await game.player("Bob")
        for command in ("say one", "s", "n", "look"):
            await ada.do(command)
        await bob.do("look")
        said = {each["sequence_number"]: each for each in ada.events}
        heard = {each["sequence_number"]: each for each in bob.events}
        assert len(said) == len(ada.events)
        assert len(heard) == len(bob.events)
        # A number that both saw is one event, and numbers grow with time.
        for number in said.keys() & heard.keys():
            assert said[number] == heard[number]
        assert list(heard) == sorted(heard)

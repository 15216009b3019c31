"""A chat with rooms: who is where, who says what, who does not want to hear whom.

Commands: ``join ROOM``, ``say WORDS``, ``who``, ``mute NAME``.
Run it with ``python examples/chat_rooms/app.py``; ``PORT`` chooses another port than 8000.
"""

from __future__ import annotations

import os

# -- docs setup --
import secrets
from typing import Any

import uvicorn
from fastapi import FastAPI

from dualwire import Command, ConnectionManager
from dualwire.http import JWTAuthenticator, realtime_router

authenticator = JWTAuthenticator(secrets.token_hex(32))
manager = ConnectionManager()
app = FastAPI()
app.include_router(realtime_router(manager, authenticator))
# -- end --

# -- docs rooms --
LOBBY = "lobby"
rooms: dict[str, str] = {}
"""The room that each player is in."""


async def enter(player: str, room: str) -> None:
    await leave(player)
    rooms[player] = room
    await manager.subscribe_to_room(player, room)
    await tell(room, f"{player} comes in.", sender=player)


async def leave(player: str) -> None:
    room = rooms.pop(player, None)
    if room is not None:
        await manager.unsubscribe_from_room(player, room)
        await tell(room, f"{player} leaves.", sender=player)


async def tell(room: str, message: str, sender: str) -> None:
    event = {"event_type": "chat_message", "data": {"message": message, "sender": sender}}
    await manager.broadcast_to_room(room, event, exclude_player=sender)


# -- end --


# -- docs presence --
@manager.on_player_online
async def arrived(player: str) -> None:
    await enter(player, LOBBY)


@manager.on_player_offline
async def departed(player: str) -> None:
    await leave(player)


# -- end --


# -- docs commands --
@manager.on_command
async def act(command: Command) -> dict[str, Any]:
    player, words = command.player_id, " ".join(command.args)
    if command.verb == "join" and words:
        await enter(player, words)
        return answer(f"You are in {words}.")
    if command.verb == "say" and words and player in rooms:
        await tell(rooms[player], f'{player} says: "{words}"', sender=player)
        return answer(f'You say: "{words}"')
    if command.verb == "who" and player in rooms:
        here = manager.get_room_occupants(rooms[player])
        return answer("Here: " + ", ".join(each["player_id"] for each in here))
    if command.verb == "mute" and words:
        muted.setdefault(player, set()).add(words)
        return answer(f"You hear nothing more of {words}.")
    return answer("You can: join ROOM, say WORDS, who, mute NAME.")


def answer(message: str) -> dict[str, Any]:
    return {"event_type": "command_response", "data": {"message": message}}


# -- end --


# -- docs mutes --
muted: dict[str, set[str]] = {}
"""Whom each player does not want to hear."""


def allowed(player: str, event: dict[str, Any]) -> bool:
    return event["data"].get("sender") not in muted.get(player, ())


manager.authorize = allowed
# -- end --

if __name__ == "__main__":
    port = int(os.environ.get("PORT", "8000"))
    print(f"""
In a second and a third terminal, talk to each other:

  dualwire play http://127.0.0.1:{port} --token {authenticator.issue("ann")}

  dualwire play http://127.0.0.1:{port} --token {authenticator.issue("bob")}
""")
    uvicorn.run(app, host="127.0.0.1", port=port)

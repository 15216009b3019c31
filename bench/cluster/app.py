"""What the nodes serve, by ``dualwire serve bench.cluster.app:app``: players.

The publisher is the bench itself, a further node without players, because the others are killed.
"""

from __future__ import annotations

import os

from fastapi import FastAPI

from dualwire import ConnectionManager
from dualwire.http import JWTAuthenticator, monitoring_router, realtime_router
from dualwire.runtime.inbound import Command
from dualwire.settings import load_settings
from dualwire.types import JSONObject

__all__ = ["app", "manager"]

SECRET = os.environ["DUALWIRE_SECRET"]

manager = ConnectionManager(config=load_settings().config(), secret=SECRET)
app = FastAPI()
app.include_router(realtime_router(manager, JWTAuthenticator(SECRET)))
app.include_router(monitoring_router(manager))


@manager.on_command
async def command(command: Command) -> JSONObject:
    """``enter ROOM`` and ``say ROOM WORDS``; anything else is given back."""
    if command.verb == "enter":
        await manager.subscribe_to_room(command.player_id, command.args[0])
    elif command.verb == "say":
        room, *words = command.args
        await manager.broadcast_to_room(room, {"from": command.player_id, "say": " ".join(words)})
    return {"did": command.verb, "node": manager.node.id}

"""The smallest application on Starlette alone: the endpoints are routes of an application's own.

Run it with ``python examples/plain_starlette/app.py``; ``PORT`` chooses another port than 8000.
"""

from __future__ import annotations

import os

# -- docs app --
import secrets

from starlette.applications import Starlette

from dualwire import Command, ConnectionManager
from dualwire.http import JWTAuthenticator, realtime_router, routes_of

authenticator = JWTAuthenticator(secrets.token_hex(32))
manager = ConnectionManager()
app = Starlette(
    routes=routes_of(realtime_router(manager, authenticator)), lifespan=manager.lifespan
)


@manager.on_command
async def said(command: Command) -> None:
    text = command.data.get("text")
    await manager.broadcast_global({"from": command.player_id, "text": text})


# -- end --

if __name__ == "__main__":
    import uvicorn

    port = int(os.environ.get("PORT", "8000"))
    token = authenticator.issue("ann")
    address = f"http://127.0.0.1:{port}"
    print(f"""
In a second terminal, listen:

  export TOKEN={token}
  curl -N -H "Authorization: Bearer $TOKEN" {address}/api/events

In a third one, with the same TOKEN, say something:

  curl -H "Authorization: Bearer $TOKEN" -d '{{"type": "say", "text": "Hello"}}' {address}/api/send
""")
    uvicorn.run(app, host="127.0.0.1", port=port)

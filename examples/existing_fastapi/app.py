"""dualwire inside an application that has a login of its own.

The application gives out opaque tokens and keeps them in a table; dualwire asks the table.
Run it with ``python examples/existing_fastapi/app.py``; ``PORT`` chooses another port than 8000.
"""

from __future__ import annotations

import hmac
import os
import secrets
import time
from typing import Annotated

import uvicorn
from fastapi import Body, FastAPI, HTTPException

from dualwire import AuthenticationError, Authenticator, Command, ConnectionManager, Identity
from dualwire.codes import TOKEN_EXPIRED
from dualwire.http import realtime_router

# What the application had before: people, a login, a table of logins.

PEOPLE = {"ann": "wonderland", "bob": "the-builder"}
"""Passwords in clear text are for examples; keep hashes (argon2) in yours."""
LIFETIME = 3600.0
"""Seconds that a login is valid."""
logins: dict[str, tuple[str, float]] = {}
"""Who has which token, and until when (wall-clock seconds)."""

app = FastAPI()


@app.post("/login")
async def login(name: Annotated[str, Body()], password: Annotated[str, Body()]) -> dict[str, str]:
    if not hmac.compare_digest(PEOPLE.get(name, "").encode(), password.encode()) or not password:
        raise HTTPException(401, "wrong name or password")
    token = secrets.token_urlsafe(32)
    logins[token] = name, time.time() + LIFETIME
    return {"token": token}


# What dualwire adds.


# -- docs authenticator --
class TableOfLogins(Authenticator):
    """Who a token of ours belongs to."""

    async def authenticate(self, token: str) -> Identity:
        name, expires_at = logins.get(token, ("", 0.0))
        if not name:
            raise AuthenticationError("this token was not given out here")
        if time.time() >= expires_at:
            raise AuthenticationError("the login has expired; log in again", TOKEN_EXPIRED)
        return Identity(player_id=name, name=name.title(), expires_at=expires_at)


manager = ConnectionManager()
app.include_router(realtime_router(manager, TableOfLogins()))
# -- end --


@manager.on_command
async def said(command: Command) -> None:
    text = command.data.get("text")
    await manager.broadcast_global({"from": command.player_id, "text": text})


# -- docs logout --
@app.post("/logout")
async def logout(token: Annotated[str, Body(embed=True)]) -> dict[str, bool]:
    name, _ = logins.pop(token, ("", 0.0))
    return {"was_playing": bool(name) and await manager.disconnect_player(name)}


# -- end --

if __name__ == "__main__":
    port = int(os.environ.get("PORT", "8000"))
    print(f"""
In a second terminal, log in and listen:

  curl -H "Content-Type: application/json" \\
    -d '{{"name": "ann", "password": "wonderland"}}' http://127.0.0.1:{port}/login
  curl -N -H "Authorization: Bearer TOKEN" http://127.0.0.1:{port}/api/events
""")
    uvicorn.run(app, host="127.0.0.1", port=port)

"""What the exit code of ``dualwire`` says. One place, so that scripts can rely on it."""

from __future__ import annotations

__all__ = [
    "APP_UNUSABLE",
    "AUTHENTICATION_REFUSED",
    "BAD_SETTINGS",
    "CANNOT_CONNECT",
    "CANNOT_LISTEN",
    "ENGINE_AWAY",
    "OK",
    "REFUSED",
    "SESSION_REPLACED",
    "USAGE",
    "WORLD_UNREADABLE",
]

OK = 0
USAGE = 2
"""The command line is wrong (Typer's own)."""
BAD_SETTINGS = 10
"""A setting has a value that cannot work, or there is no secret."""
CANNOT_LISTEN = 11
"""The port is taken, or not allowed, or there is no such address."""
WORLD_UNREADABLE = 12
"""The demo's world file is missing or wrong."""
APP_UNUSABLE = 13
"""The application cannot be imported, or does not start."""
ENGINE_AWAY = 14
"""The engine (Redis) does not answer, or is not one that will do."""
CANNOT_CONNECT = 20
"""The server cannot be reached."""
AUTHENTICATION_REFUSED = 21
"""The server does not accept who we say we are."""
SESSION_REPLACED = 22
"""The player plays on elsewhere."""
REFUSED = 23
"""The server ended it for another reason, which is shown."""

"""What the exit code of ``dualwire`` says. One place, so that scripts can rely on it."""

from __future__ import annotations

__all__ = [
    "APP_UNUSABLE",
    "AUTHENTICATION_REFUSED",
    "BAD_SETTINGS",
    "CANNOT_CONNECT",
    "CANNOT_LISTEN",
    "ENGINE_AWAY",
    "NOT_DUALWIRE",
    "NOT_FOUND",
    "OK",
    "PROBLEMS_FOUND",
    "REFUSED",
    "SERVER_API_OFF",
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
NOT_DUALWIRE = 24
"""Something answers there, and it is no dualwire server, or not at this path."""
NOT_FOUND = 25
"""There is no such player or connection."""
SERVER_API_OFF = 26
"""There are no such endpoints: no key is set on the server, or the application lacks them."""
PROBLEMS_FOUND = 30
"""``doctor`` found at least one problem, which is shown."""

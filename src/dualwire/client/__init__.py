"""A client for Python programs: both connections at once, as one iteration.

::

    async with dualwire.client.connect("http://127.0.0.1:8000", token) as client:
        reply = await client.command({"command": "look"})
        async for item in client:
            if isinstance(item, Gap):
                print(f"missed {item.first} to {item.last} of {item.stream}")
            else:
                print(item.event)

Items come in order, each once:

* :class:`Delivered`: an event, with its ``stream`` and ``offset``
* :class:`Gap`: events that are gone for good, told where they are missing
* :class:`Direct`: what the application said to one connection only, outside all streams
"""

from __future__ import annotations

from ..core.merge import Delivered, Gap
from ..types import Reply
from .client import Client, Statistics, connect
from .connection import ClientConnection, ConnectionState
from .quality import Quality
from .receiving import Direct, Item
from .tokens import Token

__all__ = [
    "Client",
    "ClientConnection",
    "ConnectionState",
    "Delivered",
    "Direct",
    "Gap",
    "Item",
    "Quality",
    "Reply",
    "Statistics",
    "Token",
    "connect",
]

"""A program that plays: it holds both connections of a player and gets each event once.

Run it with ``python examples/python_client/listen.py URL TOKEN`` while ``examples/chat_rooms`` is
served.
"""

from __future__ import annotations

# -- docs client --
import asyncio
import sys

from dualwire.client import Gap, connect


async def listen(url: str, token: str) -> None:
    async with connect(url, token) as client:
        reply = await client.command({"type": "command", "command": "say Hello"})
        print(reply.outcome, reply.body)
        async for item in client:
            if isinstance(item, Gap):
                print(f"missed {item.first} to {item.last} of {item.stream}: {item.reason}")
            else:
                print(item.event)


# -- end --

if __name__ == "__main__":
    asyncio.run(listen(sys.argv[1], sys.argv[2]))

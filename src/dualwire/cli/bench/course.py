"""The course of a load: players come, events are published to them, and what comes is counted."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack

from ...client import Client, Delivered
from ...client import connect as connect_client
from ...types import JSONObject
from ..address import Address
from ..operator.server_api import ServerAPI, UnansweredError
from .figures import Figures

__all__ = ["run_load"]

OPENING = 20
"""Players who come at the same time: a load, not a storm."""
UNDER_WAY = 8
"""Requests to publish at the same time; more would queue in this program, and count as late."""
SETTLE = 5.0
"""Seconds that the last events have to come."""
MARK = "dualwire-bench"


async def run_load(
    address: Address,
    key: str | None,
    tokens: dict[str, str],
    rate: float,
    seconds: float,
    tell: Callable[[str, float], None],
) -> Figures:
    """Open both connections of each player, publish at a rate, and count.

    Args:
        address: of the server.
        key: the operator's.
        tokens: of the players, by their ids.
        rate: events per second, in all.
        seconds: how long.
        tell: is told what goes on, and how much of it is done, from 0 to 1.

    Raises:
        AuthenticationError: the server does not accept a token.
        ConnectionError: a connection does not open.
        UnansweredError: the server does not let us publish.
    """
    figures = Figures(players=len(tokens), asked=rate)
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(ServerAPI(address, key))
        # Before anybody comes: is the key the right one?
        await server.get("/api/admin/presence")
        begun = time.monotonic()
        clients = await _open(stack, address, tokens, tell)
        figures.opened_in = time.monotonic() - begun
        readers = [asyncio.create_task(_read(client, figures)) for client in clients]
        try:
            await _publish(server, list(tokens), rate, seconds, figures, tell)
            deadline = time.monotonic() + SETTLE
            while figures.lost and time.monotonic() < deadline:
                tell("Waiting for the last events", 1.0)
                await asyncio.sleep(0.05)
        finally:
            for reader in readers:
                reader.cancel()
            await asyncio.gather(*readers, return_exceptions=True)
        figures.duplicates = sum(client.statistics.duplicates for client in clients)
    return figures


async def _open(
    stack: AsyncExitStack,
    address: Address,
    tokens: dict[str, str],
    tell: Callable[[str, float], None],
) -> list[Client]:
    clients = [connect_client(str(address), token) for token in tokens.values()]
    turns = asyncio.Semaphore(OPENING)
    both = 0

    async def enter(client: Client) -> None:
        nonlocal both
        async with turns:
            opened = asyncio.Event()
            client.on_change = lambda _: opened.set() if _is_whole(client) else None
            await stack.enter_async_context(client)
            async with asyncio.timeout(10.0):
                await opened.wait()
        both += 1
        tell("Opening both connections of each player", both / len(clients))

    try:
        async with asyncio.TaskGroup() as group:
            for client in clients:
                group.create_task(enter(client))
    except* TimeoutError:
        raise ConnectionError(
            "a player got only one of its connections within 10 s: `dualwire doctor` says why"
        ) from None
    except* Exception as group_error:
        # One of them is told: they are all of a kind.
        raise group_error.exceptions[0] from None
    return clients


def _is_whole(client: Client) -> bool:
    return all(each.state == "open" for each in client.connections.values())


async def _read(client: Client, figures: Figures) -> None:
    async for item in client:
        event = item.event if isinstance(item, Delivered) else {}
        number, sent_at = event.get("n"), event.get("at")
        if event.get("type") == MARK and isinstance(number, int) and isinstance(sent_at, float):
            figures.came[number] += 1
            figures.latencies.append(time.monotonic() - sent_at)


async def _publish(
    server: ServerAPI,
    players: list[str],
    rate: float,
    seconds: float,
    figures: Figures,
    tell: Callable[[str, float], None],
) -> None:
    turns = asyncio.Semaphore(UNDER_WAY)

    async def publish(number: int) -> None:
        event: JSONObject = {"type": MARK, "n": number, "at": time.monotonic()}
        body: JSONObject = {"player_id": players[number % len(players)], "event": event}
        try:
            await server.post("/api/admin/publish", body)
            figures.published.add(number)
        except UnansweredError as error:
            figures.refused[str(error)] += 1
        finally:
            turns.release()

    begun, worked = time.monotonic(), time.process_time()
    number = 0
    async with asyncio.TaskGroup() as group:
        while (passed := time.monotonic() - begun) < seconds:
            tell("Publishing", min(1.0, passed / seconds))
            if number >= passed * rate:
                await asyncio.sleep(min(0.05, 1 / rate))
                continue
            await turns.acquire()
            group.create_task(publish(number))
            number += 1
    figures.lasted = time.monotonic() - begun
    figures.busy = (time.process_time() - worked) / figures.lasted

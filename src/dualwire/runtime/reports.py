"""What became of one event on each connection: waited for where the connections are."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Literal

from ..core.lifecycle import State
from ..types import ConnectionReport, Entry, Event
from .connection import Connection

__all__ = ["written"]


async def written(
    connections: Sequence[Connection], entry: Entry, timeout: float
) -> tuple[ConnectionReport, ...]:
    """Wait until an event is written on each connection that carries it.

    Args:
        connections: of this node.
        entry: of the event, as this node has it.
        timeout: seconds to wait at most; what is not written by then is reported as queued.
    """
    assert isinstance(entry.body, Event)
    loop = asyncio.get_running_loop()
    wanting = {each for each in connections if each.encoding.wants(entry.body)}
    futures: dict[Connection, asyncio.Future[bool]] = {
        each: loop.create_future() for each in connections if each.carries and each in wanting
    }
    for connection, future in futures.items():
        connection.wait_written(entry.n, future)
    if futures:
        await asyncio.wait(futures.values(), timeout=timeout)
    return tuple(
        _report(each, futures.get(each), each in wanting)
        for each in connections
        if each in futures or each not in wanting or each.state is State.RESERVED
    )


def _report(
    connection: Connection, future: asyncio.Future[bool] | None, wanted: bool
) -> ConnectionReport:
    outcome: Literal["written", "queued", "failed", "filtered"]
    outcome = "queued" if wanted else "filtered"
    if future is not None and future.done():
        outcome = "written" if future.result() else "failed"
    elif future is not None:
        connection.forget_waiter(future)
        future.cancel()
    return ConnectionReport(
        connection_id=connection.id,
        connection_type=connection.connection_type,
        outcome=outcome,
    )

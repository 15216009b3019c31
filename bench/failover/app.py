"""Our side: an application that publishes numbered, time-stamped events to one player.

Served by ``dualwire serve bench.failover.app:app``.
"""

from __future__ import annotations

import asyncio
import os
import time

from fastapi import FastAPI
from pydantic import BaseModel

from dualwire import ConnectionManager
from dualwire.http import JWTAuthenticator, realtime_router

__all__ = ["app"]

manager = ConnectionManager()
app = FastAPI()
app.include_router(realtime_router(manager, JWTAuthenticator(os.environ["DUALWIRE_SECRET"])))


class Order(BaseModel):
    """What to publish."""

    player: str
    rate: float
    """Events per second."""
    seconds: float


@app.post("/bench/publish")
async def publish(order: Order) -> dict[str, int]:
    """Publish, and return when that is done. ``at`` is of the machine's monotonic clock."""
    count, start = round(order.rate * order.seconds), time.monotonic()
    for n in range(1, count + 1):
        await asyncio.sleep(start + n / order.rate - time.monotonic())
        await manager.send_personal_message(order.player, {"n": n, "at": time.monotonic()})
    return {"published": count}

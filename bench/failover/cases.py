"""What is done to connections, and the course of one run."""

from __future__ import annotations

import asyncio
import gc
import ssl
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Literal, Protocol
from urllib.parse import urlsplit

import httpx

from dualwire.testing.proxy import Fault, FaultProxy
from dualwire.types import ConnectionType

from .figures import Arrival, Figures, observe

__all__ = ["FAULTS", "RATES", "Course", "FaultName", "Lane", "Peer", "Receiver", "run"]

FaultName = Literal["none", "reset", "swallow", "delay", "buffer"]

FAULTS: dict[FaultName, Fault | None] = {
    "none": None,
    "reset": Fault("reset"),
    "swallow": Fault("swallow"),
    "delay": Fault("delay", 2.0),
    # What nginx holds back by default: 8 buffers of 8 KB.
    "buffer": Fault("buffer", 64 * 1024, "to_client"),
}
RATES = (20, 200)

_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Made once, and without reading certificates, which would hold the loop of a run that goes on."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One player of a run; all lanes of a run go side by side."""

    connection_type: ConnectionType
    """Which connection is disturbed."""
    rate: int
    """Events per second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """The times of a run, in seconds."""

    fault_at: float = 1.5
    """From the first event to the fault."""
    publish: float = 4.0
    """From the first event to the last one."""
    drain: float = 5.0
    """After the last event and the end of the fault, until what is missing counts as lost."""


class Receiver(Protocol):
    """A client that counts what its application gets."""

    async def finish(self, published: int, within: float) -> list[Arrival]:
        """Wait until so many different events have come, and a moment more; close."""


class Peer(Protocol):
    """A system with a server that publishes on demand, and a client of its own."""

    name: str
    url: str

    def receive(self, url: str, player: str) -> AbstractAsyncContextManager[Receiver]:
        """A connected client of a player."""


async def run(
    peer: Peer, lanes: Sequence[Lane], fault: FaultName, course: Course, run_id: str
) -> list[Figures]:
    """One run: publish, disturb in the middle, see what arrives.

    Args:
        peer: whose server and client.
        lanes: what runs side by side, each with a player and a proxy of its own.
        fault: what is done to one connection of each player; it lasts until the publisher is done.
        course: when.
        run_id: makes players' names unique.
    """
    # The harness keeps every arrival of every run. Its own collector, looking through them, would
    # hold proxies and clients for 0.1 s; so it looks between runs.
    gc.collect()
    gc.disable()
    try:
        return await asyncio.gather(
            *(_run(peer, lane, fault, course, f"{run_id}-{n}") for n, lane in enumerate(lanes))
        )
    finally:
        gc.enable()


async def _run(peer: Peer, lane: Lane, fault: FaultName, course: Course, player: str) -> Figures:
    upstream = urlsplit(peer.url)
    assert upstream.hostname is not None
    assert upstream.port is not None
    async with (
        FaultProxy(upstream.hostname, upstream.port) as proxy,
        peer.receive(f"http://{proxy.address}", player) as receiver,
        httpx.AsyncClient(base_url=peer.url, timeout=course.publish + 30.0, verify=_NO_TLS) as http,
    ):
        order = {"player": player, "rate": lane.rate, "seconds": course.publish}
        publishing = asyncio.create_task(http.post("/bench/publish", json=order))
        await asyncio.sleep(course.fault_at)
        what = FAULTS[fault]
        if what is not None:
            proxy.target(lane.connection_type).apply(what)
            if not proxy.statistics.faults[what.name]:
                raise RuntimeError(f"{peer.name}: no {lane.connection_type} there to {fault}")
        published = (await publishing).raise_for_status().json()["published"]
        if fault == "buffer":
            proxy.all.heal()
        return observe(published, await receiver.finish(published, course.drain))

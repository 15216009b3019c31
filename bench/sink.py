"""What the fan-out costs without sockets: one room, many connections, one publisher.

The connections' transport takes every frame and drops it, so what is measured is the engine, the
hub and the outboxes: the part of the cost that is ours.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from dualwire.abc import Transport, TransportListener
from dualwire.clock import SystemClock
from dualwire.codes import Code
from dualwire.config import Config
from dualwire.core.encoding import Encoding, Frame
from dualwire.core.encoding.plain import PlainText
from dualwire.engines.memory import MemoryEngine
from dualwire.runtime.admission import Opening
from dualwire.runtime.node import Node
from dualwire.types import ConnectionType, Event, Identity, room_stream

__all__ = ["Figure", "measure"]

ROOM = "hall"
PAYLOAD = b'{"event_type":"say","data":{"text":"' + b"x" * 162 + b'"}}'
"""200 bytes, as in the measurements against other servers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measurement."""

    connections: int
    publishes: int
    deliveries: int
    cpu_us_per_delivery: float
    cpu_us_per_publish: float
    deliveries_per_second: int


class SinkTransport(Transport):
    """Takes everything, at once."""

    connection_type: ConnectionType = "websocket"

    def __init__(self, encoding: Encoding) -> None:
        self.encoding = encoding
        self.taken = 0
        self._written_n = 0
        self._listener: TransportListener | None = None

    def start(self, listener: TransportListener) -> None:
        self._listener = listener

    def write(self, frames: Sequence[Frame]) -> None:
        self.taken += len(frames)
        self._written_n = frames[-1].n or self._written_n

    @property
    def buffered(self) -> int:
        return 0

    @property
    def written_n(self) -> int:
        return self._written_n

    @property
    def alive(self) -> bool:
        return self._listener is not None

    def discard(self) -> list[Frame]:
        return []

    def close(self, code: Code, retry_after: float | None = None) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.on_closed(code)

    def abort(self) -> None:
        self.close(Code(number=1006, name="peer_gone", reason="", reconnect=True, http=503))


async def measure(connections: int, deliveries: int) -> Figure:
    """Publish into a room of so many connections, and let each publish be flushed.

    Args:
        connections: live ones, each of another player.
        deliveries: about as many as to make.

    Raises:
        RuntimeError: an event did not arrive everywhere, so the figures would mean nothing.
    """
    clock = SystemClock()
    # Joining writes would be waiting, and waiting here is turning.
    config = Config(coalesce=None)
    node = Node(MemoryEngine(clock, config.history, config.session), clock, config)
    encoding = PlainText()
    sinks = [await _connect(node, f"player-{number}", encoding) for number in range(connections)]
    await node.wait_settled()
    publishes = max(1, deliveries // connections)
    await _publish(node, max(1, publishes // 10), sinks)
    before = sum(sink.taken for sink in sinks)
    wall, cpu = time.perf_counter(), time.process_time()
    await _publish(node, publishes, sinks)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    made = sum(sink.taken for sink in sinks) - before
    await node.stop()
    if made != publishes * connections:
        raise RuntimeError(f"expected {publishes * connections} deliveries, got {made}")
    return Figure(
        connections=connections,
        publishes=publishes,
        deliveries=made,
        cpu_us_per_delivery=round(cpu / made * 1e6, 3),
        cpu_us_per_publish=round(cpu / publishes * 1e6, 1),
        deliveries_per_second=round(made / wall),
    )


async def _connect(node: Node, player_id: str, encoding: Encoding) -> SinkTransport:
    opening = Opening(
        player_id=player_id,
        connection_type="websocket",
        encoding=encoding,
        identity=Identity(player_id=player_id),
    )
    connection = await node.admission.reserve(opening)
    transport = SinkTransport(encoding)
    await node.open(connection, transport)
    await node.engine.enter(player_id, ROOM)
    return transport


async def _publish(node: Node, count: int, sinks: list[SinkTransport]) -> None:
    stream = room_stream(ROOM)
    for _ in range(count):
        expected = sinks[-1].taken + 1
        await node.publish(stream, Event(payload=PAYLOAD))
        # Each publish finds idle connections: the cost without the help of joined writes.
        while sinks[-1].taken < expected:  # noqa: ASYNC110 - turns of the loop are measured
            await asyncio.sleep(0)


def conditions(figures: list[Figure]) -> list[dict[str, float | int]]:
    """The figures as JSON has them."""
    return [asdict(figure) for figure in figures]

"""A uvicorn server that says goodbye before it waits.

Uvicorn waits for responses to end, and an SSE response never does: so the connections are told
first, with code 1012, and everything else has its usual time. Where other nodes can carry on, it
goes on serving while its clients connect there (:mod:`dualwire.runtime.draining`), and stops then.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import socket
from collections.abc import Callable, Collection
from types import FrameType

import uvicorn

from ..codes import RESTART
from ..manager import ConnectionManager

__all__ = ["Server"]

_LOOK = 0.01
"""Seconds between two looks at whether the goodbyes are written."""


class Server(uvicorn.Server):
    """Serves until a signal comes.

    Args:
        config: uvicorn's.
        managers: whose connections are told when the server stops.
        announce: called once it really listens.
        supervised: whether other processes listen at the same port, and one watches over us.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        managers: Collection[ConnectionManager],
        announce: Callable[[], object],
        *,
        supervised: bool = False,
    ) -> None:
        super().__init__(config)
        self._managers = managers
        self._announce = announce
        self._supervisor = os.getppid() if supervised else None
        self._draining: asyncio.Future[list[None]] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        for manager in self._managers:
            await manager.start()
        await super().startup(sockets)
        if self.started:
            tune_collector()
            self._announce()

    async def on_tick(self, counter: int) -> bool:
        # Uvicorn asks ten times a second whether to stop; while it drains, it keeps serving.
        if self._supervisor is not None and os.getppid() != self._supervisor:
            self.should_exit = True
        if not await super().on_tick(counter):
            return False
        if self._draining is None:
            nodes = [each.node for each in self._managers]
            self._draining = asyncio.gather(*(node.drain() for node in nodes))
            if self._supervisor is not None:
                # The others take whoever comes; the system would still send some of them here.
                for server in self.servers:
                    server.close()
        return self.force_exit or self._draining.done()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        await asyncio.gather(*(self._say_goodbye(manager) for manager in self._managers))
        await super().shutdown(sockets)
        await asyncio.gather(*(manager.stop() for manager in self._managers))

    async def _say_goodbye(self, manager: ConnectionManager) -> None:
        node = manager.node
        if node.started_at is None:
            return
        node.ready = False
        for connection in list(node.connections.values()):
            node.end(connection, RESTART)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(node.config.heartbeat.close_timeout):
                while node.connections and not self.force_exit:  # noqa: ASYNC110 - polls a flag too
                    await asyncio.sleep(_LOOK)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # Uvicorn would raise the signal again after it has stopped; a stop that was asked for and
        # went well is a success.
        if self.should_exit and sig == signal.SIGINT:
            self.force_exit = True
        else:
            self.should_exit = True


def tune_collector() -> None:
    """Let the garbage collector leave alone what stays, and look at the rest less often.

    A full collection at 10,000 connections holds the loop for 29 ms. Connections make no cycles, so
    what they leave behind is freed without it.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 1000)

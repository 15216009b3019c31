"""A connection through the proxy: a side to each peer, and a passage each way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from .faults import Direction, Fault, Faultable
from .passage import Passage, Side
from .sniffer import RequestKind, Sniffer

__all__ = ["Listener", "ProxiedConnection"]


class Listener:
    """What the proxy wants to know of its connections."""

    def on_accepted(self, connection: ProxiedConnection) -> None:
        """A client has connected."""

    def on_kind(self, connection: ProxiedConnection, before: RequestKind) -> None:
        """The kind turned out, or changed with a further request."""

    def on_fault(self, fault: Fault) -> None:
        """A fault was done to the connection."""

    def on_closed(self, connection: ProxiedConnection) -> None:
        """Both sockets are gone."""


class ProxiedConnection(Faultable):
    """One client's connection, and the proxy's own to the server.

    Args:
        connection_id: counts from 1 in the order of accepting.
        seed: of the chance in ``jitter``.
        listener: is told what happens.
    """

    def __init__(self, connection_id: int, seed: int, listener: Listener) -> None:
        self.connection_id = connection_id
        self.kind: RequestKind = "other"
        """What the latest request asked for; ``other`` until a request says more."""
        self.client = _Socket(self._on_client_made, self._from_client, self._on_client_end)
        self.server = _Socket(self._on_server_made, self._from_server, self._on_server_end)
        self.to_server = Passage(
            self.client, self.server, f"{seed}:{connection_id}:to_server", self._on_passed_end
        )
        """The way from client to server: its faults and bytes."""
        self.to_client = Passage(
            self.server, self.client, f"{seed}:{connection_id}:to_client", self._on_passed_end
        )
        """The way from server to client: its faults and bytes."""
        self.client.arriving, self.server.arriving = self.to_client, self.to_server
        self._sniffer = Sniffer()
        self._told = False
        self._listener = listener
        self._closed = asyncio.Event()

    def __repr__(self) -> str:
        return f"<ProxiedConnection {self.connection_id} {self.kind} {list(self.faults)}>"

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The faults in force, one for each direction that has it."""
        ways: list[tuple[Direction, Passage]] = [
            ("to_client", self.to_client),
            ("to_server", self.to_server),
        ]
        return tuple(
            Fault(name, None if name in ("swallow", "stall") else amount, direction)
            for direction, passage in ways
            for name, amount in passage.faults.items()
        )

    @property
    def closed(self) -> bool:
        """Whether both sockets are gone."""
        return self._closed.is_set()

    async def wait_closed(self) -> None:
        """Return when both sockets are gone."""
        await self._closed.wait()

    def apply(self, fault: Fault) -> None:
        if self.closed:
            return
        if fault.name in ("reset", "refuse"):
            self._reset(fault.direction)
        else:
            for passage in self._passages(fault.direction):
                if fault.name == "heal":
                    passage.heal()
                else:
                    passage.add(fault.name, fault.amount or 0.0)
        if fault.name != "heal":
            self._listener.on_fault(fault)

    def abort(self) -> None:
        """Reset both sides; no fault, but the end of the proxy or of the server."""
        self.client.reset()
        self.server.reset()
        if self.server.transport is None:
            self.server.lost = True
            self._check_closed()

    def _passages(self, direction: Direction) -> list[Passage]:
        if direction == "both":
            return [self.to_client, self.to_server]
        return [self.to_client if direction == "to_client" else self.to_server]

    def _reset(self, direction: Direction) -> None:
        if direction == "both":
            self.abort()
            return
        # The other peer must not learn of it: its link seems to work, and leads nowhere.
        near, away = self.client, self.to_server
        if direction == "to_server":
            near, away = self.server, self.to_client
        away.add("swallow", 0.0)
        near.reset()

    def _on_client_made(self) -> None:
        self._listener.on_accepted(self)

    def _on_server_made(self) -> None:
        if self.client.lost or self.server.lost:
            self.server.lost = False
            self.server.reset()
            return
        self.to_server.pump()

    def _from_client(self, data: bytes) -> None:
        self._sniffed(*self._sniffer.feed(data))

    def _from_server(self, data: bytes) -> None:
        self._sniffed(*self._sniffer.give_up())
        self.to_client.feed(data)

    def _sniffed(self, kind: RequestKind | None, data: bytes) -> None:
        if kind is not None and (not self._told or kind != self.kind):
            self._told = True
            before, self.kind = self.kind, kind
            self._listener.on_kind(self, before)
        if data:
            self.to_server.feed(data)

    def _on_client_end(self, lost: bool) -> None:
        if not lost:
            self._sniffed(*self._sniffer.give_up())
        self._on_end(self.client, self.server, self.to_server, lost)

    def _on_server_end(self, lost: bool) -> None:
        self._on_end(self.server, self.client, self.to_client, lost)

    def _on_end(self, source: _Socket, sink: _Socket, passage: Passage, lost: bool) -> None:
        if not lost:
            passage.end("eof")
            if sink.lost:
                source.close()  # After a reset in one direction; nobody is left to answer.
            return
        source.arriving.drop()
        if not self._finished():
            passage.end("reset")
        self._check_closed()

    def _finished(self) -> bool:
        return self.to_client.ended is not None and self.to_server.ended is not None

    def _on_passed_end(self) -> None:
        if self._finished():
            self.client.close()
            self.server.close()

    def _check_closed(self) -> None:
        if self.client.lost and self.server.lost and not self.closed:
            self._closed.set()
            self._listener.on_closed(self)


class _Socket(Side):
    """A side, as asyncio drives it."""

    arriving: Passage
    """The passage that writes here."""

    def __init__(
        self,
        on_made: Callable[[], None],
        on_data: Callable[[bytes], None],
        on_end: Callable[[bool], None],
    ) -> None:
        self._on_made = on_made
        self._on_data = on_data
        self._on_end = on_end

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.transport = transport
        self.writable = True
        self._on_made()

    def data_received(self, data: bytes) -> None:
        self._on_data(data)

    def eof_received(self) -> bool:
        self._on_end(False)
        return True  # The other direction goes on.

    def pause_writing(self) -> None:
        self.writable = False
        self.arriving.pump()

    def resume_writing(self) -> None:
        self.writable = True
        self.arriving.pump()

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        self.writable = False
        self._on_end(True)

    def close(self) -> None:
        """Close when everything written has been sent."""
        if self.transport is not None:
            self.transport.close()

"""What becomes of frames: items for the application, replies, pongs and acknowledgements."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeAlias

from ..abc import Clock
from ..core.encoding.json import encode_object
from ..core.merge import Delivered, Gap, Replied
from ..core.merge import Item as MergeItem
from ..exceptions import RefusedError
from ..types import ConnectionType, Cursor, JSONObject
from .acknowledging import Acknowledging
from .chores import Chores
from .commands import Commands
from .connection import ClientConnection
from .inbox import Inbox
from .life import Life, Receiver
from .merging import Merging
from .uplink import Uplink

__all__ = ["Direct", "Item", "Receiving"]

INBOX = 1000
"""Items that wait for the application; beyond them the connections are not read, and the server
sees a slow peer."""

_OF_STREAMS = frozenset(
    ("hello", "event", "subscribed", "unsubscribed", "reply", "skip", "lost", "reset")
)


@dataclass(frozen=True, slots=True)
class Direct:
    """What the application said to one connection only: a greeting, an answer."""

    event: JSONObject
    connection_type: ConnectionType
    """Where it came."""


Item: TypeAlias = Delivered | Gap | Direct
"""What iterating gives."""


class Receiving(Receiver):
    """Takes what both connections bring.

    Args:
        clock: time.
        chores: runs what must not keep a connection waiting.
        changed: called when a connection's state changed.
    """

    uplink: Uplink
    """The way back; set by the client, because it goes over the connections that are made later."""
    commands: Commands
    """Who waits for replies; set by the client."""

    def __init__(
        self, clock: Clock, chores: Chores, changed: Callable[[ClientConnection], None]
    ) -> None:
        self.inbox: Inbox[Item] = Inbox(INBOX)
        self.merging = Merging(clock, self._hand_on)
        self._acknowledging = Acknowledging(self.cursor, lambda: self.inbox.waiting)
        self._chores = chores
        self._changed = changed

    async def next(self) -> Item | None:
        """The next item for the application; ``None`` at the end."""
        item = await self.inbox.get()
        if isinstance(item, Delivered) and self._acknowledging.handed(item):
            self._report({"type": "ack", "cursor": self._acknowledging.cursor()}, self.uplink.send)
        return item

    def cursor(self) -> Cursor:
        return self.merging.cursor

    def opened(self, life: Life, hello: JSONObject) -> None:
        limits = hello.get("limits")
        limit = limits.get("message") if isinstance(limits, dict) else None
        self.uplink.limit = limit if isinstance(limit, int) else None
        self.merging.opened(life, hello)
        connection = life.connection
        if connection.opened and connection.state != "open":
            news = {"type": "recovered", "connection": life.id, "noticed": connection.noticed}
            self._report(news, self.uplink.send)

    async def take(self, life: Life, frame: JSONObject, size: int) -> None:
        kind, connection = frame.get("type"), life.connection
        if kind in _OF_STREAMS:
            if kind == "reply":
                round_trip = self.commands.round_trip(frame.get("id"))
                if round_trip is not None:
                    connection.measured(round_trip)
            elif frame.get("confirm") is True:
                self._acknowledging.wanted(frame)
            self.merging.take(life, frame, size)
        elif kind == "ping":
            self._answer_ping(life, frame.get("n"))
        elif kind == "warning":
            connection.warning = str(frame.get("message") or frame.get("reason"))
            self._changed(connection)
        elif kind == "direct" and isinstance(frame.get("event"), dict):
            self.inbox.put([Direct(frame["event"], connection.connection_type)])
        # Anything else is of a later version, and none of ours.
        if self.inbox.full:
            await self.inbox.wait_room()

    def closed(self, life: Life) -> None:
        self.merging.closed(life)

    def changed(self, connection: ClientConnection) -> None:
        self._changed(connection)

    def _hand_on(self, items: list[MergeItem]) -> None:
        told: list[Item] = []
        for item in items:
            if isinstance(item, Replied):
                self.commands.replied(item)
            elif isinstance(item, (Delivered, Gap)):
                told.append(item)
        self.inbox.put(told)

    def _answer_ping(self, life: Life, n: object) -> None:
        pong: JSONObject = {"type": "pong", "connection": life.id, "n": n}
        pong["cursor"] = self._acknowledging.cursor()
        kind = life.connection.connection_type
        self._report(pong, lambda payload: self.uplink.answer_ping(payload, kind))

    def _report(
        self, message: JSONObject, send: Callable[[bytes], Coroutine[Any, Any, object]]
    ) -> None:
        async def report() -> None:
            try:
                await send(encode_object(message))
            except (RefusedError, ConnectionError) as error:
                # No harm: the next one says the same and more.
                self.uplink.error = str(error)

        self._chores.spawn(report())

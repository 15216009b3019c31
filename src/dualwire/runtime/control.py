"""What nodes tell each other: numbered and recovered like events, and signed.

There is one stream for all nodes, ``control``, and one for each, ``node:ID``. They are streams of
the engine like any other, so what is told arrives once and in order, also when a subscription was
lost for a moment. Entries are signed with the cluster's key (HMAC-SHA256, RFC 2104): whoever can
write into the engine, but has not the key, cannot make a node do anything.

The signature covers the stream, the sender, the sender's own number of it, and the position in the
stream after which it was told. So an entry that is repeated, moved to another node's stream, or
taken from an earlier life of the stream, is rejected; rejections are counted and logged.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable
from typing import TYPE_CHECKING

import structlog

from ..core.encoding.json import decode_message, encode_object
from ..exceptions import ProtocolError
from ..types import Entry, Event, JSONObject, Position

if TYPE_CHECKING:
    from .node import Node

__all__ = ["CONTROL", "Control", "node_stream"]

log = structlog.get_logger("dualwire")

CONTROL = "control"
"""The stream for all nodes."""

LATE = 1000
"""Entries by which the sender's knowledge of a stream may be behind where its entry comes to
stand: so many others may have been told meanwhile."""


def node_stream(node_id: str) -> str:
    """Name of the stream of what concerns one node."""
    return f"node:{node_id}"


class Control:
    """One node's side of it.

    Args:
        node: the node.
        key: the cluster's; empty where nobody gave one, so that entries prove nothing.
    """

    def __init__(self, node: Node, key: bytes) -> None:
        self._node = node
        self._key = key
        self._told = 0
        self._telling = asyncio.Lock()
        self._heard: dict[tuple[str, str], int] = {}
        """By stream and sender: its number of the newest entry that was acted upon."""
        self._began: dict[str, Position] = {}
        """Where this node began to listen, by stream."""
        self.handlers: dict[str, Callable[[str, JSONObject], None]] = {}
        """What to do, by what is asked for: called with the sender and what it says."""

    async def start(self) -> None:
        """Begin to listen.

        Raises:
            EngineError: the engine does not answer.
        """
        engine = self._node.engine
        streams = (CONTROL, node_stream(self._node.id))
        for stream in streams:
            engine.follow(stream)
        await engine.ready(streams)
        self._began = {stream: engine.log(stream).position for stream in streams}
        if not self._key:
            log.warning("control_unsigned", node=self._node.id)

    async def tell(self, node_id: str | None, do: str, data: JSONObject) -> None:
        """Tell another node something, or all nodes, this one included.

        Args:
            node_id: which one; ``None`` for all.
            do: the name of a handler there.
            data: what it gets.

        Raises:
            EngineError: it could not be stored, so nobody is told.
        """
        stream = CONTROL if node_id is None else node_stream(node_id)
        engine = self._node.engine
        # One after the other, so that they are stored in the order of their numbers.
        async with self._telling:
            self._told += 1
            after = engine.log(stream).position if stream in self._began else None
            said = {"from": self._node.id, "n": self._told, "after": after, "do": do, "data": data}
            text = encode_object(said)
            payload = encode_object({"said": text.decode(), "mac": self._mac(stream, text)})
            await engine.publish(stream, Event(payload=payload))

    def arrived(self, stream: str, entry: Entry | None) -> None:
        """An entry came in a stream that no player is in; ``None``: its log was replaced."""
        if stream not in self._began:
            return
        if entry is not None:
            self._act(stream, entry)
            return
        # What came while this node was not told; numbers say what was acted upon before.
        for missed in self._node.engine.log(stream).after(0, LATE):
            self._act(stream, missed, again=True)

    def _act(self, stream: str, entry: Entry, *, again: bool = False) -> None:
        if type(entry.body) is not Event:
            return
        try:
            said = self._read(stream, entry.body)
        except ProtocolError as error:
            if not again:
                self._node.stats.control_rejected += 1
                reason = str(error)
                log.warning("control_rejected", stream=stream, offset=entry.offset, reason=reason)
            return
        handler = self.handlers.get(said["do"])
        if handler is None:
            # Of a later release, beside which this one runs for a while.
            log.info("control_unknown", do=said["do"], sender=said["from"])
            return
        handler(said["from"], said["data"])

    def _read(self, stream: str, event: Event) -> JSONObject:
        """What an entry says, if it may be believed.

        Raises:
            ProtocolError: it may not.
        """
        outer = decode_message(event.payload)
        text, mac = outer.get("said"), outer.get("mac")
        if not isinstance(text, str) or not isinstance(mac, str):
            raise ProtocolError("expected what is said and its signature")
        if not hmac.compare_digest(mac, self._mac(stream, text.encode())):
            raise ProtocolError("it is not signed with this cluster's key")
        said = decode_message(text.encode())
        sender, number = str(said["from"]), int(said["n"])
        if number <= self._heard.get((stream, sender), 0):
            raise ProtocolError("it was told before")
        if said["after"] is not None:
            self._check_place(stream, Position(*said["after"]))
        self._heard[stream, sender] = number
        return said

    def _check_place(self, stream: str, after: Position) -> None:
        began = self._began[stream]
        if after.epoch < began.epoch or after.epoch > self._node.engine.log(stream).position.epoch:
            raise ProtocolError("it belongs to another life of the stream")
        if after.epoch == began.epoch and after.offset < began.offset - LATE:
            raise ProtocolError("it is from a time before this node began to listen")

    def _mac(self, stream: str, text: bytes) -> str:
        return hmac.digest(self._key, stream.encode() + b"\0" + text, "sha256").hex()

"""What one connection brought, and when."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from ...abc import Clock
from ...core.encoding.json import decode_message
from ...exceptions import ProtocolError
from ...types import JSONObject

__all__ = ["Arrivals", "wait_until"]


@dataclass(slots=True)
class Arrivals:
    """The frames of one ``dualwire.v1`` connection, as they came."""

    clock: Clock
    hello: JSONObject | None = None
    hello_at: float | None = None
    pongs: list[float] = field(default_factory=list)
    """When each answer to a ping of ours came."""
    on_ping: Callable[[int], None] | None = None
    """Called with the number of each ping of the server: it wants to be answered."""
    last_at: float | None = None
    """When the last frame came."""
    silence: float = 0.0
    """The longest time that nothing came, between two frames, since :meth:`listen`."""
    size: int = 0
    """Bytes of frames."""
    bye: JSONObject | None = None
    ended: str | None = None
    """How it ended, in words; ``None`` while it is open."""
    ended_at: float | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_open(self) -> bool:
        """Whether it carries."""
        return self.hello is not None and self.ended is None

    def listen(self) -> None:
        """Measure silence from now on."""
        self.silence = 0.0

    def take(self, text: str | bytes) -> None:
        """A frame came."""
        now = self.clock.now()
        if self.last_at is not None:
            self.silence = max(self.silence, now - self.last_at)
        self.last_at = now
        self.changed.set()
        self.size += len(text)
        try:
            frame = decode_message(text)
        except ProtocolError:
            return
        kind = frame.get("type")
        event = frame.get("event")
        if kind == "hello" and self.hello is None:
            self.hello, self.hello_at = frame, now
        elif kind == "pong" or (
            kind == "direct" and isinstance(event, dict) and event.get("type") == "pong"
        ):
            self.pongs.append(now)
        elif kind == "ping" and isinstance(frame.get("n"), int):
            if self.on_ping is not None:
                self.on_ping(frame["n"])
        elif kind == "bye":
            self.bye = frame

    def end(self, how: str) -> None:
        """It is over."""
        if self.ended is None:
            bye = self.bye
            if bye is not None:
                how = f"the server ended it: {bye.get('code')} {bye.get('reason')}"
            self.ended, self.ended_at = how, self.clock.now()
        self.changed.set()


async def wait_until(
    clock: Clock, arrivals: Arrivals, condition: Callable[[], bool], within: float
) -> bool:
    """Wait for something to come, or for the connection to end.

    Returns:
        Whether the condition holds.
    """
    timer = asyncio.create_task(clock.sleep(within))
    try:
        while not condition() and arrivals.ended is None and not timer.done():
            arrivals.changed.clear()
            waiting = asyncio.create_task(arrivals.changed.wait())
            try:
                await asyncio.wait((waiting, timer), return_when=asyncio.FIRST_COMPLETED)
            finally:
                waiting.cancel()
    finally:
        timer.cancel()
    return condition()

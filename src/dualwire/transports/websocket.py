"""A WebSocket on any ASGI server."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Protocol

import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from ..abc import TransportListener
from ..codes import PEER_GONE, Code
from ..core.encoding import Encoding, Frame
from .queued import QueuedTransport

__all__ = ["ObjectTransport", "SendsJSON", "WebSocketTransport"]

log = structlog.get_logger("dualwire")


class SendsJSON(Protocol):
    """Anything that the specification calls a WebSocket: a framework's own, or a test's."""

    async def send_json(self, data: Any) -> None:
        """Send one event."""


class _WriterTransport(QueuedTransport):
    """A transport whose writer is a task of its own."""

    connection_type = "websocket"

    def __init__(self, encoding: Encoding) -> None:
        super().__init__(encoding)
        self._writer: asyncio.Task[None] | None = None

    def start(self, listener: TransportListener) -> None:
        super().start(listener)
        self._writer = asyncio.get_running_loop().create_task(self._write_all())

    def abort(self) -> None:
        if self._writer is not None:
            self._writer.cancel()
        super().abort()

    async def _write_all(self) -> None:
        try:
            while frames := await self._frames(1):
                await self._send(frames[0])
                self._sent(frames)
            if self._alive:
                await self._say_goodbye()
        except (WebSocketDisconnect, RuntimeError, OSError):
            # Starlette raises RuntimeError once either side has closed: the end, not a defect.
            pass
        except Exception:
            log.exception("connection_error", where="transport")
        finally:
            self._end(PEER_GONE)

    async def _send(self, frame: Frame) -> None:
        raise AssertionError("a subclass sends")

    async def _say_goodbye(self) -> None:
        raise AssertionError("a subclass says goodbye")


class WebSocketTransport(_WriterTransport):
    """A Starlette WebSocket, accepted.

    Args:
        websocket: gets the text that all connections share.
        encoding: what frames are encoded as.
    """

    def __init__(self, websocket: WebSocket, encoding: Encoding) -> None:
        super().__init__(encoding)
        self._websocket = websocket

    @property
    def alive(self) -> bool:
        websocket = self._websocket
        return (
            super().alive
            and websocket.client_state is WebSocketState.CONNECTED
            and websocket.application_state is WebSocketState.CONNECTED
        )

    async def _send(self, frame: Frame) -> None:
        await self._websocket.send({"type": "websocket.send", "text": frame.data})

    async def _say_goodbye(self) -> None:
        assert self._goodbye is not None
        code, retry_after = self._goodbye
        bye = self.encoding.bye(code, retry_after)
        if bye is not None:
            await self._send(bye)
        await self._websocket.close(code.number, close_reason(code, retry_after))


class ObjectTransport(_WriterTransport):
    """Any object with ``send_json``: it gets the event itself.

    Args:
        target: gets events, and ``close(code=..., reason=...)`` at the end if it has that.
        encoding: what frames are encoded as.
    """

    def __init__(self, target: SendsJSON, encoding: Encoding) -> None:
        super().__init__(encoding)
        self._target = target

    async def _send(self, frame: Frame) -> None:
        await self._target.send_json(json.loads(frame.data))

    async def _say_goodbye(self) -> None:
        assert self._goodbye is not None
        code, _ = self._goodbye
        close = getattr(self._target, "close", None)
        if close is not None:
            await close(code=code.number, reason=code.name)


def close_reason(code: Code, retry_after: float | None) -> str:
    """The reason in a close frame: the code's name for machines, and when to come back."""
    return code.name if retry_after is None else f"{code.name} retry_after={retry_after:g}"

"""Uvicorn's HTTP protocol, with what it lacks: a deadline and a bound for the request headers.

A peer that opens connections and never finishes a request (slow-loris) holds nothing for longer
than the deadline, however it trickles; headers without end are refused at the bound.
"""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

from httptools import HttpParserError, HttpParserUpgrade
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

__all__ = ["HEADER_LIMIT", "GuardedHTTPProtocol", "guarded"]

HEADER_LIMIT = 32 * 1024
"""Bytes of a request line and its headers. nginx takes 4 x 8 KB."""

_SLICE = 4 * 1024
"""Bytes fed to the parser at a time, so that one big read cannot carry headers past the bound."""


class GuardedHTTPProtocol(HttpToolsProtocol):
    """One HTTP connection. Between requests the keep-alive timer is uvicorn's."""

    deadline: ClassVar[float] = 10.0
    """Seconds from the connection, or the first byte of a further request, to complete headers."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._awaits_headers = True
        self._header_bytes = 0
        self._timer: asyncio.TimerHandle | None = None
        self._asked_for: tuple[bytes | None] | None = None
        self._answered: RequestResponseCycle | None = None
        """The request that is being answered; ``cycle`` is the newest one of those that wait."""
        self.gone = False
        """Whether the socket is somebody else's now."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        # Uvicorn tells the newest request only: the one before it would write into a closed socket,
        # which uvloop takes for an error of the application, and those behind it would still run.
        self.pipeline.clear()
        if self._answered is not None:
            self._answered.disconnected = True
            self._answered.message_event.set()
        super().connection_lost(exc)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._answered = cycle
        super()._start_asgi_task(cycle, app)

    def data_received(self, data: bytes) -> None:
        if self._awaits_headers and self._timer is None:
            self._start_timer()
        self._unset_keepalive_if_required()
        for start in range(0, len(data), _SLICE):
            if self.gone or self.transport.is_closing():
                return
            piece = data[start : start + _SLICE]
            try:
                self.parser.feed_data(piece)
            except HttpParserUpgrade as upgrade:
                self._upgrade(data[start + upgrade.args[0] :])
                return
            except HttpParserError:
                if not self.gone:
                    self._invalid()
                return
            if self._awaits_headers:
                self._header_bytes += len(piece)
                if self._header_bytes > HEADER_LIMIT:
                    self._refuse("431 Request Header Fields Too Large")
                    return

    def _get_upgrade(self) -> bytes | None:
        # Asked four times for each request, each time with a look through all headers.
        if self._asked_for is None:
            self._asked_for = (super()._get_upgrade(),)
        return self._asked_for[0]

    def on_message_begin(self) -> None:
        self._asked_for = None
        if self.gone:
            # Whatever is behind a request that took the socket is for nobody: ends the parsing.
            raise HttpParserError("the socket has another owner")
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self.headers_are_complete()
        super().on_headers_complete()

    def headers_are_complete(self) -> None:
        """The deadline for the headers is met."""
        self._awaits_headers = False
        self._stop_timer()

    def on_message_complete(self) -> None:
        if self.gone:
            return
        super().on_message_complete()
        self._awaits_headers = True
        self._header_bytes = 0

    def _upgrade(self, early: bytes) -> None:
        if self._should_upgrade():
            self.headers_are_complete()
            self.upgrade(early)
        else:
            self._unsupported_upgrade_warning()

    def upgrade(self, early: bytes) -> None:
        """Become a WebSocket.

        Args:
            early: what the peer sent behind its request.
        """
        self.gone = True
        self.handle_websocket_upgrade()
        if early:
            protocol = self.transport.get_protocol()
            assert isinstance(protocol, asyncio.Protocol)
            protocol.data_received(early)

    def _invalid(self) -> None:
        message = "Invalid HTTP request received."
        self.logger.warning(message)
        self.send_400_response(message)

    def _start_timer(self) -> None:
        self._timer = self.loop.call_later(self.deadline, self._too_late)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_late(self) -> None:
        self._timer = None
        if self.transport.is_closing():
            return
        if self._header_bytes:
            self._refuse("408 Request Timeout")
        else:
            # Browsers open connections in advance; nothing was asked, so nothing is answered.
            self.transport.close()

    def _refuse(self, status: str) -> None:
        self._stop_timer()
        if self.cycle is None or self.cycle.response_complete:
            self.transport.write(
                f"HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode()
            )
        self.transport.close()


def guarded(
    deadline: float, protocol: type[GuardedHTTPProtocol] = GuardedHTTPProtocol
) -> type[GuardedHTTPProtocol]:
    """A protocol with another deadline.

    Args:
        deadline: seconds.
        protocol: whose.
    """
    return type(protocol.__name__, (protocol,), {"deadline": deadline})

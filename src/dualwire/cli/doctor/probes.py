"""Questions whose answers come on both connections, so that they can be compared."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from ...abc import Clock
from ...core.encoding.json import encode_object
from ..address import Address
from .findings import Finding
from .frames import wait_until
from .judgement import Delays
from .openings import judge_uplink
from .server import code_of, quoted, read_json
from .sse import EventStream
from .websocket import WebSocket

__all__ = ["Failure", "Probes"]

COUNT = 5
"""Questions: enough for a median, few enough to be over at once."""
PATIENCE = 2.0
"""Seconds that an answer may take on the event stream after it was there by HTTP."""
GIVE_UP = 2
"""Answers that do not come, after which no more are asked for."""
MOST_FILLING = 400
"""Questions that are asked to fill whatever holds the answers: about 30 KB of them."""
AT_ONCE = 8
"""Of those, how many at the same time."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A message that did not get through by HTTP."""

    finding: Finding
    missing: bool
    """Whether dualwire answered that it has no such connection."""


class Probes:
    """Asks.

    Args:
        http: makes the requests.
        address: of the server.
        token: whose connections are asked about.
        clock: time.
    """

    def __init__(self, http: httpx.AsyncClient, address: Address, token: str, clock: Clock) -> None:
        self._http = http
        self._address = address
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._clock = clock
        self.websocket_trips: list[float] = []
        """Seconds from a question over the WebSocket to its answer there."""
        self.sse_trips: list[float] = []
        """Seconds from a question by HTTP to its answer on the event stream."""
        self.failure: Failure | None = None
        """Why questions by HTTP were given up; ``None`` while they get through."""

    async def connections_of(self, player_id: str) -> set[str]:
        """The ids of a player's connections, as the server has them."""
        url = f"{self._address}/api/connections/{quote(player_id, safe='')}"
        response = await self._http.get(url, headers=self._headers)
        session = read_json(response).get("session")
        found: Any = session.get("session_connections") if isinstance(session, dict) else None
        return {str(each) for each in found} if isinstance(found, list) else set()

    async def send(self, message: dict[str, object]) -> httpx.Response | None:
        """Send a message by HTTP; ``None`` if nobody answers."""
        try:
            return await self._http.post(
                f"{self._address}/api/send", content=encode_object(message), headers=self._headers
            )
        except httpx.HTTPError:
            return None

    async def run(self, socket: WebSocket, stream: EventStream, stream_id: str) -> Delays | None:
        """Ask, a few times.

        Args:
            socket: asked over itself.
            stream: asked by HTTP.
            stream_id: what the server calls it.

        Returns:
            How much later answers came on the event stream; ``None`` if none could be asked for.
        """
        late: list[float] = []
        missing = 0
        for _ in range(COUNT):
            await self._ask_socket(socket)
            answer = await self._ask_stream(stream, stream_id)
            if self.failure is not None or stream.arrivals.ended is not None:
                break
            if answer is None:
                missing += 1
                if missing == GIVE_UP:
                    break
            else:
                late.append(answer)
        if not late and not missing:
            return None
        flushed = await self._fill(stream, stream_id) if missing and not late else None
        return Delays(arrived=late, missing=missing, waited=PATIENCE, flushed_after=flushed)

    async def _ask_socket(self, socket: WebSocket) -> None:
        arrivals = socket.arrivals
        count, asked_at = len(arrivals.pongs), self._clock.now()
        if not arrivals.is_open or not await socket.send({"type": "ping"}):
            return
        answered = await wait_until(
            self._clock, arrivals, lambda: len(arrivals.pongs) > count, PATIENCE
        )
        if answered:
            self.websocket_trips.append(arrivals.pongs[count] - asked_at)

    async def _ask_stream(self, stream: EventStream, stream_id: str) -> float | None:
        """Seconds by which the answer came later than the one by HTTP; ``None`` if it did not."""
        arrivals = stream.arrivals
        count, asked_at = len(arrivals.pongs), self._clock.now()
        response = await self.send({"type": "ping", "connection": stream_id})
        answered_at = self._clock.now()
        if response is None or response.status_code != 200:
            self.failure = _failure(response)
            return None
        came = await wait_until(
            self._clock, arrivals, lambda: len(arrivals.pongs) > count, PATIENCE
        )
        if not came:
            return None
        self.sse_trips.append(arrivals.pongs[count] - asked_at)
        return arrivals.pongs[count] - answered_at

    async def _fill(self, stream: EventStream, stream_id: str) -> int | None:
        """Have the server write until what is held comes; the bytes that this took."""
        message: dict[str, object] = {"type": "ping", "connection": stream_id}
        if stream.arrivals.pongs:
            return None  # They came by themselves, by and by: it is time that lets them go.
        for _ in range(MOST_FILLING // AT_ONCE):
            answers = await asyncio.gather(*(self.send(message) for _ in range(AT_ONCE)))
            if any(each is None or each.status_code != 200 for each in answers):
                return None
            if stream.arrivals.pongs:
                return stream.arrivals.size
        return None


def _failure(response: httpx.Response | None) -> Failure:
    if response is None:
        return Failure(judge_uplink(None, "", by_us=False), False)
    answer = read_json(response)
    by_us = code_of(answer) is not None
    why = quoted(str(answer["error"].get("message"))) if by_us else ""
    finding = judge_uplink(response.status_code, why, by_us=by_us)
    return Failure(finding, by_us and response.status_code == 404)

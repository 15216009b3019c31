"""Commands: sent until the server has told what became of them, and run at most once.

The first time a command goes over the WebSocket. Without a reply it is repeated, as a *retry*, by
HTTP, then by turns and ever more slowly. The server runs no retry that it does not know, so a
repeat can never be a second run.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from typing import get_args

from ..abc import Clock
from ..core.encoding.json import encode_object
from ..core.merge import Replied
from ..exceptions import RefusedError
from ..types import JSONObject, Outcome, Reply
from .tokens import NoTokenError
from .uplink import NotSentError, Uplink

__all__ = ["Commands"]

SHORTEST = 0.25
"""Seconds to wait for a reply at the least."""

LONGEST = 5.0
"""Seconds between two repeats at the most."""

ANSWER_TIMEOUT = 10.0
"""Seconds that one repeat by HTTP waits for a command that still runs."""


@dataclass(slots=True, eq=False)
class _Pending:
    id: str
    body: JSONObject
    outcome: asyncio.Future[Reply]
    sent_at: float
    perhaps_sent: bool = False
    """Whether it may have reached the server: what is sent from now on is a retry."""
    repeats: int = 0

    def payload(self) -> bytes:
        fields: JSONObject = {"type": "command", "id": self.id}
        if self.perhaps_sent:
            fields["retry"] = True
        return encode_object({**fields, "body": self.body})

    def resolve(self, outcome: Outcome, body: JSONObject | None = None, reason: str = "") -> None:
        if not self.outcome.done():
            self.outcome.set_result(
                Reply(command_id=self.id, outcome=outcome, body=body, reason=reason)
            )


class Commands:
    """The commands of one client.

    Args:
        clock: time.
        uplink: the ways to the server.
    """

    def __init__(self, clock: Clock, uplink: Uplink) -> None:
        self._clock = clock
        self._uplink = uplink
        # Not from the client's own source of chance: an id must not come again with its seed.
        self._instance = secrets.token_urlsafe(12)
        self._count = 0
        self._pending: dict[str, _Pending] = {}
        self._ended: str | None = None

    async def run(self, body: JSONObject, timeout: float | None) -> Reply:
        """Send a command and wait for its outcome.

        Args:
            body: what ``on_command`` gets.
            timeout: seconds; ``None`` to wait until the session ends.

        Raises:
            EventError: the body is no JSON object.
            MessageTooBigError: it is larger than the server allows.
        """
        self._count += 1
        pending = _Pending(
            id=f"{self._instance}.{self._count}",
            body=body,
            outcome=asyncio.get_running_loop().create_future(),
            sent_at=self._clock.now(),
        )
        self._uplink.check(pending.payload())
        if self._ended is not None:
            pending.resolve("unknown", reason=self._ended)
            return pending.outcome.result()
        self._pending[pending.id] = pending
        work = [asyncio.create_task(self._send(pending))]
        if timeout is not None:
            work.append(asyncio.create_task(self._give_up(pending, timeout)))
        try:
            return await pending.outcome
        finally:
            del self._pending[pending.id]
            for task in work:
                task.cancel()
            await asyncio.gather(*work, return_exceptions=True)

    def replied(self, item: Replied) -> None:
        """A connection brought a reply; one that nobody waits for any more is dropped."""
        pending = self._pending.get(item.id)
        if pending is not None and item.outcome in get_args(Outcome):
            outcome: Outcome = item.outcome  # type: ignore[assignment]
            pending.resolve(outcome, item.body, item.reason or "")

    def round_trip(self, command_id: object) -> float | None:
        """Seconds since a command was sent whose reply has just come; ``None`` if it was repeated,
        because nobody knows which of them was answered (Karn's algorithm)."""
        pending = self._pending.get(str(command_id))
        if pending is None or pending.repeats or not pending.perhaps_sent:
            return None
        return self._clock.now() - pending.sent_at

    def end(self, reason: str) -> None:
        """The session is over; what was not answered stays unknown. Idempotent."""
        self._ended = self._ended or reason
        for pending in self._pending.values():
            pending.resolve("unknown", reason=reason)

    async def _give_up(self, pending: _Pending, timeout: float) -> None:
        await self._clock.sleep(timeout)
        pending.resolve("unknown", reason=f"no reply within {timeout:g} s")

    async def _send(self, pending: _Pending) -> None:
        """Send it, and again, until cancelled."""
        pause = max(2 * self._uplink.round_trip, SHORTEST)
        by_websocket = True
        while not pending.outcome.done():
            if not self._uplink.open and not pending.perhaps_sent:
                # The server would run it for a player who is not there.
                await self._clock.sleep(SHORTEST)
                continue
            asked = await self._try(pending, by_websocket)
            await self._clock.sleep(max(pause, asked))
            pause = min(2 * pause, max(pause, LONGEST))
            by_websocket = not by_websocket
            pending.repeats += pending.perhaps_sent

    async def _try(self, pending: _Pending, by_websocket: bool) -> float:
        """Send it once.

        Returns:
            Seconds that the server asked to wait before the next time.
        """
        payload, before = pending.payload(), pending.perhaps_sent
        if by_websocket and self._uplink.websocket.state == "open":
            pending.perhaps_sent = True
            if await self._uplink.websocket.send(payload):
                return 0.0
            payload, before = pending.payload(), True
        pending.perhaps_sent = True
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT):
                answer = await self._uplink.post(payload)
        except (NotSentError, NoTokenError):
            pending.perhaps_sent = before
        except RefusedError as refused:
            pending.perhaps_sent = before
            if not refused.code.reconnect:
                pending.resolve("unknown" if before else "refused", reason=str(refused))
            return refused.retry_after or 0.0
        except (ConnectionError, TimeoutError):
            pass  # It may have arrived; the next repeat tells.
        else:
            self._answered(pending, answer or {}, repeated=before)
        return 0.0

    def _answered(self, pending: _Pending, answer: JSONObject, *, repeated: bool) -> None:
        if answer.get("type") == "error":
            pending.resolve("refused", reason=str(answer.get("message") or "not understood"))
        elif answer.get("id") == pending.id and (repeated or not self._uplink.open):
            # The answer to the first one comes with the player's stream too, after its effects.
            self.replied(_read(answer))


def _read(answer: JSONObject) -> Replied:
    body, reason = answer.get("body"), answer.get("reason")
    return Replied(
        id=str(answer["id"]),
        outcome=str(answer.get("outcome")),
        body=body if isinstance(body, dict) else None,
        reason=str(reason) if reason is not None else None,
        offset=None,
        connection_id="",
    )

"""How fast clients may talk: per connection, and per player over all its connections.

Counted in this process, since one shared count would cost a round trip to the engine for each
command. What other nodes counted of a player is charged here a moment later
(:mod:`dualwire.runtime.sharing`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, inf
from typing import Literal

import structlog

from ..config import Config
from ..core.limits import Bucket, Rate
from ..core.messages import ClientMessage, problem
from ..types import ConnectionType, JSONObject
from .stats import Stats

__all__ = ["Excess", "Flow", "Pacing", "refusal"]

log = structlog.get_logger("dualwire")

LEAST = 64
"""Bytes that a message counts at the least: the smallest one costs time as well."""

WARN_AGAIN = 10.0
"""Seconds between two warnings of one connection at the least."""

PATIENCE = 20.0
"""Messages per second that may be refused before the connection is closed, where commands are not
limited."""

UNTOLD = 0.25
"""Share of a player's rate that other nodes are not told of."""

FEW = 1000
"""Players that are kept in mind before it is looked who has nothing to pay back any more."""


@dataclass(frozen=True, slots=True)
class Excess:
    """Somebody says too much, or soon will."""

    what: Literal["command", "bytes"]
    outcome: Literal["warned", "refused", "closed"]
    retry_after: float
    """Seconds to wait; 0 for a warning."""

    @property
    def message(self) -> str:
        """For a person."""
        what = "commands" if self.what == "command" else "bytes"
        if self.outcome == "warned":
            return f"you send {what} faster than the server takes; slow down"
        return f"too many {what}; try again in {self.retry_after:g} s"

    @property
    def warning(self) -> JSONObject:
        """The frame that warns."""
        return {"type": "warning", "reason": "rate_limited", "message": self.message}


class _PlayerFlow:
    """What a player sent, over all connections of this node."""

    __slots__ = ("bytes", "commands", "connections", "http", "new_bytes", "new_commands")

    def __init__(self, pace: _Pace) -> None:
        self.bytes = Bucket(pace.bytes)
        self.commands = Bucket(pace.commands)
        self.connections = 0
        """Those that talk, and have this object."""
        self.new_bytes = 0
        """What other nodes were not told of."""
        self.new_commands = 0
        self.http: Flow | None = None
        """What came by ``POST /api/send``."""

    def is_over(self, now: float) -> bool:
        """Whether nothing is left to remember."""
        until = max(self.bytes.until, self.commands.until)
        return self.connections == 0 and until <= now


class Flow:
    """What one connection sent."""

    __slots__ = ("bytes", "commands", "patience", "player", "told_at", "warned_at")

    def __init__(self, pace: _Pace, player: _PlayerFlow) -> None:
        self.bytes = Bucket(pace.bytes)
        self.commands = Bucket(pace.commands)
        self.patience = Bucket(pace.patience) if pace.patience is not None else None
        """What it may send although it is refused; ``None`` where there is nothing to close."""
        self.player = player
        self.warned_at = -inf
        self.told_at = -inf


@dataclass(frozen=True, slots=True)
class _Pace:
    """The rates of one kind of sender."""

    bytes: Rate
    commands: Rate
    patience: Rate | None


class Pacing:
    """Watches how fast clients talk.

    Args:
        config: says how fast they may.
        stats: where it is counted what was too much.
    """

    def __init__(self, config: Config, stats: Stats) -> None:
        rates, least = config.rates, float(config.limits.message)
        self._stats = stats

        def pace(commands: float | None, octets: float | None, closes: bool = False) -> _Pace:
            by_count = _rate(commands, rates.burst, 1.0)
            patience = _rate(commands or PATIENCE, rates.burst, 1.0) if closes else None
            return _Pace(_rate(octets, rates.burst, least), by_count, patience)

        self._paces: dict[ConnectionType, _Pace] = {
            "websocket": pace(rates.websocket_commands, rates.websocket_bytes, closes=True),
            "sse": pace(rates.sse_commands, rates.sse_bytes),
        }
        self._player_pace = pace(rates.player_commands, rates.player_bytes)
        self._players: dict[str, _PlayerFlow] = {}
        self._look_at = FEW

    def begin(self, player_id: str, now: float) -> Flow:
        """A WebSocket says its first word."""
        player = self._player(player_id, now)
        player.connections += 1
        return Flow(self._paces["websocket"], player)

    def end(self, flow: Flow) -> None:
        """A WebSocket that talked has ended."""
        flow.player.connections -= 1

    def by_http(self, player_id: str, now: float) -> Flow:
        """What a player sends by ``POST /api/send``, beside its SSE connection."""
        player = self._player(player_id, now)
        if player.http is None:
            player.http = Flow(self._paces["sse"], player)
        return player.http

    def message(self, flow: Flow, size: int, now: float) -> Excess | None:
        """A message came, whatever it says.

        Args:
            flow: of its connection.
            size: bytes.
            now: monotonic seconds.

        Returns:
            ``None`` as long as all is well.
        """
        cost = size if size > LEAST else LEAST
        own, player = flow.bytes, flow.player.bytes
        flow.player.new_bytes += cost
        wait, wait_player = own.take(now, cost), player.take(now, cost)
        if wait <= own.rate.alarm and wait_player <= player.rate.alarm:
            return None
        return self._excess("bytes", flow, max(wait, wait_player), now)

    def command(self, flow: Flow, now: float) -> Excess | None:
        """The message is a command; see :meth:`message`."""
        own, player = flow.commands, flow.player.commands
        flow.player.new_commands += 1
        wait, wait_player = own.take(now), player.take(now)
        if wait <= own.rate.alarm and wait_player <= player.rate.alarm:
            return None
        return self._excess("command", flow, max(wait, wait_player), now)

    def spent(self) -> Iterator[tuple[str, JSONObject]]:
        """Players who sent more than a quarter of what they may in a second, with how much they
        sent since this was asked the last time; it is asked once a second."""
        most_bytes = self._player_pace.bytes.per_second * UNTOLD
        most_commands = self._player_pace.commands.per_second * UNTOLD
        for player_id, flow in self._players.items():
            octets, commands = flow.new_bytes, flow.new_commands
            flow.new_bytes = flow.new_commands = 0
            if octets > most_bytes or commands > most_commands:
                yield player_id, {"commands": commands, "bytes": octets}

    def charge(self, player_id: str, commands: float, octets: float, now: float) -> None:
        """Count what a player sent to another node."""
        player = self._player(player_id, now)
        player.commands.charge(now, commands)
        player.bytes.charge(now, octets)

    def may_tell(self, flow: Flow, now: float) -> bool:
        """Whether a client that numbers nothing is to be told once more that it is refused."""
        if now - flow.told_at < 1.0:
            return False
        flow.told_at = now
        return True

    def _excess(
        self, what: Literal["command", "bytes"], flow: Flow, wait: float, now: float
    ) -> Excess | None:
        outcome: Literal["warned", "refused", "closed"] = "refused"
        if wait <= 0.0:
            if now - flow.warned_at < WARN_AGAIN:
                return None
            flow.warned_at = now
            outcome = "warned"
        elif flow.patience is not None and flow.patience.take(now) > 0.0:
            outcome = "closed"
        self._stats.rate_limited[what, outcome] += 1
        # Tenths are enough for a client, and never too early.
        return Excess(what, outcome, max(0.0, ceil(wait * 10.0 - 1e-6) / 10.0))

    def _player(self, player_id: str, now: float) -> _PlayerFlow:
        player = self._players.get(player_id)
        if player is None:
            if len(self._players) >= self._look_at:
                kept = {key: each for key, each in self._players.items() if not each.is_over(now)}
                self._players = kept
                self._look_at = max(FEW, 2 * len(kept))
            player = self._players[player_id] = _PlayerFlow(self._player_pace)
        return player


def refusal(message: ClientMessage, excess: Excess) -> JSONObject | None:
    """What a refused command is answered.

    Returns:
        ``None`` for a repeat of a numbered one: it may have run the first time, so it is not
        refused but not looked at, and the client repeats it once more.
    """
    command_id = message.data.get("id")
    if message.type != "command" or not isinstance(command_id, str):
        answer = problem("rate_limited", excess.message)
        return {**answer, "details": {"retry_after": excess.retry_after}}
    if message.data.get("retry") is True:
        return None
    return {
        "type": "reply",
        "id": command_id[:80],
        "outcome": "refused",
        "reason": "rate_limited",
        "message": excess.message,
        "retry_after": excess.retry_after,
    }


def _rate(per_second: float | None, burst: float, least: float) -> Rate:
    if per_second is None:
        return Rate(inf, 1.0)
    return Rate(per_second, max(per_second * burst, least))

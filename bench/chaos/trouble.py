"""What happens to players, drawn from a seed, and doing it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

from dualwire.testing.proxy import Fault, FaultName, FaultProxy
from dualwire.types import ConnectionType

from .player import Player
from .world import World

__all__ = ["Trouble", "cause", "draw"]

Kind = Literal["fault", "both_down", "takeover", "room"]

PER_PLAYER_SECOND: dict[Kind, float] = {
    "fault": 1 / 8,
    "both_down": 1 / 100,
    "takeover": 1 / 150,
    "room": 1 / 12,
}
FAULTS: tuple[FaultName, ...] = (
    "reset",
    "reset",
    "swallow",
    "stall",
    "delay",
    "jitter",
    "split",
    "buffer",
)
AMOUNTS: dict[FaultName, tuple[float, float]] = {
    "delay": (0.01, 1.0),
    "jitter": (0.01, 0.3),
    "split": (1, 64),
    "buffer": (512, 65536),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One thing that happens to one player."""

    at: float
    """Seconds after the start."""
    kind: Kind
    player: int
    fault: Fault
    target: ConnectionType
    lasts: float
    """Seconds until the fault is over."""
    room: int
    found_out: bool
    """Whether a silent connection is reset in the end; else the pings have to find it out."""


def draw(seed: int, seconds: float, players: int, rooms: int) -> list[Trouble]:
    """Draw what happens: the same seed and arguments give the same on every machine.

    Args:
        seed: of all chance.
        seconds: how long the run takes.
        players: how many.
        rooms: how many.
    """
    rng = Random(seed)  # noqa: S311 - reproducible, not secret
    plan: list[Trouble] = []
    for kind, rate in PER_PLAYER_SECOND.items():
        for _ in range(max(2, round(rate * seconds * players))):
            name = rng.choice(FAULTS)
            amount = rng.uniform(*AMOUNTS[name]) if name in AMOUNTS else None
            if amount is not None and name in ("split", "buffer"):
                amount = float(int(amount))
            trouble = Trouble(
                at=rng.uniform(0.0, seconds),
                kind=kind,
                player=rng.randrange(players),
                fault=Fault(name, amount),
                target=rng.choice(("websocket", "sse")),
                lasts=rng.uniform(0.2, min(5.0, seconds / 3)),
                room=rng.randrange(rooms),
                found_out=rng.random() < 0.5,
            )
            plan.append(trouble)
    return sorted(plan, key=lambda each: each.at)


async def cause(
    trouble: Trouble, world: World, players: Sequence[Player], rooms: Sequence[str]
) -> bool:
    """Let it happen, to its end.

    Returns:
        For ``both_down``: whether the player really had no connection for a while.
    """
    player = players[trouble.player]
    if trouble.kind == "takeover":
        await player.take_over()
    elif trouble.kind == "room":
        await world.change(player.name, rooms[trouble.room])
    elif trouble.kind == "fault":
        await _disturb(trouble, player.proxy)
    else:
        return await _cut_off(trouble, player)
    return False


async def _disturb(trouble: Trouble, proxy: FaultProxy) -> None:
    target = proxy.target(trouble.target)
    target.apply(trouble.fault)
    if trouble.fault.name == "reset":
        return
    await asyncio.sleep(trouble.lasts)
    if trouble.fault.name != "swallow" or trouble.found_out:
        _lift(proxy, (trouble.target,))


async def _cut_off(trouble: Trouble, player: Player) -> bool:
    proxy = player.proxy
    if trouble.found_out:
        # First nobody notices, and what is published meanwhile vanishes on the way.
        proxy.websocket.swallow()
        proxy.sse.swallow()
        await asyncio.sleep(trouble.lasts / 2)
    proxy.all.refuse()
    proxy.websocket.reset()
    proxy.sse.reset()
    await asyncio.sleep(trouble.lasts)
    was_down = player.is_down
    _lift(proxy, ("websocket", "sse"))
    proxy.other.heal()
    return was_down


def _lift(proxy: FaultProxy, targets: Sequence[ConnectionType]) -> None:
    """End faults as they end on a network: no TCP connection goes on after it lost bytes."""
    for connection in proxy.connections:
        if connection.kind in targets and any(each.name == "swallow" for each in connection.faults):
            connection.apply(Fault("reset"))
    for target in targets:
        proxy.target(target).heal()

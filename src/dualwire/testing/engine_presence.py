"""The engine's suite: presence."""

from __future__ import annotations

import asyncio

from ..codes import LOGGED_OUT
from .engine_rig import BOB, EVA, EngineRig, case
from .suite import expect


async def _arrive(rig: EngineRig, *connections: str) -> None:
    await rig.engine.claim(EVA, None, "session-1")
    for connection_id in connections:
        await rig.engine.attach(EVA, connection_id)


@case
async def exactly_one_connection_arrives(rig: EngineRig) -> None:
    """Of all callers of ``attach``, exactly one gets true."""
    await rig.engine.claim(EVA, None, "session-1")
    ids = [f"c{number}" for number in range(6)]
    arrivals = await asyncio.gather(*(rig.engine.attach(EVA, each) for each in ids))
    expect("arrivals", sorted(arrivals), [False] * 5 + [True])
    expect("connections", rig.engine.presence()[EVA].connections, frozenset(ids))
    expect("others", set(rig.engine.presence()), {EVA})
    expect("presence of", rig.engine.presence_of(EVA), rig.engine.presence()[EVA])
    expect("presence of others", rig.engine.presence_of(BOB), None)


@case
async def presence_says_since_when(rig: EngineRig) -> None:
    """``connected_at`` is the wall-clock time of the arrival."""
    await _arrive(rig, "c1")
    came = rig.clock.wall()
    await rig.later(5.0)
    await rig.engine.attach(EVA, "c2")
    expect("connected_at", rig.engine.presence()[EVA].connected_at, came)


@case
async def a_player_is_present_for_15_s_after_the_last_connection(rig: EngineRig) -> None:
    """Departure is announced once, by whoever ticks, after the grace and not before."""
    await _arrive(rig, "c1", "c2")
    await rig.engine.detach(EVA, "c1")
    await rig.clock.advance(60.0)
    expect("one lives", (await rig.engine.tick()).left, ())
    await rig.engine.detach(EVA, "c2")
    await rig.clock.advance(14.9)
    expect("in grace", (await rig.engine.tick()).left, ())
    expect("present", rig.engine.presence()[EVA].connections, frozenset())
    await rig.clock.advance(0.2)
    expect("grace over", (await rig.engine.tick()).left, (EVA,))
    expect("present", dict(rig.engine.presence()), {})
    expect("announced once", (await rig.engine.tick()).left, ())


@case
async def coming_back_in_grace_is_not_noticed(rig: EngineRig) -> None:
    """A reconnect within the grace is neither departure nor arrival."""
    await _arrive(rig, "c1")
    await rig.engine.detach(EVA, "c1")
    await rig.clock.advance(14.0)
    expect("arrived", await rig.engine.attach(EVA, "c2"), False)
    await rig.clock.advance(60.0)
    transitions = await rig.engine.tick()
    expect("transitions", (transitions.left, transitions.lapsed), ((), ()))


@case
async def coming_back_after_grace_is_an_arrival(rig: EngineRig) -> None:
    """The session is resumed, but everybody saw the player leave."""
    await _arrive(rig, "c1")
    await rig.engine.detach(EVA, "c1")
    await rig.later(16.0)
    expect("joined", (await rig.engine.claim(EVA, None, "unused-1")).outcome, "joined")
    expect("arrived", await rig.engine.attach(EVA, "c2"), True)
    await rig.clock.advance(200.0)
    transitions = await rig.engine.tick()
    expect("transitions", (transitions.left, transitions.lapsed), ((), ()))


@case
async def a_late_tick_tells_both(rig: EngineRig) -> None:
    """Housekeeping that was late forgets no transition."""
    await _arrive(rig, "c1")
    await rig.engine.detach(EVA, "c1")
    await rig.clock.advance(500.0)
    transitions = await rig.engine.tick()
    expect("transitions", (transitions.left, transitions.lapsed), ((EVA,), (EVA,)))


@case
async def a_connection_counts_once(rig: EngineRig) -> None:
    """Detaching twice, or what never was attached, starts no grace."""
    await _arrive(rig, "c1", "c2")
    await rig.engine.detach(EVA, "c1")
    await rig.engine.detach(EVA, "c1")
    await rig.engine.detach(EVA, "never")
    await rig.engine.detach(BOB, "never")
    await rig.clock.advance(60.0)
    expect("left", (await rig.engine.tick()).left, ())


@case
async def a_connection_that_ends_while_it_begins_has_ended(rig: EngineRig) -> None:
    """``detach`` is called while ``attach`` is under way: the end counts."""
    await rig.engine.claim(EVA, None, "session-1")
    for player_id in (EVA, BOB):
        begins = asyncio.ensure_future(rig.engine.attach(player_id, "c1"))
        await asyncio.sleep(0)
        await rig.engine.detach(player_id, "c1")
        await begins
        expect("connections", rig.engine.presence()[player_id].connections, frozenset())


@case
async def a_logout_is_not_announced_by_a_tick(rig: EngineRig) -> None:
    """``end_session``'s caller announces the departure; nobody else does."""
    await _arrive(rig, "c1")
    await rig.engine.end_session(EVA, LOGGED_OUT, flush=True)
    await rig.engine.detach(EVA, "c1")
    await rig.clock.advance(500.0)
    transitions = await rig.engine.tick()
    expect("transitions", (transitions.left, transitions.lapsed), ((), ()))


@case
async def what_is_told_about_a_player_is_kept(rig: EngineRig) -> None:
    """``describe`` adds to what is known, until the session ends."""
    expect("unknown", await rig.engine.describe(EVA, {"name": "Eva"}), False)
    await _arrive(rig, "c1")
    expect("known", await rig.engine.describe(EVA, {"name": "Eva"}), True)
    await rig.engine.describe(EVA, {"level": 3})
    expect("info", dict(rig.engine.presence()[EVA].info), {"name": "Eva", "level": 3})
    await rig.engine.end_session(EVA, LOGGED_OUT, flush=True)
    await rig.engine.claim(EVA, None, "session-2")
    await rig.engine.attach(EVA, "c2")
    expect("forgotten", dict(rig.engine.presence()[EVA].info), {})

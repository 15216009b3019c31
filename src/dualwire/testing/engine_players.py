"""The engine's suite: rooms and sessions."""

from __future__ import annotations

import asyncio

from ..codes import LOGGED_OUT, REVOKED, SESSION_REPLACED
from ..types import (
    SessionEnded,
    Subscribed,
    Unsubscribed,
    player_stream,
)
from .engine_rig import BOB, EVA, HALL, EngineRig, case
from .suite import expect

DAY = 86_400.0
_ONE, _TWO = "session-1", "session-2"


@case
async def entering_tells_where_the_room_stands(rig: EngineRig) -> None:
    """``Subscribed`` carries the room's tail, read before it is appended, and is in the sink."""
    await rig.follow(player_stream(EVA), HALL)
    tail = (await rig.say(HALL)).position
    expect("changed", await rig.engine.enter(EVA, "hall"), True)
    expect("entries", rig.bodies(EVA), [Subscribed(stream=HALL, position=tail)])
    expect("start", rig.engine.rooms_of(EVA)[HALL].start, tail)
    expect("members", rig.engine.members().get("hall"), frozenset({EVA}))


@case
async def leaving_tells_from_where_to_where(rig: EngineRig) -> None:
    """``Unsubscribed`` carries the moment of entering and the room's tail."""
    await rig.follow(player_stream(EVA), HALL)
    start = (await rig.say(HALL)).position
    await rig.engine.enter(EVA, "hall")
    until = (await rig.say(HALL)).position
    expect("changed", await rig.engine.leave(EVA, "hall"), True)
    left = Unsubscribed(stream=HALL, start=start, until=until)
    expect("entries", rig.bodies(EVA)[1:], [left])
    expect("rooms", dict(rig.engine.rooms_of(EVA)), {})
    expect("members", rig.engine.members().get("hall", frozenset()), frozenset())


@case
async def entering_and_leaving_twice_change_nothing(rig: EngineRig) -> None:
    """The answer says whether anything changed, and nothing is appended if not."""
    await rig.follow(player_stream(EVA))
    expect("leave", await rig.engine.leave(EVA, "hall"), False)
    outcomes = await asyncio.gather(*(rig.engine.enter(EVA, "hall") for _ in range(5)))
    expect("entered", sorted(outcomes), [False] * 4 + [True])
    outcomes = await asyncio.gather(*(rig.engine.leave(EVA, "hall") for _ in range(5)))
    expect("left", sorted(outcomes), [False] * 4 + [True])
    expect("entries", rig.offsets(player_stream(EVA)), [1, 2])


@case
async def members_are_players_present_or_not(rig: EngineRig) -> None:
    """Rooms belong to the player, not to a connection."""
    await rig.engine.enter(EVA, "hall")
    await rig.engine.enter(BOB, "hall")
    await rig.engine.attach(EVA, "c1")
    expect("members", rig.engine.members()["hall"], frozenset({EVA, BOB}))
    expect("members of it", rig.engine.members_of("hall"), frozenset({EVA, BOB}))
    expect("members of another", rig.engine.members_of("yard"), frozenset())


@case
async def the_claim_table_holds(rig: EngineRig) -> None:
    """New, joined, takeover: by what is current and what comes."""
    claim = rig.engine.claim
    first = await claim(EVA, None, _ONE)
    expect("none, none", (first.outcome, first.session_id), ("new", _ONE))
    joined = await claim(EVA, None, "unused-1")
    expect("live, none", (joined.outcome, joined.session_id), ("joined", _ONE))
    joined = await claim(EVA, _ONE, "unused-1")
    expect("live, the same", (joined.outcome, joined.session_id), ("joined", _ONE))
    over = await claim(EVA, _TWO, "unused-1")
    expect("live, another", (over.outcome, over.session_id), ("takeover", _TWO))
    expect("replaced", over.replaced, _ONE)
    expect("current", rig.engine.session_of(EVA), _TWO)
    own = await claim(BOB, _ONE, "unused-1")
    expect("another player's", (own.outcome, own.session_id), ("new", _ONE))


@case
async def who_first_says_which_events_a_session_carries_decides(rig: EngineRig) -> None:
    """All connections of a session account for the same events, on whatever node."""
    claim, chat = rig.engine.claim, frozenset({"chat", "system"})
    undecided = await claim(EVA, _ONE, "unused-1")
    expect("nobody said", undecided.types, None)
    expect("the first", (await claim(EVA, _ONE, "unused-1", chat)).types, chat)
    joined = await claim(EVA, None, "unused-1", frozenset())
    expect("a later one", (joined.outcome, joined.types), ("joined", chat))
    expect("who says nothing", (await claim(EVA, _ONE, "unused-1")).types, chat)
    over = await claim(EVA, _TWO, "unused-1", frozenset())
    expect("the next session", (over.outcome, over.types), ("takeover", frozenset()))
    later = await claim(EVA, _TWO, "unused-1", chat)
    expect("all is decided, too", later.types, frozenset())


@case
async def a_takeover_is_an_entry_of_the_players_stream(rig: EngineRig) -> None:
    """``SessionEnded`` tells every node; what waits is still written."""
    await rig.follow(player_stream(EVA))
    await rig.engine.claim(EVA, _ONE, "unused-1")
    await rig.engine.claim(EVA, _TWO, "unused-1")
    ended = SessionEnded(session_id=_ONE, code=SESSION_REPLACED.number, flush=True)
    expect("entries", rig.bodies(EVA), [ended])


@case
async def a_replaced_session_is_refused_for_a_day(rig: EngineRig) -> None:
    """Two clients never fight: a retired id never takes over."""
    await rig.engine.claim(EVA, _ONE, "unused-1")
    await rig.engine.attach(EVA, "c1")
    await rig.engine.claim(EVA, _TWO, "unused-1")
    for wait in (0.0, DAY - 1.0):
        await rig.later(wait)
        claim = await rig.engine.claim(EVA, _ONE, "unused-1")
        expect("outcome", (claim.outcome, claim.code), ("refused", SESSION_REPLACED))
        expect("current", rig.engine.session_of(EVA), _TWO)
    await rig.later(1.1)
    expect("later", (await rig.engine.claim(EVA, _ONE, "unused-1")).outcome, "takeover")


@case
async def claims_at_once_leave_one_session(rig: EngineRig) -> None:
    """Claims are ordered one after the other: each but the first replaces the one before."""
    claims = await asyncio.gather(*(rig.engine.claim(EVA, f"session-{i}", "x") for i in range(6)))
    expect("outcomes", sorted(each.outcome for each in claims), ["new"] + ["takeover"] * 5)
    replaced = {each.replaced for each in claims} - {None}
    expect("sessions that stay", {each.session_id for each in claims} - replaced,
           {rig.engine.session_of(EVA)})  # fmt: skip


@case
async def a_session_lapses_120_s_after_its_last_connection(rig: EngineRig) -> None:
    """A lapsed id is not retired: its client starts anew, out of all rooms."""
    await rig.engine.claim(EVA, _ONE, "unused-1")
    await rig.engine.attach(EVA, "c1")
    await rig.engine.enter(EVA, "hall")
    await rig.engine.detach(EVA, "c1")
    await rig.later(119.9)
    expect("before", rig.engine.session_of(EVA), _ONE)
    await rig.clock.advance(0.2)
    expect("told", (await rig.engine.tick()).lapsed, (EVA,))
    expect("after", rig.engine.session_of(EVA), None)
    expect("rooms", dict(rig.engine.rooms_of(EVA)), {})
    expect("told once", (await rig.engine.tick()).lapsed, ())
    expect("again", (await rig.engine.claim(EVA, _ONE, "unused-1")).outcome, "new")


@case
async def a_session_that_no_connection_opened_lapses(rig: EngineRig) -> None:
    """A claim alone does not live for ever; another claim gives it its time again."""
    await rig.engine.claim(EVA, _ONE, "unused-1")
    await rig.later(100.0)
    await rig.engine.claim(EVA, _ONE, "unused-1")
    await rig.later(100.0)
    expect("before", rig.engine.session_of(EVA), _ONE)
    expect("not present", dict(rig.engine.presence()), {})
    await rig.clock.advance(20.1)
    transitions = await rig.engine.tick()
    expect("told", (transitions.left, transitions.lapsed), ((), (EVA,)))
    expect("after", rig.engine.session_of(EVA), None)


@case
async def a_successor_retires_lapsed_sessions(rig: EngineRig) -> None:
    """A tab that slept past the resume window cannot evict its successor."""
    await rig.engine.claim(EVA, _ONE, "unused-1")
    await rig.engine.attach(EVA, "c1")
    await rig.engine.detach(EVA, "c1")
    await rig.later(121.0)
    expect("successor", (await rig.engine.claim(EVA, _TWO, "unused-1")).outcome, "new")
    expect("sleeper", (await rig.engine.claim(EVA, _ONE, "unused-1")).outcome, "refused")


@case
async def ending_a_session_ends_everything(rig: EngineRig) -> None:
    """Logout and revocation: the id is retired, rooms and presence are left, at once."""
    await rig.follow(player_stream(EVA))
    for session_id, code, flush in ((_ONE, LOGGED_OUT, True), (_TWO, REVOKED, False)):
        rig.arrived.clear()
        await rig.engine.claim(EVA, session_id, "unused-1")
        await rig.engine.attach(EVA, "c1")
        await rig.engine.enter(EVA, "hall")
        expect("ended", await rig.engine.end_session(EVA, code, flush=flush), session_id)
        told = [body for body in rig.bodies(EVA) if isinstance(body, SessionEnded)]
        expect("entry", told, [SessionEnded(session_id=session_id, code=code.number, flush=flush)])
        expect("session", rig.engine.session_of(EVA), None)
        expect("rooms", dict(rig.engine.rooms_of(EVA)), {})
        expect("members", rig.engine.members().get("hall", frozenset()), frozenset())
        expect("presence", dict(rig.engine.presence()), {})
        claim = await rig.engine.claim(EVA, session_id, "unused-1")
        expect("retired", (claim.outcome, claim.code), ("refused", code))
    expect("no session", await rig.engine.end_session(EVA, LOGGED_OUT, flush=True), None)

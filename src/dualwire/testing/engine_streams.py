"""The engine's suite: numbering, fan-out, history, failure."""

from __future__ import annotations

import asyncio

from ..codes import LOGGED_OUT
from ..exceptions import EngineError
from ..types import GLOBAL, Entry, Event, Position, player_stream
from .engine_rig import BOB, EVA, HALL, YARD, EngineFactory, EngineRig, case, engine_suite
from .suite import expect, raises


@case
async def offsets_are_contiguous_from_one(rig: EngineRig) -> None:
    """Every event gets its offset once, contiguous from 1 within an epoch."""
    positions = [(await rig.say(HALL)).position for _ in range(5)]
    expect("offsets", [position.offset for position in positions], [1, 2, 3, 4, 5])
    expect("epochs", len({position.epoch for position in positions}), 1)


@case
async def streams_are_numbered_apart(rig: EngineRig) -> None:
    """What is said in one stream moves no other."""
    await rig.say(HALL)
    expect("first in the yard", (await rig.say(YARD)).position.offset, 1)
    expect("second in the hall", (await rig.say(HALL)).position.offset, 2)


@case
async def sink_is_called_before_publish_returns(rig: EngineRig) -> None:
    """``publish`` has called this node's sink before it returns."""
    await rig.follow(HALL)
    for count in (1, 2, 3):
        await rig.say(HALL)
        expect("entries in the sink", rig.offsets(HALL), list(range(1, count + 1)))


@case
async def sink_gets_each_entry_once_in_order(rig: EngineRig) -> None:
    """Publishers that call at once are ordered one after the other."""
    await rig.follow(HALL, YARD)
    await asyncio.gather(*(rig.say(HALL if turn % 2 else YARD) for turn in range(40)))
    expect("hall", rig.offsets(HALL), list(range(1, 21)))
    expect("yard", rig.offsets(YARD), list(range(1, 21)))


@case
async def following_twice_is_following_once(rig: EngineRig) -> None:
    """``follow`` is idempotent."""
    await rig.follow(HALL, HALL)
    await rig.follow(HALL)
    await rig.say(HALL)
    expect("entries in the sink", rig.offsets(HALL), [1])


@case
async def unfollowing_is_idempotent_and_can_be_undone(rig: EngineRig) -> None:
    """A stream that is followed again goes on where it stands."""
    await rig.follow(HALL)
    await rig.say(HALL)
    rig.engine.unfollow(HALL)
    rig.engine.unfollow(HALL)
    await rig.follow(HALL)
    await rig.say(HALL)
    expect("entries in the sink", rig.offsets(HALL), [1, 2])


@case
async def publishing_because_of_an_entry_keeps_the_order(rig: EngineRig) -> None:
    """A publish that the sink sets off is numbered after what set it off, and arrives after it."""
    await rig.follow(HALL)
    answers: list[asyncio.Task[object]] = []

    def answer(stream: str, entry: Entry) -> None:
        if entry.offset <= 3:
            answers.append(asyncio.ensure_future(rig.say(stream, "answer")))

    rig.on_entry = answer
    await rig.say(HALL)
    while any(not each.done() for each in answers):
        await asyncio.gather(*answers)
    expect("entries in the sink", rig.offsets(HALL), [1, 2, 3, 4])


@case
async def an_entry_carries_what_was_published(rig: EngineRig) -> None:
    """Payload and exclusions are stored with the event, and history gives them back."""
    await rig.follow(HALL)
    event = Event(payload=b'{"text":"psst"}', exclude=frozenset({EVA, BOB}))
    await rig.engine.publish(HALL, event)
    expect("in the sink", [entry.body for _, entry in rig.arrived], [event])
    history = await rig.engine.history(HALL, 0, 10)
    expect("in history", [entry.body for entry in history.entries], [event])


@case
async def a_repeated_publish_id_stores_nothing(rig: EngineRig) -> None:
    """A repeat within 120 s returns the first position and stores nothing."""
    await rig.follow(HALL)
    first = await rig.say(HALL, "once", "id-1")
    await rig.say(HALL, "between")
    await rig.later(119.0)
    again = await rig.say(HALL, "once", "id-1")
    expect("the repeat", (again.position, again.repeated), (first.position, True))
    expect("the first", first.repeated, False)
    expect("entries in the sink", rig.offsets(HALL), [1, 2])


@case
async def repeats_at_once_store_once(rig: EngineRig) -> None:
    """Of publishers that call at once with one id, one stores."""
    await rig.follow(HALL)
    outcomes = await asyncio.gather(*(rig.say(HALL, "once", "id-1") for _ in range(10)))
    expect("stored", [each.repeated for each in outcomes].count(False), 1)
    expect("positions", len({each.position for each in outcomes}), 1)
    expect("entries in the sink", rig.offsets(HALL), [1])


@case
async def a_publish_id_belongs_to_its_stream(rig: EngineRig) -> None:
    """The same id on another stream is another publish."""
    await rig.say(HALL, "once", "id-1")
    expect("in the yard", (await rig.say(YARD, "once", "id-1")).repeated, False)


@case
async def a_publish_id_is_forgotten_after_120_s(rig: EngineRig) -> None:
    """After 120 s the id says nothing any more."""
    position = (await rig.say(HALL, "once", "id-1")).position
    for wait in (rig.clock.advance, rig.later):
        # Whether housekeeping looked at it or not.
        await wait(120.1)
        again = await rig.say(HALL, "once", "id-1")
        expect("repeated", again.repeated, False)
        expect("a new position", again.position > position, True)
        position = again.position


@case
async def no_publish_id_means_no_repeat(rig: EngineRig) -> None:
    """Without ids no two calls are the same."""
    positions = {(await rig.say(HALL, "same")).position for _ in range(3)}
    expect("positions", len(positions), 3)


@case
async def history_comes_in_pages(rig: EngineRig) -> None:
    """At most ``limit`` kept entries above an offset, oldest first."""
    for _ in range(7):
        last = await rig.say(HALL)
    page = await rig.engine.history(HALL, 2, 3)
    expect("page", [entry.offset for entry in page.entries], [3, 4, 5])
    expect("first", page.first, 1)
    expect("position", page.position, last.position)
    rest = await rig.engine.history(HALL, 5, 100)
    expect("rest", [entry.offset for entry in rest.entries], [6, 7])
    expect("beyond", (await rig.engine.history(HALL, 7, 100)).entries, ())


@case
async def history_of_a_silent_stream_is_empty(rig: EngineRig) -> None:
    """``first`` is one above the newest offset when nothing is kept."""
    history = await rig.engine.history(HALL, 0, 10)
    expect("history", (history.entries, history.first, history.position.offset), ((), 1, 0))


@case
async def a_room_forgets_by_age_and_says_so(rig: EngineRig) -> None:
    """What is trimmed shows in ``first``; the position stays, and numbering goes on."""
    await rig.follow(HALL)
    old = await rig.say(HALL)
    await rig.later(60.0)
    young = await rig.say(HALL)
    await rig.later(60.1)
    history = await rig.engine.history(HALL, 0, 10)
    expect("kept", [entry.offset for entry in history.entries], [2])
    expect("first", (history.first, history.position), (2, young.position))
    await rig.later(60.0)
    history = await rig.engine.history(HALL, 0, 10)
    expect("nothing kept", (history.entries, history.first), ((), 3))
    expect("position", history.position, young.position)
    expect("next", (await rig.say(HALL)).position, Position(old.position.epoch, 3))


@case
async def a_player_keeps_300_events(rig: EngineRig) -> None:
    """A player's stream is bounded by count, not by age."""
    stream = player_stream(EVA)
    await rig.engine.claim(EVA, None, "session-1")
    await rig.engine.attach(EVA, "c1")
    await rig.follow(stream)
    for _ in range(310):
        await rig.say(stream)
    await rig.later(1000.0)
    history = await rig.engine.history(stream, 0, 1000)
    expect("first", history.first, 11)
    expect("kept", [entry.offset for entry in history.entries], list(range(11, 311)))


@case
async def the_log_of_a_followed_stream_is_at_hand(rig: EngineRig) -> None:
    """The node's own copy has the newest entries, and never waits."""
    await rig.say(GLOBAL)
    await rig.follow(GLOBAL)
    published = await rig.say(GLOBAL, "news")
    log = rig.engine.log(GLOBAL)
    expect("position", log.position, published.position)
    entry = log.at(published.position.offset)
    expect("newest", entry and entry.body, Event(payload=b'{"text":"news"}'))


@case
async def no_position_is_given_out_twice(rig: EngineRig) -> None:
    """A log that lost its tail starts a larger epoch, even if the wall clock went back."""
    stream, seen = player_stream(EVA), []
    for life in range(3):
        await rig.engine.claim(EVA, None, f"session-{life}")
        seen.append((await rig.say(stream)).position)
        seen.append((await rig.say(HALL)).position)
        await rig.engine.end_session(EVA, LOGGED_OUT, flush=True)
        rig.clock.set_back(86_400.0)
        await rig.later(1000.0)
    for name, positions in (("player", seen[::2]), ("room", seen[1::2])):
        expect(f"{name}: ascending positions", positions, sorted(set(positions)))


@case
async def stopping_is_idempotent(rig: EngineRig) -> None:
    """``stop`` may be called again."""
    await rig.engine.stop()
    await rig.engine.stop()
    await raises(EngineError, rig.say(HALL), "publish after stop")


async def _nothing_is_stored_before_the_start(factory: EngineFactory) -> None:
    """A method that cannot do its work raises ``EngineError``, and then nothing was stored."""
    async with factory() as (engine, clock):
        rig = EngineRig(engine, clock)
        await raises(EngineError, rig.say(HALL, "hello", "id-1"), "publish")
        await raises(EngineError, engine.enter(EVA, "hall"), "enter")
        await raises(EngineError, engine.leave(EVA, "hall"), "leave")
        await raises(EngineError, engine.claim(EVA, None, "session-1"), "claim")
        await raises(EngineError, engine.end_session(EVA, LOGGED_OUT, flush=True), "end_session")
        await raises(EngineError, engine.attach(EVA, "c1"), "attach")
        await engine.start(rig.sink)
        await rig.follow(HALL, player_stream(EVA))
        expect("rooms", dict(engine.rooms_of(EVA)), {})
        expect("session", engine.session_of(EVA), None)
        expect("presence", dict(engine.presence()), {})
        expect("offset", (await rig.say(HALL, "hello", "id-1")).position.offset, 1)
        expect("entered", await engine.enter(EVA, "hall"), True)
        await engine.stop()


engine_suite.add("nothing_is_stored_before_the_start", _nothing_is_stored_before_the_start)

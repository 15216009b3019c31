"""The suite for engines with several nodes: connections break, replies and logs are lost."""

from __future__ import annotations

import asyncio

from ..exceptions import EngineError
from ..types import player_stream
from .engine_place import PlaceRig, arrives, place_case
from .engine_rig import EVA, HALL
from .suite import eventually, expect

OWN = player_stream(EVA)


@place_case
async def a_broken_connection_loses_and_repeats_nothing(place: PlaceRig) -> None:
    """A node whose connections break in the middle gets what was said meanwhile, in its place."""
    one, two = await place.node(HALL), await place.node(HALL)
    for turn in range(120):
        await one.say(HALL, str(turn))
        if turn % 40 == 20:
            await place.place.cut(two.engine)
    await arrives(two, HALL, list(range(1, 121)))
    texts = [entry.body.payload for _, entry in two.arrived]  # type: ignore[union-attr]
    expect("texts", texts, [b'{"text":"%d"}' % turn for turn in range(120)])
    expect("never renewed", two.renewed, [HALL])


@place_case
async def the_last_event_is_found(place: PlaceRig) -> None:
    """Nothing comes after it that would show that it is missing."""
    one, two = await place.node(HALL), await place.node(HALL)
    await one.say(HALL)
    await arrives(two, HALL, [1])
    await place.place.cut(two.engine)
    await one.say(HALL)
    await arrives(two, HALL, [1, 2])


@place_case
async def publishers_whose_connections_break_store_once(place: PlaceRig) -> None:
    """What was published while connections broke is stored once if the call succeeded."""
    one, two = await place.node(HALL), await place.node(HALL)
    said: list[str] = []

    async def say(text: str) -> None:
        try:
            await one.say(HALL, text)
        except EngineError:
            return  # Told, so it may be there or not; it is not there twice.
        said.append(text)

    for turn in range(60):
        work = asyncio.ensure_future(say(str(turn)))
        if turn % 20 == 10:
            await place.place.cut(one.engine)
        await work
    history = await two.engine.history(HALL, 0, 1000)
    stored = [entry.body.payload.decode() for entry in history.entries]  # type: ignore[union-attr]
    expect("stored once", len(stored), len(set(stored)))
    missing = [text for text in said if f'{{"text":"{text}"}}' not in stored]
    expect("acknowledged and not stored", missing, [])
    for rig in (one, two):
        await arrives(rig, HALL, [entry.offset for entry in history.entries])


@place_case
async def a_lost_reply_is_asked_for_again(place: PlaceRig) -> None:
    """The publish was carried out; repeated with its id it stores nothing, and succeeds."""
    one = await place.node(HALL)
    published = await place.place.lose_reply(one.engine, lambda: one.say(HALL, "once"))
    expect("offset", published.position.offset, 1)
    expect("stored", (await one.engine.history(HALL, 0, 10)).position.offset, 1)
    await arrives(one, HALL, [1])


@place_case
async def a_log_that_comes_back_empty_begins_a_larger_epoch(place: PlaceRig) -> None:
    """No offset is used twice, and those who follow are told."""
    await _loses_its_end(place, kept=0)


@place_case
async def a_log_that_comes_back_shorter_begins_a_larger_epoch(place: PlaceRig) -> None:
    """A fail-over lost the newest entries: numbering does not go on over them."""
    await _loses_its_end(place, kept=3)


async def _loses_its_end(place: PlaceRig, kept: int) -> None:
    one, two = await place.node(HALL), await place.node(HALL)
    for _ in range(5):
        seen = (await one.say(HALL, "before")).position
    await arrives(two, HALL, [1, 2, 3, 4, 5])
    for rig in (one, two):
        rig.renewed.clear()
    await place.place.lose_end(HALL, kept)
    after = (await one.say(HALL, "after")).position
    expect("a larger epoch", after.epoch > seen.epoch, True)
    for rig in (one, two):
        await eventually("told", lambda rig=rig: HALL in rig.renewed)  # type: ignore[misc]
        await eventually("goes on", lambda rig=rig: rig.engine.log(HALL).position == after)  # type: ignore[misc]
    more = (await two.say(HALL, "more")).position
    expect("numbering goes on", more, after._replace(offset=after.offset + 1))
    await eventually("both have it", lambda: one.engine.log(HALL).position == more)
    expect("the sink of who published", two.offsets(HALL)[-1], more.offset)


@place_case
async def a_silent_loss_is_found_within_a_second(place: PlaceRig) -> None:
    """A log that lost its end although nobody publishes: whoever follows it begins a new life."""
    one = await place.node(HALL)
    for _ in range(5):
        seen = (await one.say(HALL)).position
    one.renewed.clear()
    await place.place.lose_end(HALL, 2)
    await one.engine.tick()
    await eventually("told", lambda: one.renewed == [HALL])
    expect("a larger epoch", one.engine.log(HALL).position > seen, True)


@place_case
async def a_log_that_went_on_differently_is_ended(place: PlaceRig) -> None:
    """Offsets that were lost are given out again by who has not seen them; who has, is told."""
    one, stranger = await place.node(HALL), await place.node()
    for turn in range(5):
        seen = (await one.say(HALL, f"first {turn}")).position
    await place.place.lose_end(HALL, 3)
    for turn in range(2):
        await stranger.say(HALL, f"second {turn}")
    one.renewed.clear()
    # The connection on which this node was told broke as well: it had to ask.
    await place.place.cut(one.engine)
    await eventually("told", lambda: HALL in one.renewed)
    expect("a larger epoch", one.engine.log(HALL).position > seen, True)


@place_case
async def a_player_that_was_lost_is_put_back(place: PlaceRig) -> None:
    """Session, rooms and connections are what the player's node knows; the stream begins anew."""
    one, two = await place.node(OWN), await place.node(OWN)
    await one.engine.claim(EVA, "session-1", "x", frozenset({"chat"}))
    await one.engine.attach(EVA, "c1")
    await two.engine.attach(EVA, "c2")
    start = (await one.say(HALL)).position
    await one.engine.enter(EVA, "hall")
    await one.say(OWN)
    await arrives(two, OWN, [1, 2])
    await place.settled()
    seen = one.engine.log(OWN).position
    await place.place.lose_end(OWN, 0)
    await place.settled()
    for rig in (one, two):
        await eventually("a new life", lambda rig=rig: rig.engine.log(OWN).position > seen)  # type: ignore[misc]
        expect("rooms", {name: each.start for name, each in rig.engine.rooms_of(EVA).items()},
               {HALL: start})  # fmt: skip
        expect("session", rig.engine.session_of(EVA), "session-1")
    joined = await two.engine.claim(EVA, None, "session-2")
    expect("joined", (joined.outcome, joined.types), ("joined", frozenset({"chat"})))
    await place.seconds(60.0)
    expect("left", place.left(), [])
    expect("connections", one.engine.presence()[EVA].connections, frozenset({"c1", "c2"}))

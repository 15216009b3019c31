"""The suite for engines with several nodes: what two of them do at once."""

from __future__ import annotations

import asyncio

from ..abc import Ticket
from ..codes import LOGGED_OUT, SESSION_REPLACED
from ..types import (
    Entry,
    Identity,
    Position,
    Reply,
    SessionEnded,
    Subscribed,
    Unsubscribed,
    player_stream,
)
from .engine_place import PlaceRig, arrives, place_case
from .engine_rig import BOB, EVA, HALL, YARD
from .suite import eventually, expect

_ONE, _TWO = "session-1", "session-2"
OWN = player_stream(EVA)


@place_case
async def two_nodes_publish_to_one_stream(place: PlaceRig) -> None:
    """Both get every entry, once, in one order, with what was said."""
    one, two = await place.node(HALL), await place.node(HALL)
    words = [f"{name} {turn}" for name in ("one", "two") for turn in range(50)]
    await asyncio.gather(*((one, two)[word < "t"].say(HALL, word) for word in words))
    for rig in (one, two):
        await arrives(rig, HALL, list(range(1, 101)))
    bodies = [[entry.body for _, entry in rig.arrived] for rig in (one, two)]
    expect("one order", bodies[0], bodies[1])
    expect("everything", len(set(bodies[0])), 100)


@place_case
async def a_publish_id_holds_on_every_node(place: PlaceRig) -> None:
    """A caller that repeats itself at another node stores nothing."""
    one, two = await place.node(HALL), await place.node(HALL)
    outcomes = await asyncio.gather(*(rig.say(HALL, "once", "id-1") for rig in (one, two) * 3))
    expect("stored", [each.repeated for each in outcomes].count(False), 1)
    expect("positions", len({each.position for each in outcomes}), 1)
    for rig in (one, two):
        await arrives(rig, HALL, [1])


@place_case
async def a_node_that_follows_late_has_the_whole_log(place: PlaceRig) -> None:
    """What was said before is at hand, not in the sink; what comes is in the sink."""
    one = await place.node(HALL)
    for _ in range(5):
        await one.say(HALL)
    two = await place.node(HALL)
    expect("told", two.renewed, [HALL])
    expect("at hand", [entry.offset for entry in two.engine.log(HALL).after(0)], [1, 2, 3, 4, 5])
    await one.say(HALL)
    await arrives(two, HALL, [6])


@place_case
async def claims_on_two_nodes_leave_one_session(place: PlaceRig) -> None:
    """Each claim but the first replaces the one before, wherever that was made."""
    nodes = [await place.node(OWN), await place.node(OWN)]
    claims = await asyncio.gather(
        *(nodes[i % 2].engine.claim(EVA, f"session-{i}", "x") for i in range(6))
    )
    expect("outcomes", sorted(each.outcome for each in claims), ["new"] + ["takeover"] * 5)
    replaced = {each.replaced for each in claims} - {None}
    current = {each.session_id for each in claims} - replaced
    await place.settled()
    for rig in nodes:
        expect("current", {rig.engine.session_of(EVA)}, current)


@place_case
async def a_takeover_on_one_node_ends_the_session_on_the_other(place: PlaceRig) -> None:
    """It is an entry of the player's stream, so it cannot be missed."""
    one, two = await place.node(OWN), await place.node(OWN)
    await one.engine.claim(EVA, _ONE, "x")
    await two.engine.claim(EVA, _TWO, "x")
    ended = SessionEnded(session_id=_ONE, code=SESSION_REPLACED.number)
    await eventually("the entry", lambda: one.bodies(EVA))
    expect("entry", one.bodies(EVA), [ended])
    refused = await one.engine.claim(EVA, _ONE, "x")
    expect("retired", (refused.outcome, refused.code), ("refused", SESSION_REPLACED))


@place_case
async def a_logout_on_one_node_is_known_on_the_other(place: PlaceRig) -> None:
    """``SessionEnded`` tells its connections; housekeeping tells that nothing is left to keep."""
    one, two = await place.node(OWN), await place.node(OWN)
    await one.engine.claim(EVA, _ONE, "x")
    await one.engine.enter(EVA, "hall")
    await arrives(two, OWN, [1])
    await two.engine.end_session(EVA, LOGGED_OUT, flush=True)
    await eventually("the entry", lambda: len(one.bodies(EVA)) >= 2)
    expect("entry", one.bodies(EVA)[1], SessionEnded(session_id=_ONE, code=LOGGED_OUT.number))
    await place.settled()
    expect("over on the first", one.told[-1].over, (EVA,))
    expect("session", one.engine.session_of(EVA), None)
    expect("members", one.engine.members_of("hall"), frozenset())
    renewed = len(one.renewed)
    await two.engine.claim(EVA, _TWO, "x")
    await eventually("a new life", lambda: len(one.renewed) > renewed)
    expect("rooms", dict(one.engine.rooms_of(EVA)), {})
    expect("not over any more", (await one.engine.tick()).over, ())


@place_case
async def one_of_two_nodes_sees_the_arrival(place: PlaceRig) -> None:
    """Of all callers of ``attach`` on all nodes exactly one gets true; all see the presence."""
    nodes = [await place.node(), await place.node()]
    await nodes[0].engine.claim(EVA, _ONE, "x")
    arrivals = await asyncio.gather(*(nodes[i % 2].engine.attach(EVA, f"c{i}") for i in range(6)))
    expect("arrivals", sorted(arrivals), [False] * 5 + [True])
    await nodes[0].engine.describe(EVA, {"name": "Eva"})
    await place.settled()
    for rig in nodes:
        presence = rig.engine.presence()[EVA]
        expect("connections", presence.connections, frozenset(f"c{i}" for i in range(6)))
        expect("info", dict(presence.info), {"name": "Eva"})


@place_case
async def a_departure_is_told_to_one_node(place: PlaceRig) -> None:
    """A connection on either node keeps the player present; the end is announced once."""
    one, two = await place.node(), await place.node()
    await one.engine.claim(EVA, _ONE, "x")
    await one.engine.attach(EVA, "c1")
    await two.engine.attach(EVA, "c2")
    await one.engine.detach(EVA, "c1")
    await place.seconds(30.0)
    expect("one lives", (place.left(), place.lapsed()), ([], []))
    await two.engine.detach(EVA, "c2")
    await place.seconds(30.0)
    expect("announced", (place.left(), place.lapsed()), ([EVA], []))
    await place.seconds(120.0)
    expect("lapsed", (place.left(), place.lapsed()), ([EVA], [EVA]))
    expect("gone", [dict(rig.engine.presence()) for rig in (one, two)], [{}, {}])


@place_case
async def nodes_that_keep_house_at_once_announce_once(place: PlaceRig) -> None:
    """Housekeeping of many nodes at the same moment."""
    nodes = [await place.node() for _ in range(3)]
    for player_id in (EVA, BOB):
        await nodes[0].engine.claim(player_id, _ONE, "x")
        await nodes[0].engine.attach(player_id, "c1")
        await nodes[0].engine.detach(player_id, "c1")
    await nodes[0].engine.tick()
    await place.clock.advance(16.0)
    turns = await asyncio.gather(*(rig.engine.tick() for rig in nodes))
    expect("left", sorted(each for turn in turns for each in turn.left), [BOB, EVA])


@place_case
async def a_dead_nodes_players_leave_once(place: PlaceRig) -> None:
    """Its connections are gone when its lease is over; who has another one stays."""
    one, two = await place.node(), await place.node()
    for player_id in (EVA, BOB):
        await two.engine.claim(player_id, _ONE, "x")
        await two.engine.attach(player_id, f"{player_id}-2")
    await one.engine.attach(BOB, "bob-1")
    await place.settled()
    await place.place.kill(two.engine)
    place.nodes.remove(two)
    three = await place.node()
    await place.seconds(30.0)
    expect("left", place.left(), [EVA])
    for rig in (one, three):
        expect("present", set(rig.engine.presence()), {BOB})
        expect("connections", rig.engine.presence()[BOB].connections, frozenset({"bob-1"}))
    await place.seconds(120.0)
    expect("lapsed", (place.left(), place.lapsed()), ([EVA], [EVA]))


@place_case
async def a_node_that_was_silent_puts_its_players_back(place: PlaceRig) -> None:
    """One that others took for dead still has its connections."""
    one, two = await place.node(), await place.node(OWN)
    await two.engine.claim(EVA, _ONE, "x")
    await two.engine.attach(EVA, "c2")
    await place.settled()
    place.nodes.remove(two)
    await place.seconds(14.0)
    expect("given up", one.engine.presence()[EVA].connections, frozenset())
    place.nodes.append(two)
    await place.seconds(60.0)
    expect("left", place.left(), [])
    expect("back", one.engine.presence()[EVA].connections, frozenset({"c2"}))
    await place.place.kill(two.engine)
    place.nodes.remove(two)
    await place.seconds(40.0)
    expect("looked after once more", place.left(), [EVA])


@place_case
async def a_room_is_at_hand_before_its_player(place: PlaceRig) -> None:
    """When a sink gets an entry that lets in or out, the room's log goes as far as that says."""
    one, two = await place.node(), await place.node(OWN)
    ahead: list[bool] = []

    def look(_: str, entry: Entry) -> None:
        body = entry.body
        if isinstance(body, Subscribed):
            ahead.append(two.engine.log(body.stream).position >= body.position)
            two.engine.follow(body.stream)
        elif isinstance(body, Unsubscribed):
            ahead.append(two.engine.log(body.stream).position >= body.until)

    two.on_entry = look
    for turn in range(10):
        room = ("hall", "yard")[turn % 2]
        await asyncio.gather(*(one.say(f"room:{room}") for _ in range(5)))
        await one.engine.enter(EVA, room)
        await asyncio.gather(*(one.say(f"room:{room}") for _ in range(5)))
        await one.engine.leave(EVA, room)
    await arrives(two, OWN, list(range(1, 21)))
    expect("at hand", ahead, [True] * 20)
    expect("rooms", dict(two.engine.rooms_of(EVA)), {})


@place_case
async def memberships_are_known_on_every_node(place: PlaceRig) -> None:
    """``rooms_of`` follows the player's stream, ``members_of`` within a second."""
    one, two = await place.node(OWN), await place.node(OWN)
    await one.engine.enter(EVA, "hall")
    await two.engine.enter(BOB, "hall")
    await arrives(two, OWN, [1])
    expect("rooms", set(two.engine.rooms_of(EVA)), {HALL})
    await place.settled()
    for rig in (one, two):
        expect("members", rig.engine.members_of("hall"), frozenset({EVA, BOB}))
        expect("all members", dict(rig.engine.members()), {"hall": frozenset({EVA, BOB})})
    outcomes = await asyncio.gather(*(rig.engine.leave(EVA, "hall") for rig in (one, two)))
    expect("left once", sorted(outcomes), [False, True])


@place_case
async def a_late_follower_knows_the_memberships(place: PlaceRig) -> None:
    """Memberships come with the log, and the rooms' logs with them."""
    one = await place.node()
    await one.engine.enter(EVA, "hall")
    start = (await one.say(YARD)).position
    await one.engine.enter(EVA, "yard")
    two = await place.node(OWN)
    rooms = two.engine.rooms_of(EVA)
    expect("rooms", set(rooms), {HALL, YARD})
    expect("since", rooms[YARD].start, start)
    expect("at hand", two.engine.log(YARD).position, start)
    expect("told last", two.renewed[-1], OWN)


@place_case
async def a_command_runs_once_in_the_cluster(place: PlaceRig) -> None:
    """Of nodes that claim it at once, one runs it; its reply reaches both."""
    one, two = await place.node(OWN), await place.node(OWN)
    claims = await asyncio.gather(
        *(rig.engine.claim_command(EVA, "client.1", retry=False) for rig in (one, two) * 2)
    )
    outcomes = sorted(each.outcome for each in claims)
    expect("outcomes", outcomes, ["new", "running", "running", "running"])
    reply = Reply(command_id="client.1", outcome="done", body={"text": "Done."})
    expect("finished", await two.engine.finish_command(EVA, reply), True)
    for rig in (one, two):
        await arrives(rig, OWN, [1])
        expect("entry", rig.bodies(EVA), [reply])
        again = await rig.engine.claim_command(EVA, "client.1", retry=True)
        expect("a repeat", (again.outcome, again.reply), ("replied", reply))


@place_case
async def a_command_of_a_dead_node_is_unknown(place: PlaceRig) -> None:
    """Whoever ran it is gone: a repeat is told so, and it does not run again."""
    one, two = await place.node(OWN), await place.node()
    expect("new", (await two.engine.claim_command(EVA, "client.1", retry=False)).outcome, "new")
    await place.settled()
    again = await one.engine.claim_command(EVA, "client.1", retry=True)
    expect("while it lives", again.outcome, "running")
    await place.place.kill(two.engine)
    place.nodes.remove(two)
    await place.seconds(15.0)
    again = await one.engine.claim_command(EVA, "client.1", retry=True)
    expect("outcome", again.outcome, "unknown")
    expect("told in the stream", [type(body) for body in one.bodies(EVA)], [Reply])
    late = Reply(command_id="client.1", outcome="done", body={})
    expect("too late", await one.engine.finish_command(EVA, late), False)


@place_case
async def a_ticket_is_spent_on_any_node(place: PlaceRig) -> None:
    """Put on one node, taken on the other, once."""
    one, two = await place.node(), await place.node()
    ticket = Ticket(
        player_id=EVA,
        session_id=_ONE,
        connection_type="websocket",
        origin="https://game.example",
        expires_at=place.clock.now() + 30.0,
        identity=Identity(player_id=EVA, name="Eva", expires_at=5.0),
    )
    await one.engine.put_ticket("secret", ticket)
    taken = await asyncio.gather(*(rig.engine.take_ticket("secret") for rig in (one, two) * 2))
    expect("taken", [each for each in taken if each is not None], [ticket])


@place_case
async def written_positions_are_everybodys(place: PlaceRig) -> None:
    """What one node wrote, another goes on from; the further position of each stream counts."""
    one, two = await place.node(), await place.node()
    await one.engine.claim(EVA, _ONE, "x")
    epoch = "0" * 20
    await one.engine.save_written(EVA, _ONE, {"a": Position(epoch, 5), "b": Position(epoch, 1)})
    await two.engine.save_written(EVA, _ONE, {"a": Position(epoch, 3), "b": Position(epoch, 2)})
    expected = {"a": Position(epoch, 5), "b": Position(epoch, 2)}
    for rig in (one, two):
        expect("written", await rig.engine.written(EVA), expected)

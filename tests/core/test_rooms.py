"""Who is in which room."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dualwire.core.rooms import RoomTable, membership_at
from dualwire.core.stream import StreamLog
from dualwire.types import Membership, Position, Subscribed, Unsubscribed

TAIL, LATER = Position("e", 4), Position("e", 9)


def test_entering_and_leaving() -> None:
    table = RoomTable()
    assert table.enter("eva", "room:hall", TAIL) == Subscribed(stream="room:hall", position=TAIL)
    assert table.rooms_of("eva") == {"room:hall": Membership("room:hall", TAIL)}
    assert table.members("room:hall") == {"eva"}
    left = table.leave("eva", "room:hall", LATER)
    assert left == Unsubscribed(stream="room:hall", start=TAIL, until=LATER)
    assert table.rooms_of("eva") == {}
    assert table.members("room:hall") == frozenset()
    assert table.all_members == {}


def test_twice_is_once() -> None:
    table = RoomTable()
    assert table.leave("eva", "room:hall", TAIL) is None
    table.enter("eva", "room:hall", TAIL)
    assert table.enter("eva", "room:hall", LATER) is None
    assert table.rooms_of("eva")["room:hall"].start == TAIL
    table.leave("eva", "room:hall", LATER)
    assert table.leave("eva", "room:hall", LATER) is None


def test_players_and_rooms_are_apart() -> None:
    table = RoomTable()
    table.enter("eva", "room:hall", TAIL)
    table.enter("eva", "room:yard", TAIL)
    table.enter("bob", "room:hall", LATER)
    table.leave("eva", "room:hall", LATER)
    assert set(table.rooms_of("eva")) == {"room:yard"}
    assert table.all_members == {"room:hall": {"bob"}, "room:yard": {"eva"}}


def test_what_is_given_out_is_a_copy() -> None:
    table = RoomTable()
    table.enter("eva", "room:hall", TAIL)
    table.rooms_of("eva").clear()
    assert set(table.rooms_of("eva")) == {"room:hall"}


@given(st.lists(st.tuples(st.booleans(), st.sampled_from(["room:a", "room:b", "room:c"]))))
def test_membership_at_any_moment_can_be_computed(steps: list[tuple[bool, str]]) -> None:
    table = RoomTable()
    log = StreamLog("e", max_age=None, max_events=1000, max_bytes=10**9)
    history = [table.rooms_of("eva")]
    for number, (comes, room) in enumerate(steps):
        move = table.enter if comes else table.leave
        body = move("eva", room, Position("e", number))
        if body is not None:
            log.append(body, 0.0)
            history.append(table.rooms_of("eva"))
    for offset, rooms in enumerate(history):
        assert membership_at(table.rooms_of("eva"), reversed(log.after(offset))) == rooms

"""Every player of the cluster, in records that come in any order."""

from __future__ import annotations

from itertools import permutations

from dualwire.engines.redis.roster import Record, Roster, parse_record


def record(version: int, *rooms: str, since: int | None = 5000, player: str = "eva") -> Record:
    streams = tuple(f"room:{room}" for room in rooms)
    return Record(player, version, "session-1", since, ("c1",), streams, {"name": "Eva"})


def test_the_newest_stays_whatever_comes_last() -> None:
    states = [
        record(1, "hall"),
        record(2, "yard", since=None),
        Record("eva", 3),
        record(4, "attic"),
    ]
    for order in permutations(states):
        roster = Roster()
        for each in order:
            roster.put(each)
        assert roster.get("eva") == states[-1]
        assert roster.members() == {"attic": frozenset({"eva"})}


def test_who_is_gone_stays_gone() -> None:
    roster = Roster()
    assert roster.put(record(1, "hall"))
    assert roster.put(Record("eva", 2))
    assert not roster.put(record(1, "hall"))
    assert (roster.get("eva"), roster.members(), roster.presence()) == (None, {}, {})


def test_a_record_comes_back_from_the_index() -> None:
    for each in (record(7, "hall", "yard"), record(8, since=None), Record("eva", 9)):
        assert parse_record("eva", b"%d %b" % (each.version, each.text())) == each


def test_a_snapshot_is_a_record_and_says_when_it_is_due() -> None:
    snapshot = [b"12", b"s-1", b"5000", b"6000", [b"c1"], [b"room:hall"], [b"name", b'"Eva"']]
    made, due = Record.of_snapshot("eva", snapshot)
    assert due == b"6000"
    assert made == Record("eva", 12, "s-1", 5000, ("c1",), ("room:hall",), {"name": "Eva"})
    empty, due = Record.of_snapshot("eva", [b"13", b"", b"", b"", [], [], []])
    assert (empty.empty, due) == (True, b"")


def test_presence_is_who_is_present() -> None:
    roster = Roster()
    roster.put(record(1, "hall"))
    roster.put(record(1, "hall", player="bob", since=None))
    assert set(roster.presence()) == {"eva"}
    assert roster.presence_of("bob") is None
    shown = roster.presence_of("eva")
    assert shown is not None
    assert (shown.connected_at, shown.connections) == (5.0, frozenset({"c1"}))
    assert roster.members_of("hall") == {"eva", "bob"}, "present or not"


def test_the_index_may_have_forgotten_somebody() -> None:
    roster = Roster()
    roster.put(record(1, "hall"))
    roster.forget("eva")
    roster.forget("bob")
    assert (roster.players(), roster.members_of("hall")) == ([], frozenset())
    assert roster.put(record(1, "hall")), "it may come back as it was"

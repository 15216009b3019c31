"""Presence: there while any connection lives, and for a grace."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from dualwire.core.presence import PresenceTable, Transitions

GRACE, RESUME = 15.0, 120.0


@pytest.fixture
def table() -> PresenceTable:
    return PresenceTable(GRACE, RESUME)


def test_the_first_connection_arrives(table: PresenceTable) -> None:
    assert table.attach("eva", "c1", 0.0, 5000.0)
    assert not table.attach("eva", "c2", 1.0, 5001.0)
    presence = table.get("eva")
    assert presence is not None
    assert presence.connected_at == 5000.0
    assert presence.connections == {"c1", "c2"}
    assert "eva" in table
    assert set(table.all()) == {"eva"}


def test_the_last_connection_starts_the_grace(table: PresenceTable) -> None:
    table.attach("eva", "c1", 0.0, 0.0)
    table.attach("eva", "c2", 0.0, 0.0)
    assert not table.detach("eva", "c1", 10.0)
    assert table.detach("eva", "c2", 20.0)
    assert table.tick(34.9) == Transitions()
    assert "eva" in table
    assert table.tick(35.0) == Transitions(left=("eva",))
    assert "eva" not in table
    assert table.get("eva") is None
    assert table.tick(139.9) == Transitions()
    assert table.tick(140.0) == Transitions(lapsed=("eva",))
    assert table.tick(1e9) == Transitions()


def test_a_connection_in_grace_goes_unnoticed(table: PresenceTable) -> None:
    table.attach("eva", "c1", 0.0, 0.0)
    table.detach("eva", "c1", 10.0)
    assert not table.attach("eva", "c2", 24.0, 24.0)
    assert table.tick(1e9) == Transitions()


def test_after_grace_it_is_an_arrival(table: PresenceTable) -> None:
    table.attach("eva", "c1", 0.0, 100.0)
    table.detach("eva", "c1", 10.0)
    table.tick(25.0)
    assert table.attach("eva", "c2", 30.0, 130.0)
    presence = table.get("eva")
    assert presence is not None
    assert presence.connected_at == 130.0
    assert table.tick(1e9) == Transitions()


def test_a_late_tick_tells_both(table: PresenceTable) -> None:
    table.attach("eva", "c1", 0.0, 0.0)
    table.detach("eva", "c1", 0.0)
    assert table.tick(1000.0) == Transitions(left=("eva",), lapsed=("eva",))


def test_detaching_what_is_not_there(table: PresenceTable) -> None:
    assert not table.detach("eva", "c1", 0.0)
    table.attach("eva", "c1", 0.0, 0.0)
    assert not table.detach("eva", "other", 0.0)
    assert table.detach("eva", "c1", 0.0)
    assert not table.detach("eva", "c1", 5.0), "the grace began once"
    assert table.tick(15.0).left == ("eva",)


def test_leaving_at_once(table: PresenceTable) -> None:
    table.attach("eva", "c1", 0.0, 0.0)
    assert table.leave("eva")
    assert not table.leave("eva")
    assert table.tick(1e9) == Transitions()
    table.attach("bob", "c2", 0.0, 0.0)
    table.detach("bob", "c2", 0.0)
    table.tick(20.0)
    assert not table.leave("bob"), "that was announced before"
    assert table.tick(1e9) == Transitions()


def test_a_session_without_a_connection_lapses(table: PresenceTable) -> None:
    table.expect("eva", 0.0)
    assert "eva" not in table
    assert table.tick(119.9) == Transitions()
    table.expect("eva", 119.9)
    assert table.tick(200.0) == Transitions()
    assert table.tick(240.0) == Transitions(lapsed=("eva",))


def test_who_was_expected_arrives(table: PresenceTable) -> None:
    table.expect("eva", 0.0)
    assert table.attach("eva", "c1", 1.0, 77.0)
    presence = table.get("eva")
    assert presence is not None
    assert presence.connected_at == 77.0
    table.expect("eva", 2.0)
    assert table.tick(1e9) == Transitions(), "a player with a connection waits for nothing"


def test_expecting_prolongs_the_session_and_not_the_grace(table: PresenceTable) -> None:
    table.attach("eva", "c1", 0.0, 0.0)
    table.detach("eva", "c1", 0.0)
    table.expect("eva", 10.0)
    assert table.tick(15.0) == Transitions(left=("eva",))
    assert table.tick(129.0) == Transitions()
    assert table.tick(130.0) == Transitions(lapsed=("eva",))


def test_what_is_told_about_a_player(table: PresenceTable) -> None:
    assert not table.describe("eva", {"name": "Eva"})
    table.attach("eva", "c1", 0.0, 0.0)
    assert table.describe("eva", {"name": "Eva"})
    assert table.describe("eva", {"level": 2})
    presence = table.get("eva")
    assert presence is not None
    assert presence.info == {"name": "Eva", "level": 2}


class PresenceMachine(RuleBasedStateMachine):
    """Arrivals and departures alternate, each announced once, and only when true."""

    def __init__(self) -> None:
        super().__init__()
        self.table = PresenceTable(GRACE, RESUME)
        self.now = 0.0
        self.connections: set[str] = set()
        self.present = False
        self.alone_since: float | None = None

    @rule(connection=st.sampled_from("abc"))
    def attach(self, connection: str) -> None:
        arrived = self.table.attach("eva", connection, self.now, self.now)
        assert arrived is (not self.present)
        self.present = True
        self.connections.add(connection)
        self.alone_since = None

    @rule(connection=st.sampled_from("abc"))
    def detach(self, connection: str) -> None:
        last = self.connections == {connection}
        assert self.table.detach("eva", connection, self.now) is last
        self.connections.discard(connection)
        if last:
            self.alone_since = self.now

    @rule()
    def leave(self) -> None:
        assert self.table.leave("eva") is self.present
        self.connections.clear()
        self.present, self.alone_since = False, None

    @rule(wait=st.sampled_from([0.0, 1.0, 14.0, 15.0, 60.0, 130.0]))
    def tick(self, wait: float) -> None:
        self.now += wait
        transitions = self.table.tick(self.now)
        alone = -1.0 if self.alone_since is None else self.now - self.alone_since
        assert transitions.left == (("eva",) if self.present and alone >= GRACE else ())
        assert transitions.lapsed == (("eva",) if alone >= RESUME else ())
        if transitions.left:
            self.present = False
        if transitions.lapsed:
            self.alone_since = None

    @invariant()
    def agrees(self) -> None:
        assert ("eva" in self.table) is self.present
        presence = self.table.get("eva")
        assert (presence is not None) is self.present
        if presence is not None:
            assert presence.connections == self.connections


TestPresenceMachine = PresenceMachine.TestCase

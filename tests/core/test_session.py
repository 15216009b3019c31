"""Sessions: one run of a game client, at most one per player."""

from __future__ import annotations

import re

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from dualwire.codes import FORBIDDEN, LOGGED_OUT, PROTOCOL_ERROR, REVOKED, SESSION_REPLACED, Code
from dualwire.core.session import MOST_RETIRED, SessionTable, check_session_id, issue_session_id
from dualwire.exceptions import SessionError

DAY = 86_400.0


@pytest.fixture
def table() -> SessionTable:
    return SessionTable(DAY)


def outcome(table: SessionTable, session_id: str | None, now: float = 0.0) -> str:
    return table.claim("eva", session_id, "fresh", now).outcome


def test_the_first_claim_is_new(table: SessionTable) -> None:
    claim = table.claim("eva", None, "fresh", 0.0)
    assert (claim.outcome, claim.session_id, claim.replaced) == ("new", "fresh", None)
    assert table.current("eva") == "fresh"
    assert len(table) == 1


def test_the_same_id_or_none_joins(table: SessionTable) -> None:
    table.claim("eva", "one", "fresh", 0.0)
    assert outcome(table, "one") == outcome(table, None) == "joined"
    assert table.current("eva") == "one"


def test_another_id_takes_over(table: SessionTable) -> None:
    table.claim("eva", "one", "fresh", 0.0)
    claim = table.claim("eva", "two", "fresh", 0.0)
    assert (claim.outcome, claim.replaced, claim.code) == ("takeover", "one", None)
    assert table.retired_as("eva", "one", 0.0) is SESSION_REPLACED


def test_a_retired_id_is_refused_for_a_day(table: SessionTable) -> None:
    table.claim("eva", "one", "fresh", 0.0)
    table.claim("eva", "two", "fresh", 10.0)
    refused = table.claim("eva", "one", "fresh", 10.0 + DAY - 1.0)
    assert (refused.outcome, refused.code) == ("refused", SESSION_REPLACED)
    assert table.current("eva") == "two"
    assert table.retired_as("eva", "one", 10.0 + DAY) is None
    assert outcome(table, "one", 10.0 + DAY) == "takeover"


def test_a_lapsed_id_may_come_back(table: SessionTable) -> None:
    table.claim("eva", "one", "fresh", 0.0)
    assert table.lapse("eva", 120.0) == "one"
    assert (table.current("eva"), len(table)) == (None, 0)
    assert outcome(table, "one", 130.0) == "new"


def test_a_lapsed_id_cannot_evict_its_successor(table: SessionTable) -> None:
    table.claim("eva", "one", "fresh", 0.0)
    table.lapse("eva", 120.0)
    assert outcome(table, "two", 130.0) == "new"
    assert outcome(table, "one", 140.0) == "refused"


@pytest.mark.parametrize("code", [LOGGED_OUT, REVOKED])
def test_an_ended_id_is_refused_with_its_reason(table: SessionTable, code: Code) -> None:
    table.claim("eva", "one", "fresh", 0.0)
    assert table.end("eva", code, 1.0) == "one"
    assert table.claim("eva", "one", "fresh", 2.0).code is code
    assert outcome(table, None, 2.0) == "new"


def test_a_player_who_begins_sessions_without_end_is_not_remembered_without_end(
    table: SessionTable,
) -> None:
    for number in range(MOST_RETIRED + 10):
        assert outcome(table, f"session-{number}") in ("new", "takeover")
    assert len(table._slots["eva"].retired) == MOST_RETIRED
    assert outcome(table, f"session-{MOST_RETIRED}") == "refused", "a recent one"


def test_the_types_of_a_session_are_decided_once(table: SessionTable) -> None:
    chat, nothing = frozenset({"chat"}), table.claim("eva", "one", "fresh", 0.0)
    assert nothing.types is None
    assert table.claim("eva", None, "fresh", 0.0, chat).types == chat
    assert table.claim("eva", "one", "fresh", 0.0, frozenset()).types == chat
    assert table.claim("eva", "two", "fresh", 0.0).types is None, "another session"
    table.lapse("eva", 0.0)
    assert table.claim("eva", "two", "fresh", 0.0, frozenset()).types == frozenset()


def test_ending_or_lapsing_nothing(table: SessionTable) -> None:
    assert table.end("eva", LOGGED_OUT, 0.0) is None
    assert table.lapse("eva", 0.0) is None
    assert table.current("eva") is None
    assert table.retired_as("eva", "one", 0.0) is None


def test_players_are_apart(table: SessionTable) -> None:
    table.claim("eva", "one", "fresh", 0.0)
    table.claim("eva", "two", "fresh", 0.0)
    assert table.claim("bob", "one", "fresh", 0.0).outcome == "new"


def test_everything_is_forgotten_in_the_end(table: SessionTable) -> None:
    table.claim("eva", "one", "fresh", 0.0)
    table.claim("eva", "two", "fresh", 0.0)
    table.lapse("eva", 1.0)
    table.tick(DAY)
    assert table.retired_as("eva", "one", DAY) is None
    assert table._slots
    table.tick(DAY + 1.0)
    assert not table._slots


ids = st.sampled_from([f"session-{number}" for number in range(5)])


class SessionMachine(RuleBasedStateMachine):
    """Two clients never fight: what was replaced stays replaced."""

    def __init__(self) -> None:
        super().__init__()
        self.table = SessionTable(DAY)
        self.now = 0.0
        self.fresh = 0
        self.current: str | None = None
        self.retired: dict[str, float] = {}
        self.lapsed: dict[str, float] = {}

    @rule(session_id=st.none() | ids)
    def claim(self, session_id: str | None) -> None:
        self.fresh += 1
        claim = self.table.claim("eva", session_id, f"fresh-{self.fresh}", self.now)
        if session_id in self.retired and self.now - self.retired[session_id] < DAY:
            assert claim.outcome == "refused"
            assert claim.code is not None
            return
        if self.current is not None and session_id in (None, self.current):
            assert (claim.outcome, claim.session_id) == ("joined", self.current)
            return
        assert claim.outcome == ("takeover" if self.current else "new")
        assert claim.replaced == self.current
        assert claim.session_id == (session_id or f"fresh-{self.fresh}")
        for other in {self.current, *self.lapsed} - {None, claim.session_id}:
            self.retired[str(other)] = self.now
        self.retired.pop(claim.session_id, None)
        self.lapsed.clear()
        self.current = claim.session_id

    @rule()
    def end(self) -> None:
        assert self.table.end("eva", LOGGED_OUT, self.now) == self.current
        if self.current is not None:
            self.retired[self.current] = self.now
        self.current = None

    @rule(session_id=ids)
    def revoke(self, session_id: str) -> None:
        ended = self.table.end("eva", LOGGED_OUT, self.now, session_id)
        assert ended == (session_id if session_id == self.current else None)
        self.lapsed.pop(session_id, None)
        self.retired[session_id] = self.now
        if ended is not None:
            self.current = None

    @rule()
    def lapse(self) -> None:
        assert self.table.lapse("eva", self.now) == self.current
        if self.current is not None:
            self.lapsed[self.current] = self.now
        self.current = None

    @rule(wait=st.sampled_from([1.0, 1000.0, DAY / 4]))
    def tick(self, wait: float) -> None:
        self.now += wait
        self.table.tick(self.now)
        # A day later nobody remembers that they were used.
        self.lapsed = {each: at for each, at in self.lapsed.items() if self.now - at < DAY}

    @invariant()
    def agrees(self) -> None:
        assert self.table.current("eva") == self.current
        assert len(self.table) == (self.current is not None)
        for session_id, since in self.retired.items():
            refused = self.table.retired_as("eva", session_id, self.now) is not None
            assert refused == (self.now - since < DAY)

    def teardown(self) -> None:
        self.table.lapse("eva", self.now)
        self.table.tick(self.now + DAY)
        assert not self.table._slots, "what is long over is forgotten"


TestSessionMachine = SessionMachine.TestCase

RANDOM = "abcdefghijklmnopqrstuvwx"


@pytest.mark.parametrize("key", [None, b"key"])
def test_an_issued_id_is_accepted(key: bytes | None) -> None:
    check_session_id(issue_session_id(RANDOM, "eva", key), "eva", key)


def test_another_players_id_is_refused_without_a_look_up() -> None:
    session_id = issue_session_id(RANDOM, "eva", b"key")
    with pytest.raises(SessionError, match="not issued to this player") as caught:
        check_session_id(session_id, "bob", b"key")
    assert caught.value.code is FORBIDDEN
    with pytest.raises(SessionError):
        check_session_id(session_id[:-1] + ("0" if session_id[-1] != "0" else "1"), "eva", b"key")
    with pytest.raises(SessionError):
        check_session_id(session_id, "eva", b"another key")


@pytest.mark.parametrize("session_id", ["x" * 8, "x" * 128, "A_z-0.99", "dx.abcdefgh"])
def test_ids_of_the_clients_own_are_accepted(session_id: str) -> None:
    check_session_id(session_id, "eva", b"key")


@pytest.mark.parametrize(
    "session_id", ["", "x" * 7, "x" * 129, "has space", "has/slash", "ümlautümlaut", "newline-x\n"]
)
def test_a_malformed_id_is_refused(session_id: str) -> None:
    with pytest.raises(SessionError, match=re.escape("expected 8 to 128 characters")) as caught:
        check_session_id(session_id, "eva", None)
    assert caught.value.code is PROTOCOL_ERROR

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualwire.core.rollout import Rollout, bucket, parse_rollout
from dualwire.exceptions import ConfigurationError

percentages = st.floats(0, 100)


@given(st.text(), percentages, percentages)
def test_who_has_it_keeps_it_when_the_percentage_grows(player: str, one: float, two: float) -> None:
    less, more = sorted((one, two))
    if Rollout(percentage=less).decide(player)[0]:
        assert Rollout(percentage=more).decide(player)[0]


@given(st.text())
def test_nobody_has_it_at_0_and_everybody_at_100(player: str) -> None:
    assert Rollout(percentage=0).decide(player) == (False, "percentage")
    assert Rollout(percentage=100).decide(player) == (True, "percentage")
    assert 0 <= bucket(player) < 100


def test_a_player_stands_where_it_stood_in_every_version() -> None:
    assert [bucket(each) for each in ("ann", "bob", "cid")] == [35.65, 27.12, 6.35]


@pytest.mark.parametrize("percentage", [1, 5, 20, 50, 95])
def test_a_percentage_is_that_share_of_the_players(percentage: float) -> None:
    rollout = Rollout(percentage=percentage)
    on = sum(rollout.decide(f"player-{n}")[0] for n in range(20_000))
    assert abs(on / 200 - percentage) < 1


def test_what_counts_before_what() -> None:
    allow, deny = frozenset(("ann", "bob")), frozenset(("bob",))
    rollout = Rollout(percentage=0, allow=allow, deny=deny)
    assert rollout.decide("ann") == (True, "allowed")
    assert rollout.decide("bob") == (False, "denied")
    killed = Rollout(percentage=100, enabled=False, allow=allow)
    assert killed.decide("ann") == (False, "killed")


def test_what_is_not_said_stays_as_it_was() -> None:
    before = parse_rollout({"percentage": 5, "allow": ["ann"]})
    after = parse_rollout({"enabled": False}, before)
    assert after == Rollout(enabled=False, percentage=5.0, allow=frozenset(("ann",)))
    assert parse_rollout(after.fields()) == after


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ([], "rollout: expected an object, got 'list'"),
        ({"enabled": 1}, "enabled: expected true or false, got 1"),
        ({"percentage": "5"}, "percentage: expected a number from 0 to 100, got '5'"),
        ({"percentage": True}, "percentage: expected a number from 0 to 100, got True"),
        ({"percentage": 101}, "percentage: expected 0 to 100, got 101.0"),
        ({"percentage": float("nan")}, "percentage: expected 0 to 100, got nan"),
        ({"allow": "ann"}, "allow: expected a list of player ids, got 'ann'"),
        ({"deny": [1]}, r"deny: expected a list of player ids, got \[1\]"),
        ({"percent": 5}, "percent: expected enabled, percentage, allow or deny, got 'it'"),
    ],
)
def test_what_cannot_be_used_is_named(value: object, text: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{text}$"):
        parse_rollout(value)

"""The life of a connection is a table."""

from __future__ import annotations

import pytest

from dualwire.core.lifecycle import TRANSITIONS, State, Step, advance

EVERY = [(state, step) for state in State for step in Step]


@pytest.mark.parametrize(("state", "step"), EVERY)
def test_only_what_is_in_the_table_happens(state: State, step: Step) -> None:
    if step in TRANSITIONS[state]:
        assert advance(state, step) is TRANSITIONS[state][step]
    else:
        with pytest.raises(AssertionError, match=f"that is {state.value} cannot {step.value}"):
            advance(state, step)


def test_every_state_has_its_row_and_can_be_reached() -> None:
    reached = {State.RESERVED}
    for _ in State:
        reached |= {after for state in reached for after in TRANSITIONS[state].values()}
    assert set(TRANSITIONS) == reached == set(State)


@pytest.mark.parametrize("state", [state for state in State if state is not State.CLOSED])
def test_every_life_can_end(state: State) -> None:
    assert advance(state, Step.END) is State.CLOSED


def test_closed_is_for_ever() -> None:
    assert TRANSITIONS[State.CLOSED] == {}

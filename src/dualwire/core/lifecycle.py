"""The life of a connection: every state, every event, and nothing that is not in this table."""

from __future__ import annotations

from enum import Enum

__all__ = ["TRANSITIONS", "State", "Step", "advance"]


class State(Enum):
    """Where a connection is in its life."""

    RESERVED = "reserved"
    """Registered, not open yet: an SSE id whose stream nobody reads, a WebSocket before accept."""
    READING = "reading"
    """It catches up from the log."""
    LIVE = "live"
    """The hub pushes to it."""
    STANDBY = "standby"
    """It stands by while its twin carries the player's events."""
    CLOSING = "closing"
    """Goodbye is said; the peer has a moment to answer."""
    CLOSED = "closed"


class Step(Enum):
    """What happens to a connection."""

    OPEN = "open"
    CAUGHT_UP = "caught_up"
    FALL_BACK = "fall_back"
    STAND_BY = "stand_by"
    TAKE_OVER = "take_over"
    CLOSE = "close"
    END = "end"


TRANSITIONS: dict[State, dict[Step, State]] = {
    State.RESERVED: {
        Step.OPEN: State.READING,
        Step.CLOSE: State.CLOSING,
        Step.END: State.CLOSED,
    },
    State.READING: {
        Step.CAUGHT_UP: State.LIVE,
        Step.STAND_BY: State.STANDBY,
        Step.CLOSE: State.CLOSING,
        Step.END: State.CLOSED,
    },
    State.LIVE: {
        Step.FALL_BACK: State.READING,
        Step.STAND_BY: State.STANDBY,
        Step.CLOSE: State.CLOSING,
        Step.END: State.CLOSED,
    },
    State.STANDBY: {
        Step.TAKE_OVER: State.READING,
        Step.CLOSE: State.CLOSING,
        Step.END: State.CLOSED,
    },
    State.CLOSING: {Step.END: State.CLOSED},
    State.CLOSED: {},
}


def advance(state: State, step: Step) -> State:
    """The state after a step.

    Raises:
        AssertionError: the table has no such step; that is a defect of ours.
    """
    try:
        return TRANSITIONS[state][step]
    except KeyError:
        raise AssertionError(f"a connection that is {state.value} cannot {step.value}") from None

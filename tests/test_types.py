"""The words of the field."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualwire.types import (
    ConnectionReport,
    DeliveryReport,
    Position,
    player_id_of,
    player_stream,
    room_of,
    room_stream,
)


def test_a_player_has_one_spelling() -> None:
    uuid = UUID(int=7)
    assert player_id_of(uuid) == player_id_of(str(uuid)) == "00000000-0000-0000-0000-000000000007"

    class Name(str):
        __slots__ = ()

    assert type(player_id_of(Name("eva"))) is str


@given(st.text())
def test_streams_have_names(name: str) -> None:
    assert player_stream(name) == f"player:{name}"
    assert room_of(room_stream(name)) == name


def test_positions_are_ordered_by_epoch_first() -> None:
    assert Position("0a", 900) < Position("0b", 1) < Position("0b", 2)


@pytest.mark.parametrize("written", [0, 2])
def test_a_report_counts_what_became_of_it(written: int) -> None:
    outcomes = ["written"] * written + ["queued"] * 3 + ["failed"]
    report = DeliveryReport(
        player_id="eva",
        position=Position("e", 1),
        connections=tuple(
            ConnectionReport(
                connection_id=str(number),
                connection_type="sse",
                outcome=outcome,  # type: ignore[arg-type]
            )
            for number, outcome in enumerate(outcomes)
        ),
    )
    assert (report.written, report.queued, report.failed) == (written, 3, 1)
    assert bool(report) is bool(written)

"""What the server is told of what has reached the application."""

from __future__ import annotations

from dualwire.client.acknowledging import EVERY, Acknowledging
from dualwire.core.merge import Delivered, Gap
from dualwire.types import Position

EPOCH = "01a206db866e754abbd5"


def event(offset: int) -> Delivered:
    return Delivered("global", offset, {}, "c")


def acknowledging(*waiting: object) -> Acknowledging:
    return Acknowledging(lambda: {"global": Position(EPOCH, 9)}, lambda: waiting)


def test_what_waits_has_not_reached_it() -> None:
    assert acknowledging().cursor() == {"global": [EPOCH, 10]}
    assert acknowledging(event(7), event(8)).cursor() == {"global": [EPOCH, 7]}
    assert acknowledging(Gap("global", 4, 8, "trimmed")).cursor() == {"global": [EPOCH, 4]}
    assert acknowledging(Gap("global", None, None, "epoch")).cursor() == {"global": [EPOCH, 1]}
    assert acknowledging(Delivered("room:x", 1, {}, "c")).cursor() == {"global": [EPOCH, 10]}


def test_due_after_so_many() -> None:
    known = acknowledging()
    assert [known.handed(event(1)) for _ in range(EVERY)] == [False] * (EVERY - 1) + [True]
    known.cursor()
    assert not known.handed(event(1))


def test_due_at_once_when_asked_for() -> None:
    known = acknowledging()
    known.wanted({"stream": "global", "offset": 10})
    assert not known.handed(event(9))
    assert known.handed(event(10))
    assert not known.handed(event(10))
    # A duplicate of what was handed on already leaves nothing behind.
    known.wanted({"stream": "global", "offset": 9})
    assert not known.handed(event(9))

"""The verdict of chaos, on accounts made by hand."""

from __future__ import annotations

from bench.chaos.judge import Verdict, Witness, judge, last_due
from bench.chaos.ledger import Ledger

from dualwire.types import GLOBAL

OWN = "player:ann"
HALL = "room:hall"


def publish(ledger: Ledger, stream: str, count: int) -> None:
    for _ in range(count):
        ledger.publish(stream)


def witness(ledger: Ledger, *, opened: bool = True) -> Witness:
    """A client of ann's that begins now."""
    counts = ledger.counts()
    return Witness("ann", "session-1", before=counts, opened=counts if opened else None)


def got(ledger: Ledger, who: Witness, stream: str, *numbers: int) -> None:
    for n in numbers:
        who.got(stream, n, ledger.orders[stream][n - 1])


def judged(ledger: Ledger, who: Witness) -> Verdict:
    verdict = Verdict()
    judge(ledger, who, verdict)
    return verdict


def wrong(verdict: Verdict) -> tuple[int, int, int, int]:
    return verdict.lost, verdict.repeated, verdict.out_of_order, verdict.not_due


def test_all_that_was_due_and_nothing_else() -> None:
    ledger = Ledger()
    who = witness(ledger)
    publish(ledger, OWN, 3)
    publish(ledger, GLOBAL, 1)
    publish(ledger, "player:bob", 5)
    got(ledger, who, OWN, 1, 2, 3)
    got(ledger, who, GLOBAL, 1)
    verdict = judged(ledger, who)
    assert wrong(verdict) == (0, 0, 0, 0)
    assert verdict.delivered == 4
    assert not verdict.examples


def test_a_loss_a_repeat_and_a_change_of_order() -> None:
    ledger = Ledger()
    who = witness(ledger)
    publish(ledger, OWN, 5)
    got(ledger, who, OWN, 1, 4, 3, 4, 5)
    verdict = judged(ledger, who)
    assert wrong(verdict) == (1, 1, 1, 0)
    assert "ann in session-1: player:ann lost 2 (1)" in verdict.examples


def test_what_the_client_was_told_is_reported_and_not_lost() -> None:
    ledger = Ledger()
    who = witness(ledger)
    publish(ledger, OWN, 5)
    got(ledger, who, OWN, 1, 5)
    who.reported[OWN] = 2
    verdict = judged(ledger, who)
    assert (verdict.reported, verdict.lost) == (2, 1)


def test_a_room_is_due_between_coming_and_going() -> None:
    ledger = Ledger()
    who = witness(ledger)
    publish(ledger, HALL, 2)
    ledger.enter("ann", HALL)
    publish(ledger, HALL, 2)
    ledger.leave("ann", HALL)
    publish(ledger, HALL, 2)
    ledger.enter("ann", HALL)
    publish(ledger, HALL, 1)
    got(ledger, who, HALL, 3, 4, 7)
    assert wrong(judged(ledger, who)) == (0, 0, 0, 0)
    got(ledger, who, HALL, 8) if ledger.count(HALL) > 7 else publish(ledger, HALL, 1)
    assert wrong(judged(ledger, who)) == (1, 0, 0, 0)
    stray = witness(Ledger())
    got(ledger, stray, HALL, 2, 3, 4, 5, 7, 8)
    assert wrong(judged(ledger, stray)) == (0, 0, 0, 2)


def test_a_new_client_is_due_what_comes_after_it_was_open() -> None:
    ledger = Ledger()
    publish(ledger, OWN, 2)
    who = witness(ledger, opened=False)
    publish(ledger, OWN, 2)
    who.opened = ledger.counts()
    publish(ledger, OWN, 2)
    got(ledger, who, OWN, 5, 6)
    assert wrong(judged(ledger, who)) == (0, 0, 0, 0)


def test_a_new_client_that_got_something_earlier_has_to_have_all_from_there() -> None:
    ledger = Ledger()
    publish(ledger, OWN, 2)
    who = witness(ledger, opened=False)
    publish(ledger, OWN, 3)
    who.opened = ledger.counts()
    publish(ledger, OWN, 1)
    got(ledger, who, OWN, 3, 5, 6)
    assert wrong(judged(ledger, who)) == (1, 0, 0, 0)


def test_nothing_from_before_its_time_is_for_a_new_client() -> None:
    ledger = Ledger()
    publish(ledger, OWN, 2)
    who = witness(ledger)
    got(ledger, who, OWN, 2)
    assert wrong(judged(ledger, who)) == (0, 0, 0, 1)


def test_a_replaced_client_is_due_what_came_before_the_last_that_it_got() -> None:
    ledger = Ledger()
    ledger.enter("ann", HALL)
    who = witness(ledger)
    publish(ledger, HALL, 1)
    publish(ledger, OWN, 2)
    publish(ledger, HALL, 3)
    who.replaced = True
    got(ledger, who, OWN, 1, 2)
    assert wrong(judged(ledger, who)) == (1, 0, 0, 0)
    got(ledger, who, HALL, 1)
    assert wrong(judged(ledger, who)) == (0, 0, 0, 0)


def test_what_has_to_be_waited_for() -> None:
    ledger = Ledger()
    publish(ledger, OWN, 2)
    publish(ledger, HALL, 3)
    ledger.enter("ann", HALL)
    ledger.leave("ann", HALL)
    assert last_due(ledger, "ann") == {OWN: 2, GLOBAL: 0, HALL: 0}
    ledger.enter("ann", HALL)
    publish(ledger, HALL, 1)
    ledger.leave("ann", HALL)
    publish(ledger, HALL, 1)
    assert last_due(ledger, "ann")[HALL] == 4

"""One followed stream: gaps, repeats, other lives, forks."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dualwire.engines.redis.codec import Told, decode, encode
from dualwire.engines.redis.follower import Follower, Meeting, Part
from dualwire.types import Body, Event, Membership, Position, Subscribed, Unsubscribed

ONE, TWO, THREE = "1" * 20, "2" * 20, "3" * 20


def item(offset: int, text: str = "") -> bytes:
    return b"%d e%b" % (offset * 1000, (text or str(offset)).encode())


def told(offset: int, epoch: str = ONE, body: Body | None = None) -> Told:
    return Told(epoch, offset, offset * 1000, encode(body or Event(payload=b"%d" % offset)))


def part(last: int, first: int = 1, epoch: str = ONE, text: str = "") -> Part:
    items = [item(offset, text) for offset in range(first, last + 1)]
    return Part(Position(epoch, last), first, items, {}, None)


def follower(last: int = 0, first: int = 1) -> Follower:
    made = Follower("room:hall", max_age=None, max_events=100, max_bytes=10_000)
    made.replace(part(last, first), lambda at: at / 1000)
    return made


def take_all(of: Follower) -> list[int]:
    taken = []
    while (due := of.upcoming()) is not None:
        taken.append(of.take(decode(due[1]), due[0] / 1000).offset)
    return taken


def test_what_comes_in_order_is_due_at_once() -> None:
    stream = follower(2)
    assert stream.told(told(3))
    assert take_all(stream) == [3]
    assert not stream.told(told(3)), "known"
    assert not stream.told(told(1)), "known"
    assert not stream.misses


def test_what_comes_too_early_waits() -> None:
    stream = follower(2)
    assert stream.told(told(5))
    assert stream.told(told(4))
    assert take_all(stream) == []
    assert stream.misses
    stream.told(told(3))
    assert take_all(stream) == [3, 4, 5]
    assert not stream.misses


@given(st.permutations(range(1, 9)), st.lists(st.integers(1, 8)))
def test_any_order_with_repeats_gives_each_once(order: list[int], repeats: list[int]) -> None:
    stream, taken = follower(), []
    for offset in (*order, *repeats):
        stream.told(told(offset))
        taken += take_all(stream)
    assert taken == list(range(1, 9))
    assert [entry.offset for entry in stream.log.after(0)] == taken


def test_before_it_is_loaded_everything_waits() -> None:
    stream = Follower("room:hall", max_age=None, max_events=100, max_bytes=10_000)
    for offset in (3, 4):
        stream.told(told(offset))
    assert take_all(stream) == []
    assert stream.meet(stream.question(), part(3)) is Meeting.ANEW
    stream.replace(part(3), lambda at: at / 1000)
    assert take_all(stream) == [4], "3 was in the log already"


def test_what_is_fetched_fills_the_gap() -> None:
    stream = follower(2)
    stream.told(told(5))
    question = stream.question()
    assert question.after == 1, "with one that is known"
    assert stream.meet(question, part(5, first=2)) is Meeting.FILLED
    assert take_all(stream) == [3, 4, 5]


def test_an_answer_that_comes_late_is_no_contradiction() -> None:
    stream = follower(2)
    question = stream.question()
    for offset in (3, 4):
        stream.told(told(offset))
    take_all(stream)
    assert stream.meet(question, part(3, first=2)) is Meeting.FILLED
    assert stream.log.offset == 4


def test_a_larger_epoch_replaces_and_a_smaller_is_nothing() -> None:
    stream = follower(2)
    assert stream.told(told(1, TWO))
    assert stream.begins_anew
    assert take_all(stream) == []
    assert not stream.told(told(3, ONE)), "that life is over"
    assert stream.meet(stream.question(), part(1, epoch=TWO)) is Meeting.ANEW
    stream.replace(part(1, epoch=TWO), lambda at: at / 1000)
    assert (stream.log.position, stream.misses) == ((TWO, 1), False)
    stream.told(told(2, TWO))
    assert take_all(stream) == [2]


def test_the_news_of_a_new_life_is_enough() -> None:
    stream = follower(2)
    assert stream.told(Told(TWO, 0, 0, b""))
    assert stream.begins_anew
    stream.told(told(1, THREE))
    stream.replace(part(0, epoch=TWO), lambda at: at / 1000)
    assert stream.begins_anew, "an even later one was told of meanwhile"


def test_a_log_that_stands_behind_lost_its_end() -> None:
    stream = follower(5)
    assert stream.meet(stream.question(), part(3)) is Meeting.FORKED


def test_a_log_with_another_entry_at_our_tail_went_on_differently() -> None:
    stream = follower(5)
    assert stream.meet(stream.question(), part(7, first=5)) is Meeting.FILLED
    stream = follower(5)
    assert stream.meet(stream.question(), part(7, first=5, text="other")) is Meeting.FORKED


def test_history_that_does_not_reach_back_is_a_gap_that_is_told() -> None:
    stream = follower(5)
    assert stream.meet(stream.question(), part(9, first=8)) is Meeting.ANEW
    stream.replace(part(9, first=8), lambda at: at / 1000)
    assert (stream.log.first, stream.log.offset) == (8, 9)
    stream = follower(5)
    assert stream.meet(stream.question(), part(9, first=10)) is Meeting.ANEW, "nothing is kept"


def test_a_log_that_was_trimmed_up_to_our_tail_is_whole() -> None:
    stream = follower(5)
    assert stream.meet(stream.question(), part(5, first=6)) is Meeting.FILLED
    assert stream.meet(stream.question(), part(7, first=6)) is Meeting.FILLED
    assert take_all(stream) == [6, 7]


def test_memberships_move_with_the_log() -> None:
    stream = Follower("player:eva", max_age=None, max_events=100, max_bytes=10_000)
    yard = Membership("room:yard", Position(ONE, 1))
    stream.replace(Part(Position(ONE, 0), 1, [], {"room:yard": yard}, "s"), lambda at: at / 1000)
    here = Position(TWO, 4)
    stream.told(told(1, body=Subscribed(stream="room:hall", position=here)))
    take_all(stream)
    assert set(stream.rooms) == {"room:yard", "room:hall"}
    assert stream.rooms["room:hall"].start == here
    stream.told(told(2, body=Unsubscribed(stream="room:yard", start=here, until=here)))
    take_all(stream)
    assert set(stream.rooms) == {"room:hall"}
    assert stream.session == "s"

"""A stream's log against a list."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from dualwire.core.stream import StreamLog, new_epoch
from dualwire.types import Entry, Event, Position

OVERHEAD = 160


def made(
    *, max_age: float | None = None, max_events: int = 100, max_bytes: int = 10**6
) -> StreamLog:
    return StreamLog("e", max_age=max_age, max_events=max_events, max_bytes=max_bytes)


def event(size: int = 1) -> Event:
    return Event(payload=b"x" * size)


def filled(count: int, **options: int) -> StreamLog:
    log = made(**options)
    for n in range(1, count + 1):
        log.append(event(), now=float(n)).n = n * 10
    return log


def test_an_empty_log() -> None:
    log = made()
    assert (log.position, log.first, len(log), log.bytes) == (Position("e", 0), 1, 0, 0)
    assert log.at(0) is None
    assert log.at(1) is None
    assert log.after(0) == []
    assert log.offset_at(5) == 0


def test_offsets_begin_at_one() -> None:
    assert [entry.offset for entry in filled(3).after(0)] == [1, 2, 3]


def test_after_leaves_out_what_was_seen() -> None:
    log = filled(5)
    assert [entry.offset for entry in log.after(2)] == [3, 4, 5]
    assert [entry.offset for entry in log.after(2, 2)] == [3, 4]
    assert log.after(5) == []
    assert log.after(50) == []


def test_after_a_trimmed_offset_begins_with_what_is_kept() -> None:
    log = filled(5, max_events=2)
    assert [entry.offset for entry in log.after(0, 1)] == [4]


def test_offset_at_a_number() -> None:
    log = filled(3)
    assert [log.offset_at(n) for n in (0, 9, 10, 11, 29, 30, 99)] == [0, 0, 1, 1, 2, 3, 3]


def test_offset_at_a_number_that_was_trimmed() -> None:
    log = filled(5, max_events=2)
    assert log.trimmed_n == 30
    assert [log.offset_at(n) for n in (5, 30, 40, 50)] == [3, 3, 4, 5]


def test_bytes_are_bounded_too() -> None:
    log = filled(10, max_bytes=3 * (OVERHEAD + 1))
    assert len(log) == 3
    assert log.bytes == 3 * (OVERHEAD + 1)


def test_the_newest_entry_is_kept_whatever_its_size() -> None:
    log = made(max_bytes=10)
    log.append(event(1000), 0.0)
    log.append(event(2000), 0.0)
    assert [entry.offset for entry in log.after(0)] == [2]


def test_age_is_trimmed_at_its_limit() -> None:
    log = made(max_age=10.0)
    log.append(event(), 1.0)
    log.append(event(), 2.0)
    assert log.expire(10.999) == 0
    assert log.expire(11.0) == 1
    assert log.expire(100.0) == 1
    assert (log.first, log.position.offset) == (3, 2)


def test_without_an_age_nothing_expires() -> None:
    log = filled(3)
    assert log.expire(1e9) == 0


def test_clearing_keeps_the_position() -> None:
    log = filled(3)
    log.clear()
    assert (len(log), log.bytes, log.first, log.position.offset) == (0, 0, 4, 3)
    assert log.append(event(), 9.0).offset == 4
    assert log.trimmed_n == 30


class LogMachine(RuleBasedStateMachine):
    """The log does what a list with the same bounds does."""

    AGE, EVENTS, BYTES = 5.0, 6, 5 * OVERHEAD + 60

    def __init__(self) -> None:
        super().__init__()
        self.log = made(max_age=self.AGE, max_events=self.EVENTS, max_bytes=self.BYTES)
        self.kept: list[Entry] = []
        self.count = 0
        self.now = 0.0

    @rule(size=st.integers(0, 300), wait=st.sampled_from((0.0, 0.5, 3.0)))
    def append(self, size: int, wait: float) -> None:
        self.now += wait
        entry = self.log.append(event(size), self.now)
        self.count += 1
        entry.n = self.count
        assert entry.offset == self.count
        self.kept.append(entry)
        while len(self.kept) > 1 and (
            len(self.kept) > self.EVENTS or sum(each.size for each in self.kept) > self.BYTES
        ):
            del self.kept[0]

    @rule(wait=st.sampled_from((0.0, 2.0, 6.0)))
    def expire(self, wait: float) -> None:
        self.now += wait
        old = [each for each in self.kept if self.now - each.at >= self.AGE]
        assert self.log.expire(self.now) == len(old)
        self.kept = self.kept[len(old) :]

    @rule()
    def clear(self) -> None:
        self.log.clear()
        self.kept.clear()

    @rule(offset=st.integers(0, 60), limit=st.none() | st.integers(0, 5))
    def read(self, offset: int, limit: int | None) -> None:
        wanted = [each for each in self.kept if each.offset > offset]
        assert self.log.after(offset, limit) == wanted[:limit]

    @rule(offset=st.integers(-5, 60))
    def look(self, offset: int) -> None:
        found = [each for each in self.kept if each.offset == offset]
        assert self.log.at(offset) is (found[0] if found else None)

    @rule(n=st.integers(0, 60))
    def find_number(self, n: int) -> None:
        older = [each.offset for each in self.kept if each.n <= n]
        assert self.log.offset_at(n) == (older[-1] if older else self.log.first - 1)

    @invariant()
    def agrees(self) -> None:
        assert len(self.log) == len(self.kept)
        assert self.log.offset == self.count
        assert self.log.first == (self.kept[0].offset if self.kept else self.count + 1)
        assert self.log.bytes == sum(each.size for each in self.kept)
        assert self.log.trimmed_n == self.log.first - 1


TestLogMachine = LogMachine.TestCase


@given(
    wall=st.floats(0, 4e9),
    later=st.floats(-4e9, 4e9),
    bits=st.integers(0, 2**32 - 1),
    others=st.integers(0, 2**32 - 1),
)
def test_epochs_are_ordered_whatever_the_clock_does(
    wall: float, later: float, bits: int, others: int
) -> None:
    first = new_epoch(wall, bits)
    second = new_epoch(max(0.0, wall + later), others, after=first)
    assert second > first
    assert len(first) == len(second) == 20
    assert int(first, 16) >= 0


@pytest.mark.parametrize(("wall", "epoch"), [(0.0, "0" * 20), (1.0, "0000000003e800000000")])
def test_an_epoch_is_milliseconds_and_chance(wall: float, epoch: str) -> None:
    assert new_epoch(wall, 0) == epoch

"""Seeded defects, and what catches each: the state machine, a golden trace, or both."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from dualwire.core.merge import Merge
from dualwire.core.merge.accounts import Account, Carrier, Track
from dualwire.core.merge.frames import HelloFrame, LostFrame, SkipFrame
from dualwire.core.merge.ledger import Ledger
from dualwire.types import JSONObject, Loss, Position

from .merge_machine import MergeMachine
from .merge_model import ROOMS, Line, ModelServer
from .test_vectors import play, vectors

SEARCH = settings(
    max_examples=600,
    stateful_step_count=40,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)


# The receiver


class SkipOvershoots(Merge):
    """Skip moves ``next`` one too far."""

    def _skip(self, connection: Carrier, read: SkipFrame, now: float) -> None:
        super()._skip(connection, read._replace(last=read.last + 1), now)


class AppliesStaleLost(Merge):
    """A loss that the connection told before counts again."""

    def _lost(self, connection: Carrier, read: LostFrame, now: float) -> None:
        track = self._tracks.get(read.stream)
        if track is not None and read.last < track.next:
            self._ledger.tell_gap(read.stream, track, track.next + 1, read.reason)
        super()._lost(connection, read, now)


class BelievesEveryHello(Merge):
    """Whatever a hello names becomes the place of the stream, at once."""

    def _hello(self, connection: Carrier, read: HelloFrame, now: float) -> None:
        super()._hello(connection, read, now)
        for stream, at in read.streams.items():
            if stream in self._tracks:
                self._tracks[stream].next = at.offset + 1


class NothingKeptAfterLeaving(Merge):
    """A room's position is forgotten with the room, though events beyond the leaving came."""

    def _take(self, connection: Carrier, read: Any, now: float) -> None:
        super()._take(connection, read, now)
        self._ledger._left.clear()


class HeldOutOfOrder(Merge):
    """What was held is released newest first."""

    def _settle(self, now: float) -> None:
        for connection in self._connections.values():
            if not connection.ahead:
                connection.held.reverse()
        super()._settle(now)


class DropsWhatItHeld(Merge):
    """A connection that stands still forgets what it was given meanwhile."""

    def _hold(self, connection: Carrier, read: Any, size: int, now: float) -> None:
        if type(read) is HelloFrame:
            super()._hold(connection, read, size, now)


class ForgetsWhenAllEnd(Merge):
    """After the last connection, the next hello begins anew: events come twice."""

    def disconnected(self, connection_id: str, now: float) -> Any:
        items = super().disconnected(connection_id, now)
        if not self._connections:
            for track in self._tracks.values():
                track.next = max(1, track.next - 1)
        return items


# The ledger


def flip_flop(
    ledger: Ledger, connection: Carrier, stream: str, account: Account, now: float
) -> None:
    """Any other epoch replaces the stream's, also a smaller one."""
    track = ledger.tracks.get(stream)
    if track is not None and account.epoch != track.epoch:
        ledger.renew(stream, track, account)
    _compare(ledger, connection, stream, account, now)


def gap_told_twice(ledger: Ledger, stream: str, track: Track, upcoming: int, reason: str) -> None:
    """``next`` stays where it is, the first time."""
    wanted = track.next
    _tell_gap(ledger, stream, track, upcoming, reason)
    if ledger.gaps % 2:
        track.next = wanted


def room_starts_at_from(ledger: Ledger, stream: str, begin: Track) -> None:
    """Off by one: ``from`` is taken for the first offset, it is the last one before."""
    _open(ledger, stream, Track(begin.epoch, max(1, begin.next - 1), begin.since))


def nobody_waits(ledger: Ledger, stream: str, now: float, *, over: bool = False) -> None:
    """A loss on one connection is told at once, though the other one could fill it."""
    _judge(ledger, stream, now, over=True)


def everybody_is_current(ledger: Ledger, connection: Carrier, track: Track) -> bool:
    """A connection in an earlier membership is taken for one that lost what lies between."""
    return True


_compare, _tell_gap, _open, _judge = Ledger.compare, Ledger.tell_gap, Ledger.open, Ledger.judge


# The server


class MovesAtTheCall(ModelServer):
    """Membership changes when the application says so, not when the connection writes it."""

    def frame(self, line: Line) -> JSONObject | None:
        now_in = self.rooms.rooms_of("ann")
        for room in ROOMS:
            if room not in now_in:
                line.place.positions.pop(room, None)
        return super().frame(line)


class FromIsOffByOne(ModelServer):
    """``from`` names the first offset that follows; it must name the one before."""

    def frame(self, line: Line) -> JSONObject | None:
        frame = super().frame(line)
        if frame is not None and frame["type"] == "subscribed":
            frame["from"] += 1
        return frame


class TrimsUnsaid(ModelServer):
    """Lost offsets are passed over in silence, and nothing follows that would show it."""

    def _lost(self, line: Line, loss: Loss) -> JSONObject:
        frame = super()._lost(line, loss)
        return {**frame, "type": "skip"} if frame["type"] == "lost" else frame


class LossHidesRooms(ModelServer):
    """A loss in the player's stream does not tell which rooms the connection carries now."""

    def _lost(self, line: Line, loss: Loss) -> JSONObject:
        frame = super()._lost(line, loss)
        frame.pop("streams", None)
        return frame


class ReadsFromBeforeEntering(ModelServer):
    """A connection is read a room from before the player came in."""

    def frame(self, line: Line) -> JSONObject | None:
        frame = super().frame(line)
        if frame is not None and frame["type"] == "subscribed" and frame["from"]:
            room = frame["room"]
            frame["from"] -= 1
            at = line.place.positions[room]
            if self.logs[room].epoch == at.epoch and self.logs[room].at(at.offset) is not None:
                line.place.positions[room] = Position(at.epoch, at.offset - 1)
        return frame


# Who catches them


def search(merge: type[Merge] = Merge, server: type[ModelServer] = ModelServer) -> None:
    machine = type("Seeded", (MergeMachine,), {"merge_type": merge, "server_type": server})
    run_state_machine_as_test(machine, settings=SEARCH)


def failing_vectors(merge: type[Merge] = Merge) -> set[str]:
    failed: set[str] = set()
    for vector in vectors():
        try:
            play(vector, merge)
        except AssertionError:
            failed.add(f"{vector['file']}: {vector['name']}")
    return failed


@pytest.mark.parametrize(
    "defect",
    [
        SkipOvershoots,
        AppliesStaleLost,
        BelievesEveryHello,
        HeldOutOfOrder,
        DropsWhatItHeld,
        ForgetsWhenAllEnd,
    ],
)
def test_the_machine_catches_a_receiver(defect: type[Merge]) -> None:
    with pytest.raises(AssertionError):
        search(merge=defect)


@pytest.mark.parametrize(
    "defect", [MovesAtTheCall, FromIsOffByOne, TrimsUnsaid, LossHidesRooms, ReadsFromBeforeEntering]
)
def test_the_machine_catches_a_server(defect: type[ModelServer]) -> None:
    with pytest.raises(AssertionError):
        search(server=defect)


@pytest.mark.parametrize(
    ("name", "defect"), [("tell_gap", gap_told_twice), ("open", room_starts_at_from)]
)
def test_the_machine_catches_a_rule(
    name: str, defect: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Ledger, name, defect)
    with pytest.raises(AssertionError):
        search()


@pytest.mark.parametrize(
    ("defect", "vector"),
    [
        (SkipOvershoots, "skip: skip that overlaps next"),
        (AppliesStaleLost, "lost: stale lost"),
        (BelievesEveryHello, "duplicates: after a reconnect"),
        (NothingKeptAfterLeaving, "rooms: events beyond the leaving are not handed on twice"),
        (HeldOutOfOrder, "lost: lost on one, filled by the other"),
        (DropsWhatItHeld, "lost: lost on one, filled by the other"),
        (ForgetsWhenAllEnd, "rooms: down in the middle of a room change"),
    ],
)
def test_a_golden_trace_catches_a_receiver(defect: type[Merge], vector: str) -> None:
    assert vector in failing_vectors(defect)


@pytest.mark.parametrize(
    ("name", "defect", "vector"),
    [
        ("compare", flip_flop, "epoch: a smaller epoch afterwards"),
        ("tell_gap", gap_told_twice, "lost: a gap is told once"),
        ("open", room_starts_at_from, "rooms: the order of a walk"),
        ("judge", nobody_waits, "lost: lost on one, filled by the other"),
        ("is_current", everybody_is_current, "rooms: beyond next in an earlier membership"),
    ],
)
def test_a_golden_trace_catches_a_rule(
    name: str, defect: Callable[..., Any], vector: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Ledger, name, defect)
    assert vector in failing_vectors()


def test_without_a_defect_nothing_fails() -> None:
    assert failing_vectors() == set()
